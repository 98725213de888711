import type { ReactNode } from "react";

/** What scrolls where it is too large for its place, so that the keyboard has to reach it. */
export function Scrolled({ label, className, children }: { label: string; className: string; children: ReactNode }) {
  return (
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div className={className} tabIndex={0} role="region" aria-label={label}>
      {children}
    </div>
  );
}
