import { Tooltip } from "radix-ui";
import type { ReactElement } from "react";

/** A tooltip over one control; the control keeps its own accessible name. */
export function Tip({
  text,
  shortcut,
  side = "bottom",
  container,
  children,
}: {
  text: string;
  shortcut?: string | undefined;
  side?: "top" | "bottom" | "left" | "right";
  container?: HTMLElement | null | undefined;
  children: ReactElement;
}) {
  return (
    <Tooltip.Root>
      <Tooltip.Trigger asChild>{children}</Tooltip.Trigger>
      <Tooltip.Portal container={container}>
        <Tooltip.Content className="tooltip" side={side} sideOffset={6} collisionPadding={8}>
          {text}
          {shortcut ? <kbd className="kbd">{shortcut}</kbd> : null}
        </Tooltip.Content>
      </Tooltip.Portal>
    </Tooltip.Root>
  );
}
