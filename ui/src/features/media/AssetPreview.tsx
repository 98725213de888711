import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Play } from "lucide-react";
import { useState, type CSSProperties } from "react";
import { imageAddressesQuery } from "../../api/media";
import { videoQuery } from "../../api/queries";
import type { Asset } from "../../api/types";
import { Problem } from "../../components/Problem";
import { strings } from "../../strings";
import { here, setHere } from "./addresses";
import { DocumentPages } from "./DocumentPages";
import { assetIcons, BlurPicture } from "./Thumb";

const PREVIEW = { options: "w=1600,h=1200,format=auto", widths: "400,800,1600", sizes: "(min-width: 1024px) 60vw, 100vw" };

/** The file as far as it can be seen or heard here; of a document, `page` first. */
export function AssetPreview({ asset, page }: { asset: Asset; page?: number | undefined }) {
  if (asset.status === "pending") return <Quiet asset={asset} title={strings.asset.pending} text={strings.asset.pendingText} />;
  if (asset.status === "failed" || asset.deleted_at !== null) return <Quiet asset={asset} title={strings.asset.noPreview} />;
  if (asset.kind === "image") return <ImagePreview asset={asset} />;
  if (asset.kind === "audio") return <AudioPreview asset={asset} />;
  if (asset.kind === "document") {
    return <DocumentPages asset={asset} page={page} none={<Quiet asset={asset} title={strings.asset.noPreview} />} />;
  }
  if (asset.video_id !== null) return <VideoPreview asset={asset} videoId={asset.video_id} />;
  return <Quiet asset={asset} title={strings.asset.noPreview} />;
}

function Quiet({ asset, title, text }: { asset: Asset; title: string; text?: string }) {
  const Icon = assetIcons[asset.kind ?? "file"];
  return (
    <div className="preview preview--quiet">
      <Icon size={28} strokeWidth={1.5} aria-hidden />
      <p>{title}</p>
      {text === undefined ? null : <p className="faint small">{text}</p>}
    </div>
  );
}

/** The shape of the image, and its size: what is small is not blown up. */
function boxOf({ width, height }: Asset): CSSProperties {
  const shape = { aspectRatio: `${width ?? 4} / ${height ?? 3}` };
  return width === null || height === null ? shape : Object.assign(shape, { "--width": `${width}px`, "--height": `${height}px` });
}

function ImagePreview({ asset }: { asset: Asset }) {
  const address = useQuery(imageAddressesQuery(asset, PREVIEW));
  const [loaded, setLoaded] = useState(false);
  // An address that was made anew, or of another file, is tried again.
  const [broken, setBroken] = useState<string | null>(null);
  if (address.isError && !address.data) return <Problem error={address.error} onRetry={() => void address.refetch()} />;
  if (address.data && address.data.src === broken) return <Quiet asset={asset} title={strings.playground.broken} />;
  return (
    <figure className="preview" style={boxOf(asset)}>
      {asset.image ? <BlurPicture hash={asset.image.thumbhash} /> : null}
      {address.data ? (
        <img
          className="thumb__picture preview__picture"
          src={here(address.data.src)}
          srcSet={setHere(address.data.srcset)}
          sizes={address.data.sizes ?? undefined}
          alt={asset.description ?? asset.filename}
          data-loaded={loaded}
          onLoad={() => setLoaded(true)}
          onError={() => setBroken(address.data.src)}
        />
      ) : null}
    </figure>
  );
}

function OpenVideo({ videoId }: { videoId: string }) {
  return (
    <Link to="/videos/$videoId" params={{ videoId }} className="button button--primary">
      <Play size={16} aria-hidden />
      {strings.asset.openVideo}
    </Link>
  );
}

function VideoPreview({ asset, videoId }: { asset: Asset; videoId: string }) {
  const video = useQuery(videoQuery(videoId)).data;
  const poster = video?.poster_url ?? null;
  if (video?.status === "failed" && !video.playable) return <Quiet asset={asset} title={strings.asset.noPreview} />;
  return (
    <div className="preview preview--quiet" style={{ aspectRatio: `${asset.width ?? 16} / ${asset.height ?? 9}` }}>
      {poster === null ? null : <img className="thumb__picture preview__picture" src={poster} alt="" data-loaded />}
      <OpenVideo videoId={videoId} />
    </div>
  );
}

function AudioPreview({ asset }: { asset: Asset }) {
  return (
    <div className="preview preview--quiet">
      {asset.file_url === null ? null : (
        // What is said in it stands on the page of the recording.
        // eslint-disable-next-line jsx-a11y/media-has-caption
        <audio controls preload="metadata" src={asset.file_url} aria-label={asset.description ?? asset.filename} />
      )}
      {asset.video_id === null ? null : <OpenVideo videoId={asset.video_id} />}
    </div>
  );
}
