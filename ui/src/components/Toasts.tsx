import { X } from "lucide-react";
import { outdated } from "../lib/outdated";
import { chooseAction, dismissToast, toasts } from "../lib/toasts";
import { useStore } from "../lib/store";
import { strings } from "../strings";

export function Toasts() {
  const list = useStore(toasts);
  const isOutdated = useStore(outdated);
  return (
    <div className="toasts" role="status" aria-live="polite">
      {isOutdated ? (
        <div className="toast">
          <span className="toast__text">{strings.errors.outdated}</span>
          <button type="button" className="toast__action" onClick={() => location.reload()}>
            {strings.errors.reload}
          </button>
          <button type="button" className="toast__action" aria-label={strings.common.dismiss} onClick={() => outdated.set(false)}>
            <X size={16} aria-hidden />
          </button>
        </div>
      ) : null}
      {list.map((toast) => (
        <div key={toast.id} className="toast">
          <span className="toast__text">{toast.text}</span>
          {toast.action ? (
            <>
              <button
                type="button"
                className="toast__action"
                onClick={() => chooseAction(toast.id)}
              >
                {toast.action.label}
              </button>
              <span className="toast__timer" aria-hidden />
            </>
          ) : (
            <button
              type="button"
              className="toast__action"
              aria-label={strings.common.dismiss}
              onClick={() => dismissToast(toast.id)}
            >
              <X size={16} aria-hidden />
            </button>
          )}
        </div>
      ))}
    </div>
  );
}
