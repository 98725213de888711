import { useMutation } from "@tanstack/react-query";
import { strings } from "../strings";
import { Dialog } from "./Dialog";
import { Problem } from "./Problem";

/** Asks before something that cannot be undone, by the name of what it is about; a refusal is shown where it was asked. */
export function Confirm({
  title,
  text,
  action,
  danger = true,
  onConfirm,
  onClose,
}: {
  title: string;
  text: string;
  action: string;
  danger?: boolean;
  onConfirm: () => Promise<unknown>;
  onClose: () => void;
}) {
  const confirm = useMutation({ mutationFn: onConfirm, onSuccess: onClose });
  return (
    <Dialog open onClose={onClose} title={title} description={text}>
      {confirm.isError ? <Problem error={confirm.error} /> : null}
      <div className="dialog__actions">
        <button type="button" className="button" onClick={onClose}>
          {strings.common.cancel}
        </button>
        <button
          type="button"
          className={`button ${danger ? "button--danger" : "button--primary"}`}
          disabled={confirm.isPending}
          onClick={() => confirm.mutate()}
        >
          {action}
        </button>
      </div>
    </Dialog>
  );
}
