import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
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
  /** What takes its time ends early once it is told to stop, which closing this does. */
  onConfirm: (stop: AbortSignal) => Promise<unknown>;
  onClose: () => void;
}) {
  const [closed] = useState(() => new AbortController());
  const confirm = useMutation({
    mutationFn: () => onConfirm(closed.signal),
    onSuccess: () => {
      // Whoever closed it may have something else open by now.
      if (!closed.signal.aborted) onClose();
    },
  });
  const close = (): void => {
    closed.abort();
    onClose();
  };
  const runs = progress !== undefined && confirm.isPending;
  return (
    <Dialog open onClose={close} title={title} description={text}>
      {confirm.isError ? <Problem error={confirm.error} /> : null}
      {runs ? (
        <div className="field">
          <p className="small soft number">{strings.common.doneOf(progress.done, progress.total)}</p>
          <Progress label={action} value={progress.done} max={progress.total} />
        </div>
      ) : null}
      <div className="dialog__actions">
        <button type="button" className="button" onClick={close}>
          {runs ? strings.common.stop : strings.common.cancel}
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
