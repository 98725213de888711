import "./library.css";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { LibraryBig, Search, SearchX, Trash2, Upload } from "lucide-react";
import { useMemo } from "react";
import { useMay } from "../../api/me";
import { videosQuery } from "../../api/queries";
import { Empty } from "../../components/Empty";
import { LoadMore, useReadOn } from "../../components/LoadMore";
import { Problem } from "../../components/Problem";
import { useAddressText, useTitle } from "../../lib/hooks";
import { strings } from "../../strings";
import { chooseFiles } from "../uploads/choose";
import { ChannelSelect } from "./ChannelSelect";
import { VideoGrid, VideoGridSkeleton } from "./VideoGrid";

const TYPING_PAUSE_MS = 150;

export function LibraryPage() {
  useTitle(strings.library.title);
  const filter = useSearch({ from: "/app/library" });
  const mayAdd = useMay("edit_content");
  const navigate = useNavigate({ from: "/library" });
  const videos = useInfiniteQuery(
    videosQuery({ title: filter.title, channel_id: filter.channel, status: filter.status, sort: filter.sort ?? "newest" }),
  );
  const list = useMemo(() => videos.data?.pages.flatMap((page) => page.items) ?? [], [videos.data]);
  const readOn = useReadOn(videos);
  const filtered = filter.title !== undefined || filter.channel !== undefined || filter.status !== undefined;

  return (
    <div className="page">
      <div className="page__head">
        <h1 className="page__title">{strings.library.title}</h1>
        {mayAdd ? (
          <Link to="/media" search={{ bin: "1" }} className="button button--quiet button--small">
            <Trash2 size={16} aria-hidden />
            {strings.media.bin}
          </Link>
        ) : null}
      </div>
      <Filters />
      {videos.isPending ? (
        <VideoGridSkeleton count={12} />
      ) : videos.isError && list.length === 0 ? (
        <Problem error={videos.error} onRetry={() => void videos.refetch()} />
      ) : list.length > 0 ? (
        <section className="stale" aria-busy={videos.isPlaceholderData}>
          <h2 className="visually-hidden">{strings.library.grid}</h2>
          <VideoGrid videos={list} hasMore={videos.hasNextPage} onNearEnd={readOn} />
          <LoadMore list={videos} className="library__more" />
        </section>
      ) : filtered ? (
        <Empty icon={SearchX} title={strings.library.noMatchTitle} text={strings.library.noMatchText}>
          <button
            type="button"
            className="button"
            onClick={() => void navigate({ search: filter.sort ? { sort: filter.sort } : {} })}
          >
            {strings.library.clearFilters}
          </button>
        </Empty>
      ) : !mayAdd ? (
        <Empty icon={LibraryBig} title={strings.library.emptyTitle} text={strings.library.emptyReadText} />
      ) : (
        <Empty icon={LibraryBig} title={strings.library.emptyTitle} text={strings.library.emptyText}>
          <button type="button" className="button" onClick={() => void chooseFiles()}>
            <Upload size={16} aria-hidden />
            {strings.home.emptyChoose}
          </button>
        </Empty>
      )}
    </div>
  );
}

function Filters() {
  const filter = useSearch({ from: "/app/library" });
  const navigate = useNavigate({ from: "/library" });
  const { text, onText } = useAddressText(filter.title, TYPING_PAUSE_MS, (title) => {
    void navigate({ search: (before) => ({ ...before, title }), replace: true });
  });

  const choose = (name: "channel" | "status" | "sort", value: string): void => {
    void navigate({ search: (before) => ({ ...before, [name]: value === "" ? undefined : value }), replace: true });
  };

  return (
    <div className="filters" role="search" aria-label={strings.search.filters}>
      <div className="filters__title">
        <Search size={16} aria-hidden />
        <input
          className="input input--quiet"
          type="search"
          aria-label={strings.library.filterTitle}
          placeholder={strings.library.filterTitle}
          value={text}
          onChange={(event) => onText(event.target.value)}
        />
      </div>
      <ChannelSelect value={filter.channel} onChoose={(channel) => choose("channel", channel ?? "")} />
      <select
        className="select select--quiet"
        aria-label={strings.library.status}
        value={filter.status ?? ""}
        onChange={(event) => choose("status", event.target.value)}
      >
        <option value="">{strings.library.anyStatus}</option>
        <option value="completed">{strings.status.completed}</option>
        <option value="processing">{strings.status.processing}</option>
        <option value="pending">{strings.status.pending}</option>
        <option value="failed">{strings.status.failed}</option>
      </select>
      <div className="filters__space" />
      <select
        className="select select--quiet"
        aria-label={strings.library.sort}
        value={filter.sort ?? "newest"}
        onChange={(event) => choose("sort", event.target.value === "newest" ? "" : event.target.value)}
      >
        <option value="newest">{strings.library.newest}</option>
        <option value="oldest">{strings.library.oldest}</option>
        <option value="title">{strings.library.byTitle}</option>
      </select>
    </div>
  );
}
