import { useState } from "react";
import { Confirm } from "../../components/Confirm";
import { strings } from "../../strings";
import type { MediaActions } from "./actions";

/** Asks before these files are deleted for good, and tells how far that is. */
export function DeleteForGood({
  title,
  ids,
  keepsRecordings,
  actions,
  onDone,
  onClose,
}: {
  title: string;
  ids: readonly string[];
  /** Whether there are recordings beside them, which go for good with their videos when the time of both is over. */
  keepsRecordings: boolean;
  actions: MediaActions;
  onDone?: () => void;
  onClose: () => void;
}) {
  const [progress, setProgress] = useState<{ done: number; total: number }>();
  const total = ids.length;
  const text = strings.media.forGoodText(total);
  const onProgress = (done: number): void => setProgress({ done, total });
  return (
    <Confirm
      title={title}
      text={keepsRecordings ? `${text} ${strings.media.forGoodRecordings}` : text}
      action={strings.media.deleteForGood}
      progress={progress}
      onConfirm={async (stop) => {
        if (total > 1) onProgress(0);
        await actions.deleteForGood(ids, { onProgress: total > 1 ? onProgress : undefined, stop });
        if (!stop.aborted) onDone?.();
      }}
      onClose={onClose}
    />
  );
}
