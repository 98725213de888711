import { useMutation } from "@tanstack/react-query";
import { strings } from "../strings";
import { BusyButton } from "./BusyButton";
import { Dialog } from "./Dialog";
import { Problem } from "./Problem";
import { Progress } from "./Progress";

/** Asks before something that cannot be undone, by the name of what it is about; a refusal is shown where it was asked. */
export function Confirm({
  title,
  text,
  action,
  danger = true,
  progress,
  onConfirm,
  onClose,
}: {
  title: string;
  text: string;
  action: string;
  danger?: boolean;
  /** How far it is, of what takes its time. */
  progress?: { done: number; total: number } | undefined;
  onConfirm: () => Promise<unknown>;
  onClose: () => void;
}) {
  const confirm = useMutation({ mutationFn: onConfirm, onSuccess: onClose });
  return (
    <Dialog open onClose={onClose} title={title} description={text}>
      {confirm.isError ? <Problem error={confirm.error} /> : null}
      {progress && confirm.isPending ? (
        <div className="field">
          <p className="small soft number">{strings.common.doneOf(progress.done, progress.total)}</p>
          <Progress label={action} value={progress.done} max={progress.total} />
        </div>
      ) : null}
      <div className="dialog__actions">
        <button type="button" className="button" onClick={onClose}>
          {strings.common.cancel}
        </button>
        <BusyButton
          type="button"
          className={`button ${danger ? "button--danger" : "button--primary"}`}
          busy={confirm.isPending}
          onClick={() => confirm.mutate()}
        >
          {action}
        </BusyButton>
      </div>
    </Dialog>
  );
}
