import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useLayoutEffect, useRef, useState } from "react";
import type { Video } from "../../api/types";
import { mainElement } from "../../lib/hooks";
import { strings } from "../../strings";
import { useVideoActions } from "./actions";
import { VideoCard, VideoCardSkeleton } from "./VideoCard";

const CARD_MIN_PX = 236;
const GAP_PX = 20;
const TEXT_PX = 56;
const ROW_GAP_PX = 24;

/** Only the rows in view exist, so a library of any size scrolls alike. */
export function VideoGrid({ videos, hasMore, onMore }: { videos: Video[]; hasMore: boolean; onMore: () => void }) {
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  const [margin, setMargin] = useState(0);
  const actions = useVideoActions();

  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    const measure = (): void => {
      setWidth(element.clientWidth);
      const main = mainElement();
      if (main) setMargin(element.getBoundingClientRect().top - main.getBoundingClientRect().top + main.scrollTop);
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  const columns = columnsFor(width);
  const cardWidth = (width - GAP_PX * (columns - 1)) / columns;
  const rowHeight = (cardWidth * 9) / 16 + TEXT_PX + ROW_GAP_PX;
  const rowCount = Math.ceil(videos.length / columns);
  const rows = useVirtualizer({
    count: rowCount,
    getScrollElement: mainElement,
    estimateSize: () => rowHeight,
    overscan: 3,
    scrollMargin: margin,
    enabled: width > 0,
  });

  useEffect(() => rows.measure(), [rows, rowHeight]);

  const visible = rows.getVirtualItems();
  const lastVisible = visible[visible.length - 1]?.index ?? 0;
  useEffect(() => {
    if (hasMore && lastVisible >= rowCount - 3) onMore();
  }, [hasMore, lastVisible, rowCount, onMore]);

  return (
    <div ref={box}>
      <ul
        className="grid"
        aria-label={strings.library.grid}
        style={{ height: Math.max(0, rows.getTotalSize() - ROW_GAP_PX) }}
      >
        {visible.flatMap((row) =>
          videos.slice(row.index * columns, (row.index + 1) * columns).map((video, column) => (
            <li
              key={video.id}
              className="grid__cell"
              aria-setsize={hasMore ? -1 : videos.length}
              aria-posinset={row.index * columns + column + 1}
              style={{
                width: cardWidth,
                transform: `translate(${(cardWidth + GAP_PX) * column}px, ${row.start - margin}px)`,
              }}
            >
              <VideoCard video={video} actions={actions} />
            </li>
          )),
        )}
      </ul>
    </div>
  );
}

export function columnsFor(width: number): number {
  return Math.max(1, Math.floor((width + GAP_PX) / (CARD_MIN_PX + GAP_PX)));
}

export function VideoGridSkeleton({ count }: { count: number }) {
  return (
    <div className="grid-plain" aria-busy>
      <span className="visually-hidden" role="status">
        {strings.common.loading}
      </span>
      {Array.from({ length: count }, (_, index) => (
        <VideoCardSkeleton key={index} />
      ))}
    </div>
  );
}
