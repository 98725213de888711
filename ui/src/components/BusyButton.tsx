import type { ComponentProps } from "react";

/**
 * A button that does nothing while what it began lasts, or once that left it nothing to do, and keeps the focus, which a
 * disabled one loses for good.
 */
export function BusyButton({ busy, onClick, ...rest }: ComponentProps<"button"> & { busy: boolean }) {
  return (
    <button
      {...rest}
      aria-disabled={busy || undefined}
      onClick={(event) => {
        // Also of a form that is sent from one of its fields.
        if (busy) event.preventDefault();
        else onClick?.(event);
      }}
    />
  );
}
