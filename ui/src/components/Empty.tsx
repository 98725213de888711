import type { LucideIcon } from "lucide-react";
import type { ReactNode } from "react";

/** Says what would be here and offers the first step. */
export function Empty({
  icon: Icon,
  title,
  text,
  isPage = false,
  children,
}: {
  icon: LucideIcon;
  title: string;
  text?: string;
  /** Whether there is nothing else on the page, so that this is what it is called. */
  isPage?: boolean;
  children?: ReactNode;
}) {
  const Title = isPage ? "h1" : "h2";
  return (
    <div className="empty">
      <span className="empty__icon">
        <Icon size={20} aria-hidden />
      </span>
      <Title className="empty__title">{title}</Title>
      {text ? <p className="empty__text">{text}</p> : null}
      {children ? <div className="empty__actions">{children}</div> : null}
    </div>
  );
}
