import "./card.css";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { CircleAlert, EllipsisVertical, PencilLine, RotateCw, Trash2 } from "lucide-react";
import { DropdownMenu } from "radix-ui";
import { memo, useEffect, useRef, useState, type PointerEvent, type RefObject } from "react";
import { useMay } from "../../api/me";
import { isBusy } from "../../api/queries";
import type { Video } from "../../api/types";
import { Initials, speakerName } from "../../components/Initials";
import { InlineEdit } from "../../components/InlineEdit";
import { kindIcons } from "../../components/kind";
import { Progress } from "../../components/Progress";
import { formatAge, formatClock, speakClock } from "../../lib/format";
import { strings } from "../../strings";
import type { VideoActions } from "./actions";
import { mayEndOtherwise, stageName } from "./stage";
import { StoryboardPicture, storyboardQuery } from "./storyboard";

const SPEAKERS_SHOWN = 4;

/** A recording as a tile. The title is the link; the whole tile follows it. */
export const VideoCard = memo(function VideoCard({ video, actions }: { video: Video; actions: VideoActions }) {
  const [renaming, setRenaming] = useState(false);
  const mayEdit = useMay("edit_content");
  const media = useRef<HTMLDivElement>(null);
  const menu = useRef<HTMLButtonElement>(null);
  // Where the mouse is over the poster, 0 to 1 across; the link covers the tile, so the tile listens.
  const [pointer, setPointer] = useState<number | null>(null);

  const follow = (event: PointerEvent): void => {
    const bounds = media.current?.getBoundingClientRect();
    if (event.pointerType !== "mouse" || !bounds) return;
    const inside = event.clientY <= bounds.bottom && !renaming;
    setPointer(inside ? Math.min(0.999, Math.max(0, (event.clientX - bounds.left) / bounds.width)) : null);
  };

  return (
    <article
      className="card"
      data-status={video.status}
      onPointerMove={follow}
      onPointerLeave={() => setPointer(null)}
    >
      <Poster video={video} box={media} pointer={pointer} />
      <div className="card__body">
        <div className="card__text">
          <h3 className="card__title">
            {renaming ? (
              <InlineEdit
                editing
                value={video.title}
                label={strings.library.titleOf}
                maxLength={200}
                onSave={(title) => actions.rename(video, title)}
                onDone={(byKey) => {
                  setRenaming(false);
                  if (byKey) menu.current?.focus();
                }}
              />
            ) : (
              <Link to="/videos/$videoId" params={{ videoId: video.id }} className="card__link" title={video.title} data-focus>
                {video.title}
              </Link>
            )}
          </h3>
          <div className="card__meta">
            <time dateTime={video.created_at}>{formatAge(video.created_at)}</time>
            <Speakers video={video} />
          </div>
        </div>
        {mayEdit ? <CardMenu button={menu} video={video} actions={actions} onRename={() => setRenaming(true)} /> : null}
      </div>
    </article>
  );
});

function Speakers({ video }: { video: Video }) {
  if (video.speakers.length === 0) return null;
  const names = video.speakers.map(speakerName).join(", ");
  return (
    <span className="card__speakers" title={names}>
      <span className="visually-hidden">{names}</span>
      {video.speakers.slice(0, SPEAKERS_SHOWN).map((speaker) => (
        <Initials key={speaker.id} speaker={speaker} />
      ))}
      {video.speakers.length > SPEAKERS_SHOWN ? (
        <span className="faint small" aria-hidden>
          +{video.speakers.length - SPEAKERS_SHOWN}
        </span>
      ) : null}
    </span>
  );
}

