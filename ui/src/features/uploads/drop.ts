import { useEffect, useState } from "react";
import { addFiles, type Chosen } from "./manager";

type HandleItem = DataTransferItem & { getAsFileSystemHandle?: () => Promise<FileSystemHandle | null> };

/** Accepts files dropped anywhere in the window while it is enabled; true while files hover over it. */
export function useUploadDrop(enabled: boolean): boolean {
  const [over, setOver] = useState(false);

  useEffect(() => {
    if (!enabled) return;
    let depth = 0;
    const hasFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes("Files") ?? false;
    const onEnter = (event: DragEvent): void => {
      if (!hasFiles(event)) return;
      depth += 1;
      setOver(true);
    };
    const onLeave = (event: DragEvent): void => {
      if (!hasFiles(event)) return;
      depth = Math.max(0, depth - 1);
      if (depth === 0) setOver(false);
    };
    const onOver = (event: DragEvent): void => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      if (event.dataTransfer) event.dataTransfer.dropEffect = "copy";
    };
    const onDrop = (event: DragEvent): void => {
      depth = 0;
      setOver(false);
      if (!hasFiles(event)) return;
      event.preventDefault();
      // The list empties as soon as this handler returns, so every item is asked before the first await.
      void Promise.all([...(event.dataTransfer?.items ?? [])].map(readItem)).then((chosen) =>
        addFiles(chosen.filter((item) => item !== null)),
      );
    };
    document.addEventListener("dragenter", onEnter);
    document.addEventListener("dragleave", onLeave);
    document.addEventListener("dragover", onOver);
    document.addEventListener("drop", onDrop);
    return () => {
      document.removeEventListener("dragenter", onEnter);
      document.removeEventListener("dragleave", onLeave);
      document.removeEventListener("dragover", onOver);
      document.removeEventListener("drop", onDrop);
    };
  }, [enabled]);

  return over;
}

function readItem(item: HandleItem): Promise<Chosen | null> {
  const file = item.kind === "file" ? item.getAsFile() : null;
  if (!file) return Promise.resolve(null);
  const handle = item.getAsFileSystemHandle?.() ?? Promise.resolve(null);
  return handle
    .then((found) => ({ file, handle: found?.kind === "file" ? (found as FileSystemFileHandle) : undefined }))
    .catch(() => ({ file }));
}
