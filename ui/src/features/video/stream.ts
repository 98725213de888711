import type { VideoDetail } from "../../api/types";
import type { PlayerStore } from "./player-store";

/** Whether there is an address to play from yet; events tell of it before the addresses are there. */
export const hasAddress = ({ hls_url, file_url }: VideoDetail["playback"]): boolean => hls_url !== null || file_url !== null;

/**
 * Connects an HLS address to a media element, with hls.js where the browser has Media Source
 * Extensions and with the browser's own player otherwise (iPhone). Returns what disconnects it.
 */
export function connectStream(media: HTMLVideoElement, url: string, player: PlayerStore): () => void {
  let stopped = false;
  let disconnect: (() => void) | null = null;

  const start = ({ default: HlsPlayer }: typeof import("hls.js")): void => {
    if (stopped) return;
    if (!HlsPlayer.isSupported()) {
      disconnect = connectFile(media, url, player);
      return;
    }
    const stream = new HlsPlayer({ 
      // A recording that is still being encoded looks like a live stream, which would start at its end.
      startPosition: player.time_ms() / 1000,
      // Captions come with the page, which can search and correct them, and subtitles are listed and drawn like them.
      enableWebVTT: false,
      capLevelToPlayerSize: true,
      maxBufferLength: 30,
      backBufferLength: 60,
    });
    disconnect = () => {
      player.withdrawTracks();
      stream.destroy();
    };
    stream.on(HlsPlayer.Events.AUDIO_TRACKS_UPDATED, (_event, { audioTracks }) => {
      // Names are unique among the sounds of a stream (RFC 8216, section 4.3.4.1.1).
      const sounds = audioTracks.map(({ name, lang = null }) => ({ id: name, name, language: lang }));
      player.offerSounds(sounds, (id) => {
        stream.audioTrack = stream.audioTracks.findIndex(({ name }) => name === id);
      });
    });
    stream.on(HlsPlayer.Events.AUDIO_TRACK_SWITCHING, (_event, { name }) => player.hear(name));
    let recovered = false;
    stream.on(HlsPlayer.Events.ERROR, (_event, data) => {
      if (!data.fatal) return;
      if (data.type === HlsPlayer.ErrorTypes.MEDIA_ERROR && !recovered) {
        recovered = true;
        stream.recoverMediaError();
        return;
      }
      player.fail(true);
    });
    stream.loadSource(url);
    stream.attachMedia(media);
  };
  import("hls.js").then(start, () => {
    if (!stopped) player.fail(true);
  });

  return () => {
    stopped = true;
    disconnect?.();
  };
}

/** Gives a media element an address that the browser plays by itself. Returns what disconnects it. */
export function connectFile(media: HTMLVideoElement, url: string, player: PlayerStore): () => void {
  const onError = (): void => player.fail(true);
  const start_ms = player.time_ms();
  media.addEventListener("error", onError);
  media.src = url;
  if (start_ms > 0) media.currentTime = start_ms / 1000;
  return () => {
    media.removeEventListener("error", onError);
    media.removeAttribute("src");
  };
}
