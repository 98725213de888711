import { CircleAlert } from "lucide-react";
import type { ReactNode } from "react";

/** Says what is wrong as soon as it is, and below that why, and what can be done. */
export function AlertNotice({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="notice notice--bad" role="alert">
      <p className="notice__title">
        <CircleAlert size={16} aria-hidden />
        {title}
      </p>
      {children}
    </div>
  );
}
