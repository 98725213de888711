import "./player.css";
import {
  AudioLines,
  Captions as CaptionsIcon,
  CaptionsOff,
  Check,
  Gauge,
  Keyboard,
  LoaderCircle,
  Maximize,
  Minimize,
  Pause,
  Play,
  RotateCcw,
  Volume1,
  Volume2,
  VolumeX,
} from "lucide-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { DropdownMenu } from "radix-ui";
import { useCallback, useEffect, useMemo, useRef, useState, type ReactNode } from "react";
import { keys, renewAddresses } from "../../api/queries";
import { subtitlesQuery } from "../../api/subtitles";
import type { VideoDetail } from "../../api/types";
import { Tip } from "../../components/Tip";
import { formatClock } from "../../lib/format";
import { setPreferences, usePreferences } from "../../lib/preferences";
import { strings } from "../../strings";
import { Captions, useRecentlyMoved } from "./Captions";
import { useVideo } from "./context";
import { RATES, usePlayerState, usePlayerTime } from "./player-store";
import { SeekBar } from "./SeekBar";
import { connectFile, connectStream, hasAddress } from "./stream";
import { languageHint, subtitleTracks, textShown, textsOf, type ShownText, type SubtitleTrack } from "./tracks";
import { Waveform } from "./Waveform";

/** The stage with its controls. Keys are handled by the page, so that they work wherever the focus is. */
export function Player({ onHelp, fullscreen }: { onHelp: () => void; fullscreen: FullscreenControl }) {
  const { video, player } = useVideo();
  const media = useRef<HTMLVideoElement>(null);
  const state = usePlayerState(player);
  const client = useQueryClient();
  const { captions: textWanted, subtitleLanguage } = usePreferences();
  const [chosenText, setChosenText] = useState<string | null>(null);
  const [attempt, setAttempt] = useState(0);
  const { element: root, setElement, active: isFullscreen, toggle: toggleFullscreen } = fullscreen;
  const { hls_url, file_url, poster_url, waveform_url } = video.playback;

  useEffect(() => (media.current ? player.attach(media.current) : undefined), [player]);

  // Signed addresses change with every answer; the stream stays connected while the recording is the same.
  const addresses = useRef({ hls_url, file_url });
  useEffect(() => {
    addresses.current = { hls_url, file_url };
  }, [hls_url, file_url]);
  // What plays as a file goes on doing so when the stream is there: nobody is interrupted for it.
  const playable = hasAddress(video.playback);
  useEffect(() => {
    if (!playable || !media.current) return;
    player.fail(false);
    const { hls_url: stream, file_url: file } = addresses.current;
    const disconnect =
      stream !== null ? connectStream(media.current, stream, player) : file !== null ? connectFile(media.current, file, player) : undefined;
    return () => {
      player.reconnect();
      disconnect?.();
    };
  }, [player, playable, attempt]);

  // The address of the stream is signed and may have expired, so a fresh one is asked for first.
  const again = useCallback((): void => {
    void client.refetchQueries({ queryKey: keys.video(video.id) }).then(() => setAttempt((count) => count + 1));
  }, [client, video.id]);

  // A file that the browser could not play after all may have become a stream that it can.
  const streamed = hls_url !== null;
  useEffect(() => {
    if (streamed && player.state().failed) again();
  }, [streamed, player, again]);

  // What was given while others saw the recording opens nothing once they do not: its author goes on with what is given then.
  const isPrivate = video.visibility === "private";
  const address = hls_url ?? file_url;
  const shared = useRef<string | null>(null);
  useEffect(() => {
    if (!isPrivate) shared.current = address;
    // That it is private is shown before the server has answered, and the addresses come with its answer.
    else if (shared.current !== null && shared.current !== address) {
      shared.current = null;
      renewAddresses(client, { id: video.id, asset_id: video.asset_id });
      again();
    }
  }, [client, isPrivate, address, video.id, video.asset_id, again]);

  const shown = useRecentlyMoved(root, !state.playing);
  const subtitles = useSubtitles(video);
  const texts = textsOf(video.playback, subtitles);
  const text = textWanted ? textShown(texts, chosenText, subtitleLanguage) : undefined;
  const audio = video.kind === "audio";
  const ratio = !audio && video.width && video.height ? Math.max(4 / 3, Math.min(21 / 9, video.width / video.height)) : 16 / 9;

  return (
    <section
      ref={setElement}
      className="player"
      aria-label={strings.player.label}
      data-kind={video.kind}
      data-captions={text !== undefined}
      data-controls={shown}
      style={{ aspectRatio: audio ? undefined : String(ratio) }}
    >
      {/* Captions are drawn over the picture from the same files; the transcript beside it carries the full text. */}
      {/* eslint-disable-next-line jsx-a11y/media-has-caption -- drawn by Captions below */}
      <video
        ref={media}
        className="player__media"
        poster={audio ? undefined : (poster_url ?? undefined)}
        playsInline
        preload="metadata"
        aria-label={video.title}
        onClick={() => player.toggle()}
        onDoubleClick={toggleFullscreen}
      />
      {audio ? (
        <div className="player__sound" aria-hidden>
          {waveform_url === null ? <AudioLines size={48} strokeWidth={1.25} /> : <Waveform url={waveform_url} />}
        </div>
      ) : null}
      {state.waiting && !state.failed ? (
        <div className="player__waiting" role="status">
          <LoaderCircle size={40} strokeWidth={1.5} aria-hidden />
          <span className="visually-hidden">{strings.player.buffering}</span>
        </div>
      ) : null}
      {state.failed ? (
        <div className="player__failed" role="alert">
          <p>
            <strong>{strings.player.error}</strong>
          </p>
          <p>{strings.player.errorText}</p>
          <button type="button" className="player__retry" onClick={again}>
            {strings.common.retry}
          </button>
        </div>
      ) : null}
      {text ? <Captions key={text.id} text={text} /> : null}
      <div className="player__controls">
        <SeekBar />
        <div className="player__row">
          <PlayButton />
          <VolumeControl />
          <Clock />
          <div className="player__space" />
          {state.sounds.length > 1 ? <SoundMenu container={root} /> : null}
          {texts.length > 0 ? <CaptionsMenu container={root} texts={texts} shown={text} onChoose={setChosenText} /> : null}
          <SpeedMenu container={root} />
          <ControlButton label={strings.player.shortcuts} shortcut="?" onClick={onHelp} className="player__help">
            <Keyboard size={20} aria-hidden />
          </ControlButton>
          <ControlButton
            label={isFullscreen ? strings.player.exitFullscreen : strings.player.fullscreen}
            shortcut="F"
            onClick={toggleFullscreen}
          >
            {isFullscreen ? <Minimize size={20} aria-hidden /> : <Maximize size={20} aria-hidden />}
          </ControlButton>
        </div>
      </div>
    </section>
  );
}

