import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Download, ExternalLink } from "lucide-react";
import { useEffect, useId, useRef, useState } from "react";
import { useMay } from "../../api/me";
import { keys } from "../../api/queries";
import { isUnderway, renditionCommands, renditionsQuery, soundTaskQuery } from "../../api/renditions";
import type { Asset, Rendition, WantedRendition } from "../../api/types";
import { BusyButton } from "../../components/BusyButton";
import { Problem } from "../../components/Problem";
import { Progress } from "../../components/Progress";
import { strings } from "../../strings";
import { inOrder, pictureUrl, renditionFacts, renditionName } from "./rendition-names";

const FORMATS = ["mp3", "opus"] as const satisfies readonly WantedRendition["format"][];
/** What is usual for speech. */
const SPEECH_LUFS = -16;

/** What was made of the file, with what can be downloaded, and the making of sound files. */
export function Renditions({ asset }: { asset: Asset }) {
  const mayEdit = useMay("edit_content");
  const list = useInfiniteQuery(renditionsQuery(asset));
  const items = list.data?.pages.flatMap((page) => page.items) ?? [];
  const makesSound = asset.video_id !== null && asset.channels !== null;
  if (!makesSound && list.isSuccess && items.length === 0) return null;
  return (
    <section className="file__section" aria-labelledby="file-renditions">
      <h2 id="file-renditions">{strings.renditions.title}</h2>
      {list.isError && items.length === 0 ? <Problem error={list.error} onRetry={() => void list.refetch()} /> : null}
      {list.isPending ? <div className="skeleton" style={{ height: 160 }} /> : null}
      {items.length > 0 ? (
        <ul className="renditions" aria-label={strings.renditions.title}>
          {inOrder(items).map((one) => (
            <Row key={one.name} rendition={one} />
          ))}
        </ul>
      ) : null}
      {list.hasNextPage ? (
        <div>
          <BusyButton type="button" className="button" busy={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
            {strings.common.more}
          </BusyButton>
        </div>
      ) : null}
      {makesSound ? <Sound asset={asset} items={items} mayEdit={mayEdit} /> : null}
    </section>
  );
}

function Row({ rendition }: { rendition: Rendition }) {
  const name = renditionName(rendition);
  const picture = pictureUrl(rendition);
  return (
    <li className="renditions__row">
      <span className="renditions__what">
        <span>{name}</span>
        <span className="faint small number">{renditionFacts(rendition).join(" · ")}</span>
      </span>
      {rendition.download_url === null ? null : (
        <a className="button button--small" href={rendition.download_url} download aria-label={strings.renditions.downloadOf(name)}>
          <Download size={14} aria-hidden />
          {strings.asset.download}
        </a>
      )}
      {picture === null ? null : (
        <a
          className="button button--small"
          href={picture}
          target="_blank"
          rel="noreferrer"
          aria-label={strings.renditions.openOf(name)}
        >
          <ExternalLink size={14} aria-hidden />
          {strings.renditions.open}
        </a>
      )}
    </li>
  );
}

function Sound({ asset, items, mayEdit }: { asset: Asset; items: readonly Rendition[]; mayEdit: boolean }) {
  const client = useQueryClient();
  const [format, setFormat] = useState<WantedRendition["format"]>("mp3");
  const [levelled, setLevelled] = useState(false);
  const formatId = useId();
  const task = useQuery(soundTaskQuery(asset.id)).data ?? undefined;
  const underway = isUnderway(task);
  const make = useMutation({
    mutationFn: () => renditionCommands.make(asset.id, { format, ...(levelled ? { loudness_lufs: SPEECH_LUFS } : {}) }),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: keys.soundTask(asset.id) });
      void client.invalidateQueries({ queryKey: keys.renditions(asset.id) });
    },
  });
  // What was made is in the list once its task is over.
  const was = useRef(underway);
  useEffect(() => {
    if (was.current && !underway) void client.invalidateQueries({ queryKey: keys.renditions(asset.id) });
    was.current = underway;
  }, [underway, client, asset.id]);
  const there = items.some(
    (one) =>
      one.kind === "sound" &&
      one.content_type === (format === "mp3" ? "audio/mpeg" : "audio/ogg") &&
      one.loudness_lufs === (levelled ? SPEECH_LUFS : null),
  );
  return (
    <div className="renditions__sound">
      {mayEdit ? (
        <form
          className="renditions__form"
          onSubmit={(event) => {
            event.preventDefault();
            make.mutate();
          }}
        >
          <div className="field">
            <label className="field__label" htmlFor={formatId}>
              {strings.renditions.format}
            </label>
            <select
              id={formatId}
              className="select"
              value={format}
              onChange={(event) => setFormat(event.target.value as WantedRendition["format"])}
            >
              {FORMATS.map((one) => (
                <option key={one} value={one}>
                  {strings.renditions[one]}
                </option>
              ))}
            </select>
          </div>
          <label className="check">
            <input type="checkbox" checked={levelled} onChange={(event) => setLevelled(event.target.checked)} />
            {strings.renditions.level(SPEECH_LUFS)}
          </label>
          <BusyButton type="submit" className="button" busy={there || make.isPending}>
            {strings.renditions.make}
          </BusyButton>
        </form>
      ) : null}
      {make.isError ? <Problem error={make.error} /> : null}
      {task && underway ? (
        <div className="renditions__progress">
          <p className="small soft" role="status">
            {strings.renditions.making}
          </p>
          <Progress label={strings.renditions.making} value={task.progress} />
        </div>
      ) : null}
      {task?.status === "failed" ? (
        <p className="field__error" role="alert">
          {strings.renditions.failed} {task.error_message}
        </p>
      ) : null}
    </div>
  );
}
