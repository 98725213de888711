import { createContext, useContext, useSyncExternalStore } from "react";
import type { Chapter, Speaker, Transcript, VideoDetail } from "../../api/types";
import type { PlayerStore } from "./player-store";
import { hasAddress } from "./stream";

/** What every part of the video page shares. */
export interface VideoContextValue {
  video: VideoDetail;
  player: PlayerStore;
  transcript: Transcript | undefined;
  speakers: ReadonlyMap<string, Speaker>;
  chapters: Chapter[];
}

export const VideoContext = createContext<VideoContextValue | null>(null);

export function useVideo(): VideoContextValue {
  const value = useContext(VideoContext);
  if (!value) throw new Error("useVideo is used outside the video page");
  return value;
}

/** Whether what is reached is marked. Without a recording nothing plays, and only who has sought a second is anywhere. */
export function useMarksReached(): boolean {
  const { video, player } = useVideo();
  const sought = useSyncExternalStore(player.subscribeState, () => player.state().sought);
  return hasAddress(video.playback) || sought;
}