/** Those of the file, and those that were added until now: the stream goes on when there are others. */
function useSubtitles({ asset_id, file_version, playback }: VideoDetail): SubtitleTrack[] {
  const listed = useQuery({
    ...subtitlesQuery({ id: asset_id ?? "", version: file_version ?? 0 }),
    enabled: asset_id !== null && playback.hls_url !== null,
  });
  return useMemo(() => subtitleTracks(listed.data ?? []), [listed.data]);
}

function ControlButton({
  label,
  shortcut,
  onClick,
  className,
  children,
}: {
  label: string;
  shortcut?: string;
  onClick: () => void;
  className?: string;
  children: ReactNode;
}) {
  return (
    <Tip text={label} shortcut={shortcut} side="top" container={document.fullscreenElement as HTMLElement | null}>
      <button type="button" className={`player__button ${className ?? ""}`} aria-label={label} onClick={onClick}>
        {children}
      </button>
    </Tip>
  );
}

function PlayButton() {
  const { player } = useVideo();
  const { playing, ended } = usePlayerState(player);
  const label = playing ? strings.player.pause : ended ? strings.player.replay : strings.player.play;
  const Icon = playing ? Pause : ended ? RotateCcw : Play;
  return (
    <ControlButton label={label} shortcut="K" onClick={() => player.toggle()}>
      <Icon size={20} fill={ended && !playing ? "none" : "currentColor"} aria-hidden />
    </ControlButton>
  );
}

function VolumeControl() {
  const { player } = useVideo();
  const { volume, muted } = usePlayerState(player);
  const silent = muted || volume === 0;
  const Icon = silent ? VolumeX : volume < 0.5 ? Volume1 : Volume2;
  return (
    <div className="player__volume">
      <ControlButton
        label={silent ? strings.player.unmute : strings.player.mute}
        shortcut="M"
        onClick={() => player.toggleMuted()}
      >
        <Icon size={20} aria-hidden />
      </ControlButton>
      <input
        type="range"
        className="player__slider"
        aria-label={strings.player.volume}
        min={0}
        max={100}
        step={5}
        value={silent ? 0 : Math.round(volume * 100)}
        style={{ "--value": `${silent ? 0 : volume * 100}%` } as React.CSSProperties}
        onChange={(event) => player.setVolume(Number(event.target.value) / 100)}
      />
    </div>
  );
}

function Clock() {
  const { player } = useVideo();
  const { duration_ms } = usePlayerState(player);
  const seconds = usePlayerTime(player, (ms) => Math.floor(ms / 1000));
  return (
    <p className="player__clock time" aria-hidden>
      <span data-testid="player-time">{formatClock(seconds * 1000)}</span>
      <span className="player__total"> / {formatClock(duration_ms)}</span>
    </p>
  );
}

