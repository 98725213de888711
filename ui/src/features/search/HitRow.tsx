import { Link } from "@tanstack/react-router";
import { AudioLines, Eye, FileText, ImageIcon, MessageSquareText, MonitorPlay, ScanText, Sparkles, TextQuote, type LucideIcon } from "lucide-react";
import { memo, useState } from "react";
import type { Hit } from "../../api/types";
import { Marked } from "../../components/Marked";
import { formatAge, formatClock, speakClock } from "../../lib/format";
import { strings } from "../../strings";
import { here } from "../media/addresses";
import { placeOf } from "./hit";

/** Where in something it was found, where that is not what everybody expects. */
const SOURCES: Partial<Record<Hit["source"], { label: string; icon: LucideIcon }>> = {
  screen: { label: strings.search.onScreen, icon: MonitorPlay },
  picture: { label: strings.search.inPicture, icon: ScanText },
  description: { label: strings.search.description, icon: MessageSquareText },
  appearance: { label: strings.search.appearance, icon: Eye },
};

const REASONS = {
  words: { label: strings.search.words, icon: TextQuote },
  meaning: { label: strings.search.meaning, icon: Sparkles },
} as const;

/** A found moment, page, image or description: where it is, who speaks, what is said with the match marked, and why it is here. */
export const HitRow = memo(function HitRow({ hit }: { hit: Hit }) {
  const [broken, setBroken] = useState(false);
  const { document, image } = hit;
  const picture = image ? here(image.thumbnail_url) : document ? document.image_url : (hit.frame_url ?? hit.poster_url);
  const source = SOURCES[hit.source];
  const Blank = image ? ImageIcon : document ? FileText : AudioLines;
  const place = image ? strings.search.image : document ? strings.search.page(document.page_number) : clockOf(hit);
  return (
    <article className="hit">
      <div className="hit__poster" data-page={document !== null || undefined} aria-hidden>
        <Blank size={20} strokeWidth={1.5} />
        {picture !== null && !broken ? (
          <img src={picture} alt="" loading="lazy" decoding="async" onError={() => setBroken(true)} />
        ) : null}
        {place !== null ? <span className="card__badge time">{place}</span> : null}
      </div>
      <div className="hit__body">
        <p className="hit__where">
          {image ? (
            <Link
              to="/files/$assetId"
              params={{ assetId: image.asset_id }}
              className="hit__link"
              aria-label={strings.search.openImage(image.filename)}
            >
              {image.filename}
            </Link>
          ) : document ? (
            <Link
              to="/files/$assetId"
              params={{ assetId: document.asset_id }}
              search={{ page: document.page_number }}
              className="hit__link"
              aria-label={strings.search.openPage(document.title, document.page_number)}
            >
              {document.title}
            </Link>
          ) : (
            <Link
              to="/videos/$videoId"
              params={{ videoId: hit.video_id ?? "" }}
              search={placeOf(hit)}
              className="hit__link"
              aria-label={
                hit.start_ms === null
                  ? strings.search.openVideo(hit.video_title ?? "")
                  : strings.search.openAt(hit.video_title ?? "", speakClock(hit.start_ms))
              }
            >
              {hit.video_title}
            </Link>
          )}
          {hit.speakers.length > 0 ? <span className="faint">{hit.speakers.join(", ")}</span> : null}
        </p>
        {hit.text === "" ? null : (
          <p className="hit__text" dir="auto">
            <Marked text={hit.text} highlights={hit.highlights} />
          </p>
        )}
        <p className="hit__why">
          <span className="visually-hidden">{strings.search.why}: </span>
          {source ? (
            <span className="tag">
              <source.icon size={16} aria-hidden />
              {source.label}
            </span>
          ) : null}
          {hit.matched_by.length === 0 ? <span className="tag">{strings.search.nearest}</span> : null}
          {hit.matched_by.map((reason) => {
            const { label, icon: Icon } = REASONS[reason];
            return (
              <span key={reason} className="tag">
                <Icon size={16} aria-hidden />
                {label}
              </span>
            );
          })}
          <time className="faint small" dateTime={hit.created_at}>
            {formatAge(hit.created_at)}
          </time>
        </p>
      </div>
    </article>
  );
});

function clockOf({ start_ms: startMs }: Hit): string | null {
  return startMs === null ? null : formatClock(startMs);
}

export function HitSkeleton() {
  return (
    <div className="hit" aria-hidden>
      <div className="hit__poster skeleton" />
      <div className="hit__body">
        <div className="skeleton" style={{ width: "34%", height: 14, marginBlock: 4 }} />
        <div className="skeleton" style={{ width: "96%", height: 14, marginBlock: 5 }} />
        <div className="skeleton" style={{ width: "78%", height: 14, marginBlock: 5 }} />
      </div>
    </div>
  );
}
