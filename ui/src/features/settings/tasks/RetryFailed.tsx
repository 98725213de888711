import { useMutation, useQueryClient } from "@tanstack/react-query";
import { RotateCw } from "lucide-react";
import { useState } from "react";
import type { AllPages } from "../../../api/pages";
import { keys } from "../../../api/queries";
import { failedTasks, retryTasks, type Retried } from "../../../api/tasks";
import type { Task } from "../../../api/types";
import { BusyButton } from "../../../components/BusyButton";
import { Confirm } from "../../../components/Confirm";
import { Dialog } from "../../../components/Dialog";
import { Scrolled } from "../../../components/Scrolled";
import { showToast } from "../../../lib/toasts";
import { strings } from "../../../strings";
import { sayWhy, tell } from "../../library/actions";
import { kindName } from "./words";

/** Starts again what failed, of one step or of all, and tells of each that was not started why. */
export function RetryFailed({ kind, isEmpty }: { kind: string | undefined; isEmpty: boolean }) {
  const client = useQueryClient();
  const [asked, setAsked] = useState<AllPages<Task> | null>(null);
  const [progress, setProgress] = useState<{ done: number; total: number }>();
  const [refused, setRefused] = useState<Retried["refused"]>([]);
  const renew = (): Promise<void> => client.invalidateQueries({ queryKey: keys.tasks });
  const read = useMutation({
    mutationFn: () => failedTasks({ kind }),
    onSuccess: (found) => {
      if (found.items.length > 0) setAsked(found);
      else {
        showToast(strings.tasks.noneFailed);
        void renew();
      }
    },
    onError: tell,
  });
  const retry = async ({ items, hasMore }: AllPages<Task>, stop: AbortSignal): Promise<void> => {
    const outcome = await retryTasks(items, (done) => setProgress({ done, total: items.length }), stop);
    if (outcome.count > 0) showToast(strings.tasks.retriedCount(outcome.count));
    setRefused((before) => [...before, ...outcome.refused]);
    void renew();
    if (outcome.error === null) return;
    // It can be gone on with from here.
    setAsked({ items: outcome.left, hasMore });
    throw outcome.error;
  };
  return (
    <>
      <BusyButton type="button" className="button" busy={isEmpty || read.isPending} onClick={() => read.mutate()}>
        <RotateCw size={16} aria-hidden />
        {strings.tasks.retryAll}
      </BusyButton>
      {asked ? (
        <Confirm
          title={strings.tasks.retryAllTitle(asked.items.length, kind === undefined ? undefined : kindName(kind))}
          text={asked.hasMore ? `${strings.tasks.retryAllText} ${strings.tasks.retryAllMore(asked.items.length)}` : strings.tasks.retryAllText}
          action={strings.tasks.retry}
          danger={false}
          progress={progress}
          onConfirm={(stop) => retry(asked, stop)}
          onClose={() => setAsked(null)}
        />
      ) : refused.length > 0 ? (
        <NotRetried refused={refused} onClose={() => setRefused([])} />
      ) : null}
    </>
  );
}

function NotRetried({ refused, onClose }: Pick<Retried, "refused"> & { onClose: () => void }) {
  const title = strings.tasks.notRetried(refused.length);
  return (
    <Dialog open onClose={onClose} title={title}>
      <Scrolled label={title} className="tasks__refused">
        <ul className="tasks__tries">
          {refused.map(({ task, error }) => (
            <li key={task.id} className="small">
              <span>
                {kindName(task.kind)}
                {task.subject_title === null ? null : <span className="faint"> · {task.subject_title}</span>}
              </span>
              <span className="soft">{sayWhy(error)}</span>
            </li>
          ))}
        </ul>
      </Scrolled>
      <div className="dialog__actions">
        <button type="button" className="button button--primary" onClick={onClose}>
          {strings.common.done}
        </button>
      </div>
    </Dialog>
  );
}
