import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Download, ExternalLink } from "lucide-react";
import { useId, useState } from "react";
import { useMay } from "../../api/me";
import { keys } from "../../api/queries";
import { encodeTaskQuery, isUnderway, renditionCommands, renditionsQuery, soundTaskQuery } from "../../api/renditions";
import type { Asset, Rendition, WantedRendition } from "../../api/types";
import { BusyButton } from "../../components/BusyButton";
import { LoadMore } from "../../components/LoadMore";
import { Problem } from "../../components/Problem";
import { strings } from "../../strings";
import { HowFar } from "./HowFar";
import { inOrder, pictureUrl, renditionFacts, renditionName } from "./rendition-names";
import { useTaskOver } from "./task-over";

const FORMATS = ["mp3", "opus"] as const satisfies readonly WantedRendition["format"][];
/** What is usual for speech. */
const SPEECH_LUFS = -16;

const made = (assetId: string) => [keys.renditions(assetId)];

/** What was made of the file, with what can be downloaded, the making of sound files, and the encoding of a video anew. */
export function Renditions({ asset }: { asset: Asset }) {
  const mayEdit = useMay("edit_content");
  const list = useInfiniteQuery(renditionsQuery(asset));
  const items = list.data?.pages.flatMap((page) => page.items) ?? [];
  const makesSound = asset.video_id !== null && asset.channels !== null;
  // It is among the first that were made, with which the list ends.
  const isPackaged = list.hasNextPage || items.some((one) => one.kind === "hls_master");
  const encodes = asset.video_id !== null && asset.kind === "video" && isPackaged;
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
      <LoadMore list={list} />
      {makesSound ? <Sound asset={asset} items={items} mayEdit={mayEdit} /> : null}
      {encodes ? <Encoding asset={asset} mayEdit={mayEdit} /> : null}
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
  const found = useQuery(soundTaskQuery(asset.id)).data;
  const task = found ?? undefined;
  useTaskOver(found, asset.id, made);
  const make = useMutation({
    mutationFn: () => renditionCommands.make(asset.id, { format, ...(levelled ? { loudness_lufs: SPEECH_LUFS } : {}) }),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: keys.soundTask(asset.id) });
      void client.invalidateQueries({ queryKey: keys.renditions(asset.id) });
    },
  });
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
      <HowFar task={task} doing={strings.renditions.making} failed={strings.renditions.failed} />
    </div>
  );
}

function Encoding({ asset, mayEdit }: { asset: Asset; mayEdit: boolean }) {
  const client = useQueryClient();
  const hintId = useId();
  const found = useQuery(encodeTaskQuery(asset.id)).data;
  const task = found ?? undefined;
  useTaskOver(found, asset.id, made);
  const encode = useMutation({
    mutationFn: () => renditionCommands.encode(asset.id),
    onSuccess: () => void client.invalidateQueries({ queryKey: keys.encodeTask(asset.id) }),
  });
  return (
    <div className="renditions__sound">
      {mayEdit ? (
        <div className="renditions__form">
          <BusyButton
            type="button"
            className="button"
            aria-describedby={hintId}
            busy={encode.isPending || isUnderway(task)}
            onClick={() => encode.mutate()}
          >
            {strings.renditions.encode}
          </BusyButton>
          <p id={hintId} className="small soft">
            {strings.renditions.encodeHint}
          </p>
        </div>
      ) : null}
      {encode.isError ? <Problem error={encode.error} /> : null}
      <HowFar task={task} doing={strings.renditions.encoding} failed={strings.renditions.encodingFailed} />
    </div>
  );
}
