import type { LucideIcon } from "lucide-react";
import type { ReactNode } from "react";

/** Says what would be here and offers the first step. */
export function Empty({
  icon: Icon,
  title,
  text,
  children,
}: {
  icon: LucideIcon;
  title: string;
  text?: string;
  children?: ReactNode;
}) {
  return (
    <div className="empty">
      <span className="empty__icon">
        <Icon size={20} aria-hidden />
      </span>
      <h2 className="empty__title">{title}</h2>
      {text ? <p className="empty__text">{text}</p> : null}
      {children ? <div className="empty__actions">{children}</div> : null}
    </div>
  );
}
