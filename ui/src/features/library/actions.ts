import { useQueryClient, type QueryClient } from "@tanstack/react-query";
import { useMemo } from "react";
import { isApiError } from "../../api/client";
import { commands, dropVideo, keys, patchVideo } from "../../api/queries";
import type { Video } from "../../api/types";
import { showToast } from "../../lib/toasts";
import { strings } from "../../strings";

export interface VideoActions {
  rename: (video: Video, title: string) => void;
  remove: (video: Video) => void;
  retry: (video: Video) => void;
}

/** What can be done to a recording from a card or its page; each shows its effect at once and takes it back when refused. */
export function useVideoActions(): VideoActions {
  const client = useQueryClient();
  return useMemo(
    () => ({
      rename: (video, title) => {
        patchVideo(client, video.id, { title });
        void commands.changeVideo(video.id, { title }).catch((error: unknown) => {
          patchVideo(client, video.id, { title: video.title });
          tell(error);
        });
      },
      remove: (video) => {
        dropVideo(client, video.id);
        void commands
          .deleteVideo(video.id)
          .then(() =>
            showToast(strings.library.deleted(video.title), {
              label: strings.common.undo,
              run: () => restore(client, video),
            }),
          )
          .catch((error: unknown) => {
            void client.invalidateQueries({ queryKey: keys.videos });
            tell(error);
          });
      },
      retry: (video) => {
        patchVideo(client, video.id, { status: "pending", stage: null, progress: 0, error: null });
        void commands
          .retryVideo(video.id)
          .catch(tell)
          .finally(() => refresh(client, video.id));
      },
    }),
    [client],
  );
}

function restore(client: QueryClient, video: Video): void {
  void commands
    .restoreVideo(video.id)
    .then(() => showToast(strings.library.restored(video.title)))
    .catch(tell)
    .finally(() => refresh(client, video.id));
}

function refresh(client: QueryClient, id: string): void {
  void client.invalidateQueries({ queryKey: keys.videos });
  void client.invalidateQueries({ queryKey: keys.video(id) });
}

export function tell(error: unknown): void {
  showToast(sayWhy(error));
}

/** What was refused and what to do next, in a line. */
export function sayWhy(error: unknown): string {
  if (!isApiError(error)) return strings.errors.title;
  const { title, detail, hint } = error.problem;
  return [detail || title, hint].filter(Boolean).join(" ");
}