function SoundMenu({ container }: { container: HTMLElement | null }) {
  const { player } = useVideo();
  const { sounds, sound } = usePlayerState(player);
  return (
    <ControlMenu container={container} label={strings.player.sound} trigger={<AudioLines size={20} aria-hidden />}>
      <DropdownMenu.RadioGroup value={sound ?? ""} onValueChange={(id) => player.setSound(id)}>
        {sounds.map((one) => (
          <MenuChoice key={one.id} value={one.id} label={one.name} hint={languageHint(one)} />
        ))}
      </DropdownMenu.RadioGroup>
    </ControlMenu>
  );
}

function CaptionsMenu({
  container,
  texts,
  shown,
  onChoose,
}: {
  container: HTMLElement | null;
  texts: readonly ShownText[];
  shown: ShownText | undefined;
  onChoose: (id: string) => void;
}) {
  const Icon = shown ? CaptionsIcon : CaptionsOff;
  const hasSubtitles = texts.some((text) => text.kind === "subtitles");
  const choose = (id: string): void => {
    const text = texts.find((one) => one.id === id);
    if (text) {
      setPreferences({ captions: true, subtitleLanguage: text.kind === "subtitles" ? text.language : null });
      onChoose(id);
    } else {
      setPreferences({ captions: false });
    }
  };
  return (
    <ControlMenu
      container={container}
      label={hasSubtitles ? strings.player.captionsAndSubtitles : strings.player.captions}
      trigger={
        <>
          <Icon size={20} aria-hidden />
          {shown ? <span className="player__on" aria-hidden /> : null}
        </>
      }
    >
      <DropdownMenu.RadioGroup value={shown?.id ?? ""} onValueChange={choose}>
        <MenuChoice value="" label={strings.player.captionsOff} />
        {texts.map((text) => (
          <MenuChoice key={text.id} value={text.id} label={text.name} hint={text.hint} />
        ))}
      </DropdownMenu.RadioGroup>
    </ControlMenu>
  );
}

function SpeedMenu({ container }: { container: HTMLElement | null }) {
  const { player } = useVideo();
  const { rate } = usePlayerState(player);
  return (
    <ControlMenu
      container={container}
      label={strings.player.speed}
      trigger={rate === 1 ? <Gauge size={20} aria-hidden /> : <span className="player__rate number">{rate}×</span>}
    >
      <DropdownMenu.RadioGroup value={String(rate)} onValueChange={(value) => player.setRate(Number(value))}>
        {RATES.map((value) => (
          <MenuChoice key={value} value={String(value)} label={value === 1 ? strings.player.normal : `${value}×`} />
        ))}
      </DropdownMenu.RadioGroup>
    </ControlMenu>
  );
}

function ControlMenu({
  container,
  label,
  trigger,
  children,
}: {
  container: HTMLElement | null;
  label: string;
  trigger: ReactNode;
  children: ReactNode;
}) {
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger asChild>
        <button type="button" className="player__button" aria-label={label} title={label}>
          {trigger}
        </button>
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal container={document.fullscreenElement ? container : null}>
        <DropdownMenu.Content className="menu" side="top" align="end" sideOffset={10} collisionPadding={8}>
          <DropdownMenu.Label className="menu__label">{label}</DropdownMenu.Label>
          {children}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}

function MenuChoice({ value, label, hint = null }: { value: string; label: string; hint?: string | null }) {
  return (
    <DropdownMenu.RadioItem className="menu__item" value={value} textValue={label}>
      {hint === null ? (
        label
      ) : (
        <span className="menu__text">
          {label} <span className="faint small">{hint}</span>
        </span>
      )}
      <span className="menu__check">
        <DropdownMenu.ItemIndicator>
          <Check size={16} aria-hidden />
        </DropdownMenu.ItemIndicator>
      </span>
    </DropdownMenu.RadioItem>
  );
}

export interface FullscreenControl {
  element: HTMLElement | null;
  setElement: (element: HTMLElement | null) => void;
  active: boolean;
  toggle: () => void;
}

export function useFullscreen(): FullscreenControl {
  const [element, setElement] = useState<HTMLElement | null>(null);
  const [active, setActive] = useState(false);

  useEffect(() => {
    const onChange = (): void => setActive(document.fullscreenElement !== null);
    document.addEventListener("fullscreenchange", onChange);
    return () => document.removeEventListener("fullscreenchange", onChange);
  }, []);

  const toggle = useCallback((): void => {
    if (document.fullscreenElement) void document.exitFullscreen();
    else void element?.requestFullscreen().catch(() => undefined);
  }, [element]);

  return { element, setElement, active, toggle };
}
