import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import type { Waveform as WaveformData } from "../../api/types";
import { useVideo } from "./context";
import { usePlayerState } from "./player-store";

const BAR_PX = 3;
const STEP_PX = 5;

/** The loudness of a recording without a picture; played bars are bright, the rest wait. */
export function Waveform({ url }: { url: string | null }) {
  const { video, player } = useVideo();
  const canvas = useRef<HTMLCanvasElement>(null);
  const { duration_ms } = usePlayerState(player);
  const waveform = useQuery({
    queryKey: ["waveform", video.id],
    queryFn: async ({ signal }) => {
      const response = await fetch(url ?? "", { signal });
      if (!response.ok) throw new Error(`waveform answered ${response.status}`);
      return (await response.json()) as WaveformData;
    },
    enabled: url !== null,
    staleTime: Infinity,
    retry: 1,
  });
  const peaks = waveform.data?.peaks;

  useEffect(() => {
    const element = canvas.current;
    if (!element || !peaks || duration_ms <= 0) return;
    const context = element.getContext("2d");
    if (!context) return;
    let bars: number[] = [];
    let lastBar = -1;

    const draw = (force: boolean): void => {
      const { width, height } = element;
      const scale = width / Math.max(1, element.clientWidth);
      const played = Math.floor(Math.min(1, player.time_ms() / duration_ms) * bars.length);
      if (!force && played === lastBar) return;
      lastBar = played;
      context.clearRect(0, 0, width, height);
      for (const [index, peak] of bars.entries()) {
        const tall = Math.max(3 * scale, peak * height * 0.92);
        context.fillStyle = index < played ? "#f4efe8" : index === played ? "#f3ad3d" : "#6f675e";
        context.beginPath();
        context.roundRect(index * STEP_PX * scale, (height - tall) / 2, BAR_PX * scale, tall, BAR_PX * scale);
        context.fill();
      }
    };
    const resize = (): void => {
      const scale = window.devicePixelRatio || 1;
      element.width = Math.round(element.clientWidth * scale);
      element.height = Math.round(element.clientHeight * scale);
      bars = resample(peaks, Math.max(1, Math.floor(element.clientWidth / STEP_PX)));
      draw(true);
    };
    resize();
    const observer = new ResizeObserver(resize);
    observer.observe(element);
    const stop = player.subscribeTime(() => draw(false));
    return () => {
      observer.disconnect();
      stop();
    };
  }, [peaks, duration_ms, player]);

  return <canvas ref={canvas} className="waveform" aria-hidden />;
}

/** The loudest peak of each of `count` equal spans, scaled so that the loudest fills the height. */
export function resample(peaks: readonly number[], count: number): number[] {
  const bars = Array.from({ length: count }, (_, index) => {
    const from = Math.floor((index * peaks.length) / count);
    const to = Math.max(from + 1, Math.floor(((index + 1) * peaks.length) / count));
    let loudest = 0;
    for (let at = from; at < to; at += 1) loudest = Math.max(loudest, Math.abs(peaks[at] ?? 0));
    return loudest;
  });
  const top = Math.max(0.05, ...bars);
  return bars.map((bar) => bar / top);
}
