import { X } from "lucide-react";
import { dismissToast, toasts } from "../lib/toasts";
import { useStore } from "../lib/store";
import { strings } from "../strings";

export function Toasts() {
  const list = useStore(toasts);
  return (
    <div className="toasts" role="status" aria-live="polite">
      {list.map((toast) => (
        <div key={toast.id} className="toast">
          <span className="toast__text">{toast.text}</span>
          {toast.action ? (
            <>
              <button
                type="button"
                className="toast__action"
                onClick={() => {
                  toast.action?.run();
                  dismissToast(toast.id);
                }}
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
