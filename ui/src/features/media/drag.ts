import { useState, type DragEvent } from "react";
import { strings } from "../../strings";

/** What a drag of files inside the page carries; other programs see nothing of it. */
const TYPE = "application/x-memoreel-assets";

export function beginDrag(event: DragEvent, ids: readonly string[]): void {
  event.dataTransfer.clearData();
  event.dataTransfer.setData(TYPE, JSON.stringify(ids));
  event.dataTransfer.effectAllowed = "move";
  if (ids.length > 1) showCount(event, ids.length);
}

/** By itself a browser shows the one that the pointer took, whatever goes along. */
function showCount(event: DragEvent, count: number): void {
  const badge = document.createElement("div");
  badge.className = "drag-count";
  badge.textContent = strings.media.dragged(count);
  document.body.append(badge);
  event.dataTransfer.setDragImage(badge, -12, -12);
  // The browser has taken its picture by then.
  setTimeout(() => badge.remove());
}

interface DropPlace {
  over: boolean;
  handlers: {
    onDragOver: (event: DragEvent) => void;
    onDragLeave: () => void;
    onDrop: (event: DragEvent) => void;
  };
}

/** A place that files of the page can be dropped on. */
export function useDropPlace(enabled: boolean, onIds: (ids: string[]) => void): DropPlace {
  const [over, setOver] = useState(false);
  return {
    over,
    handlers: {
      onDragOver: (event) => {
        if (!enabled || !event.dataTransfer.types.includes(TYPE)) return;
        event.preventDefault();
        event.dataTransfer.dropEffect = "move";
        setOver(true);
      },
      onDragLeave: () => setOver(false),
      onDrop: (event) => {
        setOver(false);
        const carried = enabled ? event.dataTransfer.getData(TYPE) : "";
        if (carried === "") return;
        event.preventDefault();
        onIds(readIds(carried));
      },
    },
  };
}

function readIds(carried: string): string[] {
  try {
    const value: unknown = JSON.parse(carried);
    return Array.isArray(value) ? value.filter((id) => typeof id === "string") : [];
  } catch {
    return [];
  }
}
