import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { isUnderway } from "../../api/renditions";
import type { Task } from "../../api/types";

/**
 * Asks anew for what a task of an asset made once that is over, also where it was so quick that nobody saw it underway. `task` is undefined until
 * it is known, and null where there is none; `made` names the queries, and stays the same.
 */
export function useTaskOver(
  task: Task | null | undefined,
  assetId: string,
  made: (assetId: string) => readonly (readonly string[])[],
): void {
  const client = useQueryClient();
  const over = task === undefined ? undefined : overOf(task);
  // What was over before the page was opened is shown there already.
  const last = useRef(over);
  useEffect(() => {
    if (over === undefined) return;
    if (last.current !== undefined && over !== null && over !== last.current) {
      for (const queryKey of made(assetId)) void client.invalidateQueries({ queryKey });
    }
    last.current = over;
  }, [over, client, assetId, made]);
}

/** Which run of a task ended; `null` where none did. */
function overOf(task: Task | null): string | null {
  return task === null || isUnderway(task) ? null : `${task.id} ${task.finished_at ?? ""}`;
}
