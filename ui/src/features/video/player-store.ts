import { useSyncExternalStore } from "react";
import { preferences, setPreferences } from "../../lib/preferences";
import { inLanguage, type Track } from "./tracks";

/** What the controls show; everything but the running time, which changes too often for a render each. */
export interface PlayerState {
  playing: boolean;
  ended: boolean;
  waiting: boolean;
  ready: boolean;
  failed: boolean;
  /** Whether somebody has gone to a second, by its address or by pressing something. */
  sought: boolean;
  duration_ms: number;
  rate: number;
  /** 0 to 1 */
  volume: number;
  muted: boolean;
  /** What the stream lets choose of; empty for what plays as a file. */
  sounds: readonly Track[];
  /** The id of the one of them that is heard. */
  sound: string | null;
}

const NO_TRACKS = { sounds: [], sound: null } as const;

export const RATES = [0.5, 0.75, 1, 1.25, 1.5, 1.75, 2] as const;

/** A stream shorter than the recording by more than this is not finished, rather than cut differently. */
const PARTIAL_MS = 1500;

/**
 * Owns one media element: commands go in, state and time come out. Parts that must follow the
 * second (transcript, lanes, seek bar) subscribe to time and re-render only when what they show changes.
 */
export class PlayerStore {
  private media: HTMLVideoElement | null = null;
  private detach: (() => void) | null = null;
  private current: PlayerState;
  private readonly stateListeners = new Set<() => void>();
  private readonly timeListeners = new Set<() => void>();
  private readonly seekListeners = new Set<(ms: number) => void>();
  private pending_ms: number | null = null;
  private resumes = false;
  private time = 0;
  private frame = 0;
  private known_ms: number;
  private askForSound: ((id: string) => void) | null = null;
  private chosenSound: string | null = null;

  /** `duration_ms` is what the server measured, 0 if it has not yet. */
  constructor(duration_ms: number) {
    this.known_ms = duration_ms;
    const { rate, volume, muted } = preferences();
    this.current = {
      playing: false,
      ended: false,
      waiting: false,
      ready: false,
      failed: false,
      sought: false,
      duration_ms,
      rate,
      volume,
      muted,
      ...NO_TRACKS,
    };
  }

  readonly state = (): PlayerState => this.current;
  readonly time_ms = (): number => this.time;

  readonly subscribeState = (listener: () => void): (() => void) => {
    this.stateListeners.add(listener);
    return () => this.stateListeners.delete(listener);
  };

  readonly subscribeTime = (listener: () => void): (() => void) => {
    this.timeListeners.add(listener);
    return () => this.timeListeners.delete(listener);
  };

  /** Told of every jump, whoever asked for it. */
  readonly onSeek = (listener: (ms: number) => void): (() => void) => {
    this.seekListeners.add(listener);
    return () => this.seekListeners.delete(listener);
  };

  attach(media: HTMLVideoElement): () => void {
    this.detach?.();
    this.media = media;
    media.volume = this.current.volume;
    media.muted = this.current.muted;
    const listen = (names: string[], act: () => void): (() => void) => {
      for (const name of names) media.addEventListener(name, act);
      return () => {
        for (const name of names) media.removeEventListener(name, act);
      };
    };
    const undo = [
      listen(["play", "pause", "ended", "waiting", "playing", "canplay", "seeking", "seeked", "volumechange", "ratechange"], () => this.read()),
      listen(["loadedmetadata", "durationchange"], () => this.onMetadata()),
      listen(["timeupdate", "seeked", "seeking"], () => this.readTime()),
      listen(["play", "playing"], () => this.tick()),
    ];
    if (media.readyState >= HTMLMediaElement.HAVE_METADATA) this.onMetadata();
    this.detach = () => {
      for (const stop of undo) stop();
      cancelAnimationFrame(this.frame);
      this.media = null;
      this.detach = null;
    };
    const detach = this.detach;
    return () => {
      if (this.detach === detach) detach();
    };
  }

  /** The server measured the length after the page was opened. */
  setKnownDuration(ms: number): void {
    this.known_ms = ms;
    if (this.media && this.media.readyState >= HTMLMediaElement.HAVE_METADATA) this.onMetadata();
    else this.update({ duration_ms: ms });
  }

  play(): void {
    void this.media?.play().catch(() => this.read());
  }

  pause(): void {
    this.media?.pause();
  }

  toggle(): void {
    if (this.current.playing) this.pause();
    else this.play();
  }

  seek(ms: number): void {
    const target = Math.max(0, Math.min(ms, this.current.duration_ms > 0 ? this.current.duration_ms : ms));
    if (this.media && this.media.readyState >= HTMLMediaElement.HAVE_METADATA) this.media.currentTime = target / 1000;
    else this.pending_ms = target;
    this.setTime(target);
    this.update({ sought: true });
    for (const listener of this.seekListeners) listener(target);
  }

