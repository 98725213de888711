import "../library/library.css";
import "./home.css";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { ArrowRight, CloudUpload, LibraryBig } from "lucide-react";
import { useMay } from "../../api/me";
import { isBusy, videosQuery } from "../../api/queries";
import type { Video } from "../../api/types";
import { Empty } from "../../components/Empty";
import { Problem } from "../../components/Problem";
import { useTitle } from "../../lib/hooks";
import { strings } from "../../strings";
import { useVideoActions } from "../library/actions";
import { VideoCard } from "../library/VideoCard";
import { VideoGridSkeleton } from "../library/VideoGrid";
import { chooseFiles } from "../uploads/choose";
import { importing } from "../uploads/importing";

const RECENT_MAX = 12;

export function HomePage() {
  useTitle(strings.home.title);
  const mayAdd = useMay("edit_content");
  const recent = useInfiniteQuery(videosQuery({ sort: "newest" }, RECENT_MAX));
  const videos = recent.data?.pages[0]?.items ?? [];
  const working = videos.filter(isBusy);
  const rest = videos.filter((video) => !isBusy(video));

  return (
    <div className="page">
      <h1 className={videos.length === 0 && !recent.isPending ? "visually-hidden" : "page__title"}>{strings.home.title}</h1>
      {recent.isPending ? (
        <VideoGridSkeleton count={8} />
      ) : recent.isError && videos.length === 0 ? (
        <Problem error={recent.error} onRetry={() => void recent.refetch()} />
      ) : videos.length === 0 ? (
        mayAdd ? (
          <DropZone />
        ) : (
          <Empty icon={LibraryBig} title={strings.library.emptyTitle} text={strings.library.emptyReadText} />
        )
      ) : (
        <>
          {working.length > 0 ? <Shelf title={strings.home.processing} videos={working} /> : null}
          {rest.length > 0 ? <Shelf title={strings.home.recent} videos={rest} all /> : null}
        </>
      )}
    </div>
  );
}

function Shelf({ title, videos, all = false }: { title: string; videos: Video[]; all?: boolean }) {
  const actions = useVideoActions();
  return (
    <section className="shelf" aria-label={title}>
      <div className="shelf__head">
        <h2>{title}</h2>
        {all ? (
          <Link to="/library" className="button button--quiet button--small">
            {strings.home.all}
            <ArrowRight size={16} aria-hidden />
          </Link>
        ) : null}
      </div>
      <ul className="grid-plain">
        {videos.map((video) => (
          <li key={video.id}>
            <VideoCard video={video} actions={actions} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function DropZone() {
  return (
    <div className="drop-zone">
      <CloudUpload size={40} strokeWidth={1.25} aria-hidden />
      <h2>{strings.home.emptyTitle}</h2>
      <p className="soft">{strings.home.emptyText}</p>
      <div className="empty__actions">
        <button type="button" className="button button--primary" onClick={() => void chooseFiles()}>
          {strings.home.emptyChoose}
        </button>
        <button type="button" className="button" onClick={() => importing.set(true)}>
          {strings.upload.importTitle}
        </button>
      </div>
      <p className="faint small">{strings.home.emptyFormats}</p>
    </div>
  );
}
