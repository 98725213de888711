import "./toasts.css";
import { X } from "lucide-react";
import { useEffect, useRef } from "react";
import { outdated } from "../lib/outdated";
import { chooseAction, dismissToast, holdToasts, toasts } from "../lib/toasts";
import { useStore } from "../lib/store";
import { strings } from "../strings";

export function Toasts() {
  const list = useStore(toasts);
  const isOutdated = useStore(outdated);
  const region = useRef<HTMLDivElement>(null);
  // Whoever points at one or is about to press its button is not raced by the clock. One that goes takes the focus along
  // without a word, so that every change of the list is a reason to look.
  useEffect(() => {
    const element = region.current;
    if (!element) return;
    const hold = (): void => holdToasts(element.matches(":hover, :focus-within"));
    const reasons = ["pointerenter", "pointerleave", "focusin", "focusout"];
    hold();
    for (const reason of reasons) element.addEventListener(reason, hold);
    return () => {
      for (const reason of reasons) element.removeEventListener(reason, hold);
    };
  }, [list]);
  return (
    <div ref={region} className="toasts" role="status" aria-live="polite">
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
              <span className="toast__timer" style={{ animationDuration: `${toast.life_ms}ms` }} aria-hidden />
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
