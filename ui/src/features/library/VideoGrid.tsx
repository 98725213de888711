import type { Video } from "../../api/types";
import { VirtualGrid } from "../../components/VirtualGrid";
import type { GridLayout } from "../../lib/grid";
import { strings } from "../../strings";
import { useVideoActions } from "./actions";
import { VideoCard, VideoCardSkeleton } from "./VideoCard";

const TEXT_PX = 56;
/** As `.grid-plain` has it. */
const LAYOUT: GridLayout = {
  columnWidthMin: 236,
  columnsMin: 1,
  columnGap: 20,
  rowGap: 24,
  rowHeight: (columnWidth) => (columnWidth * 9) / 16 + TEXT_PX,
};

export function VideoGrid({ videos, hasMore, onNearEnd }: { videos: readonly Video[]; hasMore: boolean; onNearEnd: () => void }) {
  const actions = useVideoActions();
  return (
    <VirtualGrid
      items={videos}
      layout={LAYOUT}
      label={strings.library.grid}
      hasMore={hasMore}
      onNearEnd={onNearEnd}
    >
      {(video) => <VideoCard video={video} actions={actions} />}
    </VirtualGrid>
  );
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
