import { useMutation, useQueryClient, type QueryClient } from "@tanstack/react-query";
import { useMemo } from "react";
import { dropAssets, findAsset, mediaCommands, renewMedia, type Lengthy } from "../../api/media";
import { keys } from "../../api/queries";
import type { Asset, AssetChanges, BatchAction, BatchItem } from "../../api/types";
import { showToast } from "../../lib/toasts";
import { strings } from "../../strings";
import { tell } from "../library/actions";

export interface MediaActions {
  /** Puts them into the bin; for ten seconds that can be undone. */
  remove: (ids: readonly string[]) => Promise<void>;
  restore: (ids: readonly string[]) => Promise<void>;
  /** For ten seconds that can be undone, too. */
  move: (ids: readonly string[], folderId: string | null, where: string) => Promise<void>;
  copy: (ids: readonly string[], folderId: string | null, where: string) => Promise<void>;
  /** Throws what the server refuses, for whoever asked before; what went until then is gone. */
  deleteForGood: (ids: readonly string[], lengthy?: Lengthy) => Promise<void>;
}

/** Whether it can be deleted for good by itself. A recording goes with its video, when the time of both is over. */
export const isRemovable = ({ video_id }: Pick<Asset, "video_id">): boolean => video_id === null;

export function useMediaActions(): MediaActions {
  const client = useQueryClient();
  return useMemo(() => {
    const restore = (ids: readonly string[]): Promise<void> =>
      act(client, "restore", ids, undefined, (done) => showToast(strings.media.restored(done.length)));
    return {
      restore,
      remove: (ids) => {
        // By then the lists know nothing of them any more.
        const recordings = recordingsOf(client, ids);
        return act(client, "delete", ids, undefined, (done) =>
          showToast(deletedText(done, recordings), { label: strings.common.undo, run: () => void restore(done) }),
        );
      },
      move: (ids, folderId, where) => {
        // By then the lists know only where they are.
        const from = new Map(ids.flatMap((id) => findAsset(client, id) ?? []).map((asset) => [asset.id, asset.folder_id]));
        return act(client, "move", ids, folderId, (done) => {
          const ways = waysBack(done, from, folderId);
          const undo = { label: strings.common.undo, run: () => void moveBack(client, ways) };
          showToast(strings.media.moved(done.length, where), ways.size > 0 ? undo : undefined);
        });
      },
      copy: (ids, folderId, where) =>
        act(client, "copy", ids, folderId, (done) => showToast(strings.media.copied(done.length, where))),
      deleteForGood: async (ids, lengthy) => {
        const { done, error } = await mediaCommands.deleteForGood(ids, lengthy);
        for (const id of done) client.removeQueries({ queryKey: keys.asset(id) });
        dropAssets(client, done);
        renewMedia(client);
        if (done.length > 0) showToast(strings.media.gone(done.length));
        if (error !== null) throw error;
      },
    };
  }, [client]);
}

/** Changes an asset, and shows what the server made of it. */
export function useChangeAsset(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (changes: AssetChanges) => mediaCommands.changeAsset(id, changes),
    onSuccess: (asset) => {
      client.setQueryData(keys.asset(id), asset);
      renewMedia(client);
    },
  });
}

/** Which of them go to which folder when they go back to where they were; those that did not move, or of which that is not known, stay. */
export function waysBack(
  ids: readonly string[],
  from: ReadonlyMap<string, string | null>,
  to: string | null,
): Map<string | null, string[]> {
  const ways = new Map<string | null, string[]>();
  for (const id of ids) {
    const folder = from.get(id);
    if (folder === undefined || folder === to) continue;
    ways.set(folder, [...(ways.get(folder) ?? []), id]);
  }
  return ways;
}

async function moveBack(client: QueryClient, ways: ReadonlyMap<string | null, readonly string[]>): Promise<void> {
  let count = 0;
  for (const [folder, ids] of ways) await act(client, "move", ids, folder, (done) => (count += done.length));
  if (count > 0) showToast(strings.media.movedBack(count));
}

/** Names of those whose recordings are deleted along with them, as far as the lists know. */
function recordingsOf(client: QueryClient, ids: readonly string[]): Map<string, string> {
  const known = ids.flatMap((id) => findAsset(client, id) ?? []);
  return new Map(known.filter(({ video_id }) => video_id !== null).map(({ id, filename }) => [id, filename]));
}

function deletedText(ids: readonly string[], recordings: ReadonlyMap<string, string>): string {
  const [name] = ids.flatMap((id) => recordings.get(id) ?? []);
  if (name === undefined) return strings.media.deleted(ids.length);
  return ids.length === 1 ? strings.media.deletedRecording(name) : strings.media.deletedRecordings(ids.length);
}

async function act(
  client: QueryClient,
  action: BatchAction,
  ids: readonly string[],
  folderId: string | null | undefined,
  onDone: (ids: string[]) => void,
): Promise<void> {
  if (ids.length === 0) return;
  if (action === "delete" || action === "restore") dropAssets(client, ids);
  const { done: outcome, error } = await mediaCommands.batch(action, ids, folderId);
  const done = outcome.filter((item) => item.status < 300).map((item) => item.id);
  if (done.length > 0) onDone(done);
  tellRefused(outcome);
  if (error !== null) tell(error);
  renewMedia(client);
  void client.invalidateQueries({ queryKey: keys.videos });
  for (const id of ids) void client.invalidateQueries({ queryKey: keys.asset(id) });
}

function tellRefused(outcome: readonly BatchItem[]): void {
  const refused = outcome.filter((item) => item.status >= 300);
  if (refused.length > 0) showToast(strings.media.refused(refused.length, refused[0]?.message ?? ""));
}
