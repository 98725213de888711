import { isUnderway } from "../../api/renditions";
import type { Task } from "../../api/types";
import { Progress } from "../../components/Progress";

interface Props {
  task: Task | undefined;
  /** What it does. */
  doing: string;
  /** What became of nothing, where it failed. */
  failed: string;
}

/** How far a task of a file is, or why it failed. */
export function HowFar({ task, doing, failed }: Props) {
  if (task?.status === "failed") {
    return (
      <p className="field__error" role="alert">
        {failed} {task.error_message}
      </p>
    );
  }
  if (task === undefined || !isUnderway(task)) return null;
  return (
    <div className="renditions__progress">
      <p className="small soft" role="status">
        {doing}
      </p>
      <Progress label={doing} value={task.progress} />
    </div>
  );
}