function Poster({
  video,
  box,
  pointer,
}: {
  video: Video;
  box: RefObject<HTMLDivElement | null>;
  pointer: number | null;
}) {
  const [loaded, setLoaded] = useState(false);
  const [broken, setBroken] = useState(false);
  const [width, setWidth] = useState(0);
  const preview = pointer !== null && video.playable && video.kind === "video";
  const storyboard = video.storyboard_url;
  const frames = useQuery({ ...storyboardQuery(video.id, storyboard), enabled: preview && storyboard !== null });
  const Kind = kindIcons[video.kind];

  useEffect(() => {
    if (preview) setWidth(box.current?.clientWidth ?? 0);
  }, [preview, box]);

  const list = frames.data ?? [];
  const frame = preview ? list[Math.floor(pointer * list.length)] : undefined;
  return (
    <div
      ref={box}
      className="card__media"
      data-kind={video.kind}
    >
      <Kind className="card__kind" size={28} strokeWidth={1.5} aria-hidden />
      {video.poster_url !== null && !broken ? (
        <img
          src={video.poster_url}
          alt=""
          loading="lazy"
          decoding="async"
          data-loaded={loaded}
          onLoad={() => setLoaded(true)}
          onError={() => setBroken(true)}
        />
      ) : null}
      {frame ? (
        <div className="card__storyboard">
          <StoryboardPicture frame={frame} width={width} />
          <span className="card__scrub" style={{ width: `${(pointer ?? 0) * 100}%` }} />
        </div>
      ) : null}
      {video.status === "completed" && video.duration_ms !== null ? (
        <span className="card__badge time">
          <span aria-hidden>{formatClock(frame ? frame.start_ms : video.duration_ms)}</span>
          <span className="visually-hidden">{speakClock(video.duration_ms)}</span>
        </span>
      ) : null}
      {isBusy(video) ? <Working video={video} /> : null}
      {video.status === "failed" ? (
        <span className="card__failed">
          <CircleAlert size={16} aria-hidden />
          {strings.status.failed}
        </span>
      ) : null}
    </div>
  );
}

function Working({ video }: { video: Video }) {
  const stage = stageName(video);
  return (
    <div className="card__working">
      <p>
        <span className="truncate">{stage}</span>
        <span className="number">{Math.round(video.progress)} %</span>
      </p>
      <Progress label={`${video.title}: ${stage}`} value={video.progress} />
    </div>
  );
}

function CardMenu({
  button,
  video,
  actions,
  onRename,
}: {
  button: RefObject<HTMLButtonElement | null>;
  video: Video;
  actions: VideoActions;
  onRename: () => void;
}) {
  const renameNext = useRef(false);
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger asChild>
        <button
          ref={button}
          type="button"
          className="icon-button icon-button--small card__menu"
          aria-label={strings.library.actionsFor(video.title)}
        >
          <EllipsisVertical size={16} aria-hidden />
        </button>
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content
          className="menu"
          align="end"
          sideOffset={4}
          onCloseAutoFocus={(event) => {
            // The name field takes the focus; giving it back to the menu button would close the field.
            if (renameNext.current) event.preventDefault();
            renameNext.current = false;
          }}
        >
          <DropdownMenu.Item
            className="menu__item"
            onSelect={() => {
              renameNext.current = true;
              onRename();
            }}
          >
            <PencilLine size={16} aria-hidden />
            {strings.library.rename}
          </DropdownMenu.Item>
          {video.status === "failed" && mayEndOtherwise(video) ? (
            <DropdownMenu.Item className="menu__item" onSelect={() => actions.retry(video)}>
              <RotateCw size={16} aria-hidden />
              {strings.library.retry}
            </DropdownMenu.Item>
          ) : null}
          <div className="menu__rule" />
          <DropdownMenu.Item className="menu__item menu__item--danger" onSelect={() => actions.remove(video)}>
            <Trash2 size={16} aria-hidden />
            {strings.library.delete}
          </DropdownMenu.Item>
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}

/** The shape of a card while it loads. */
export function VideoCardSkeleton() {
  return (
    <div className="card" aria-hidden>
      <div className="card__media skeleton" />
      <div className="card__body">
        <div className="card__text card__text--skeleton">
          <div className="skeleton" style={{ width: "72%", height: 14 }} />
          <div className="skeleton" style={{ width: "36%", height: 12 }} />
        </div>
      </div>
    </div>
  );
}