  seekBy(ms: number): void {
    this.seek(this.time + ms);
  }

  setVolume(volume: number): void {
    const next = Math.max(0, Math.min(1, volume));
    this.update({ volume: next, muted: next === 0 });
    if (this.media) {
      this.media.volume = next;
      this.media.muted = next === 0;
    }
    setPreferences({ volume: next, muted: next === 0 });
  }

  toggleMuted(): void {
    const muted = !this.current.muted;
    if (this.media) this.media.muted = muted;
    this.update({ muted });
    setPreferences({ muted });
    if (!muted && this.current.volume === 0) this.setVolume(0.5);
  }

  setRate(rate: number): void {
    if (this.media) this.media.playbackRate = rate;
    this.update({ rate });
    setPreferences({ rate });
  }

  stepRate(direction: 1 | -1): void {
    const at = RATES.findIndex((rate) => rate >= this.current.rate);
    const next = RATES[Math.max(0, Math.min(RATES.length - 1, at + direction))];
    if (next !== undefined) this.setRate(next);
  }

  /**
   * A stream has these sounds and plays, once it is asked to, the one with an id. It is asked for the one that was chosen of this
   * recording, or one in the language that was chosen last.
   */
  offerSounds(sounds: readonly Track[], ask: (id: string) => void): void {
    this.askForSound = ask;
    this.update({ sounds });
    const wanted = sounds.find(({ id }) => id === this.chosenSound) ?? inLanguage(sounds, preferences().soundLanguage);
    if (wanted) ask(wanted.id);
  }

  /** A stream plays this one of its sounds. */
  hear(id: string): void {
    this.update({ sound: id });
  }

  setSound(id: string): void {
    const sound = this.current.sounds.find((one) => one.id === id);
    if (!sound) return;
    this.chosenSound = id;
    setPreferences({ soundLanguage: sound.language });
    this.askForSound?.(id);
  }

  /** The stream is gone, and what it offered with it. */
  withdrawTracks(): void {
    this.askForSound = null;
    this.update(NO_TRACKS);
  }

  /** The media element loses what it plays. If it plays now, it goes on with what it gets next. */
  reconnect(): void {
    // It may lose that again before it has begun.
    this.resumes ||= this.current.playing;
  }

  fail(failed: boolean): void {
    if (failed) this.resumes = false;
    this.update({ failed, waiting: false });
  }

  private onMetadata(): void {
    const { media } = this;
    if (!media) return;
    media.playbackRate = this.current.rate;
    const streamed_ms = Number.isFinite(media.duration) ? media.duration * 1000 : 0;
    // While later parts are still being encoded the stream is shorter than the recording.
    const partial = this.known_ms - streamed_ms > PARTIAL_MS;
    const duration_ms = partial ? this.known_ms : streamed_ms;
    this.update({ duration_ms, ready: true, failed: false });
    if (this.pending_ms !== null) {
      media.currentTime = this.pending_ms / 1000;
      this.pending_ms = null;
    }
    if (this.resumes) {
      this.resumes = false;
      this.play();
    }
  }

  private read(): void {
    const { media } = this;
    if (!media) return;
    this.update({
      playing: !media.paused && !media.ended,
      ended: media.ended,
      waiting: !media.paused && media.readyState < HTMLMediaElement.HAVE_FUTURE_DATA && !media.ended,
      volume: media.volume,
      muted: media.muted,
    });
  }

  private readonly tick = (): void => {
    cancelAnimationFrame(this.frame);
    this.readTime();
    if (this.media && !this.media.paused) this.frame = requestAnimationFrame(this.tick);
  };

  private readTime(): void {
    if (this.media && this.pending_ms === null) this.setTime(this.media.currentTime * 1000);
  }

  private setTime(ms: number): void {
    if (ms === this.time) return;
    this.time = ms;
    for (const listener of this.timeListeners) listener();
  }

  private update(change: Partial<PlayerState>): void {
    const changed = (Object.keys(change) as (keyof PlayerState)[]).some((key) => change[key] !== this.current[key]);
    if (!changed) return;
    this.current = { ...this.current, ...change };
    for (const listener of this.stateListeners) listener();
  }
}

export function usePlayerState(player: PlayerStore): PlayerState {
  return useSyncExternalStore(player.subscribeState, player.state);
}

/** A value that depends on the running time; renders only when the value itself changes. */
export function usePlayerTime<T extends string | number | boolean>(player: PlayerStore, select: (ms: number) => T): T {
  return useSyncExternalStore(player.subscribeTime, () => select(player.time_ms()));
}
