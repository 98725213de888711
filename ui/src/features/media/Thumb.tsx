import { useQuery } from "@tanstack/react-query";
import { AudioLines, CircleAlert, File, FileText, Film, ImageIcon, type LucideIcon } from "lucide-react";
import { useEffect, useMemo, useRef, useState } from "react";
import { coverQuery, imageAddressesQuery } from "../../api/media";
import { isBusy, videoQuery } from "../../api/queries";
import type { Asset, AssetKind, VideoDetail } from "../../api/types";
import { formatClock } from "../../lib/format";
import { strings } from "../../strings";
import { here, setHere } from "./addresses";
import { readThumbhash } from "./thumbhash";

export const assetIcons: Record<AssetKind | "file", LucideIcon> = {
  image: ImageIcon,
  video: Film,
  audio: AudioLines,
  document: FileText,
  file: File,
};

export function kindName(kind: AssetKind | null): string {
  return kind === null ? strings.media.unknownKind : strings.media.kindOf[kind];
}

/** As large as tiles become; browsers with dense screens take the second. */
const THUMB = { options: "w=320,h=240,fit=crop,format=auto,q=60", dprs: "1,2" };

/** How a file stands. That of a recording is kept whatever comes of the recording, so that it says only half of it. */
export function standingOf(asset: Asset, video: Pick<VideoDetail, "status"> | undefined): Asset["status"] | "processing" {
  if (asset.status !== "ready" || asset.deleted_at !== null || !video) return asset.status;
  if (video.status === "failed") return "failed";
  return isBusy(video) ? "processing" : "ready";
}

/** The same in a word. */
export const standingName = (standing: ReturnType<typeof standingOf>): string =>
  standing === "processing" ? strings.status.processing : strings.media.statuses[standing];

/** What its picture, which asks for it, has learnt of the recording of a file. */
export function useKnownRecording(asset: Asset): VideoDetail | undefined {
  return useQuery({ ...videoQuery(asset.video_id ?? ""), enabled: false }).data;
}

/** The picture of a file. It asks for nothing before it comes near the window. */
export function Thumb({ asset, small = false }: { asset: Asset; small?: boolean }) {
  const box = useRef<HTMLSpanElement>(null);
  const near = useNear(box);
  const usable = near && asset.deleted_at === null && asset.status === "ready";
  const address = useQuery({ ...imageAddressesQuery(asset, THUMB), enabled: usable && asset.kind === "image" });
  // Of sound there is nothing to see: it is asked about only while nobody knows how long it is, which is so until it was read.
  const hasMore = asset.kind === "video" || asset.duration_seconds === null;
  const video = useQuery({ ...videoQuery(asset.video_id ?? ""), enabled: usable && hasMore && asset.video_id !== null });
  const cover = useQuery({ ...coverQuery(asset), enabled: usable && asset.kind === "document" });
  const standing = standingOf(asset, video.data);
  const hasFailed = standing === "failed";
  // A small one has no room for the badge.
  const Icon = small && hasFailed ? CircleAlert : assetIcons[asset.kind ?? "file"];
  const found = address.data?.src ?? cover.data?.image_url ?? undefined;
  const src = found === undefined ? (video.data?.poster_url ?? undefined) : here(found);
  return (
    <span ref={box} className="thumb" data-kind={asset.kind} data-small={small}>
      <Icon className={small && hasFailed ? "thumb__icon thumb__icon--bad" : "thumb__icon"} size={small ? 20 : 28} strokeWidth={1.5} aria-hidden />
      {asset.image ? <BlurPicture hash={asset.image.thumbhash} /> : null}
      {src === undefined || asset.deleted_at !== null ? null : <Picture key={src} src={src} srcSet={setHere(address.data?.srcset)} />}
      {small ? null : hasFailed ? (
        <span className="thumb__badge thumb__badge--bad">
          <CircleAlert size={16} aria-hidden />
          {strings.media.statuses.failed}
        </span>
      ) : standing === "pending" ? (
        <span className="thumb__badge">{strings.media.statuses.pending}</span>
      ) : standing === "processing" ? (
        <span className="thumb__badge">{strings.status.processing}</span>
      ) : asset.duration_seconds !== null ? (
        <span className="thumb__badge number">{formatClock(asset.duration_seconds * 1000)}</span>
      ) : null}
    </span>
  );
}

function Picture({ src, srcSet }: { src: string; srcSet: string | undefined }) {
  const [state, setState] = useState<"loading" | "loaded" | "broken">("loading");
  if (state === "broken") return null;
  return (
    <img
      className="thumb__picture"
      src={src}
      srcSet={srcSet}
      alt=""
      draggable={false}
      decoding="async"
      data-loaded={state === "loaded"}
      onLoad={() => setState("loaded")}
      onError={() => setState("broken")}
    />
  );
}

/** What an image looks like from far away, until it is there. */
export function BlurPicture({ hash }: { hash: string }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const blur = useMemo(() => readThumbhash(hash), [hash]);
  useEffect(() => {
    const context = blur === null ? null : canvas.current?.getContext("2d");
    if (blur === null || !context) return;
    context.putImageData(new ImageData(blur.rgba, blur.width, blur.height), 0, 0);
  }, [blur]);
  return blur === null ? null : <canvas ref={canvas} className="thumb__blur" width={blur.width} height={blur.height} aria-hidden />;
}

/** Becomes true when the element comes near the window, and stays so. */
function useNear(box: React.RefObject<HTMLElement | null>): boolean {
  const [near, setNear] = useState(false);
  useEffect(() => {
    const element = box.current;
    if (near || !element) return;
    const observer = new IntersectionObserver(
      (entries) => {
        if (entries.some((entry) => entry.isIntersecting)) setNear(true);
      },
      { rootMargin: "400px" },
    );
    observer.observe(element);
    return () => observer.disconnect();
  }, [box, near]);
  return near;
}
