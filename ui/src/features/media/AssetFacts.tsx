import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { Asset, Folder } from "../../api/types";
import { BusyButton } from "../../components/BusyButton";
import { CopyIcon } from "../../components/CopyIcon";
import { formatBytes, formatClock, formatDateTime } from "../../lib/format";
import { showToast } from "../../lib/toasts";
import { strings } from "../../strings";
import { tell } from "../library/actions";
import { useChangeAsset } from "./actions";
import { folderPath } from "./folders";
import { recordingFacts } from "./recording-facts";
import { kindName } from "./Thumb";

/** What is known of the file, and where and for how long it is kept. */
export function AssetFacts({ asset, folders, editable }: { asset: Asset; folders: readonly Folder[]; editable: boolean }) {
  const change = useChangeAsset(asset.id);
  // Not with the callbacks of the page, which may be gone by the time that somebody takes it back.
  const keep = async (forGood: boolean): Promise<void> => {
    try {
      const { filename, expires_at } = await change.mutateAsync({ is_temporary: !forGood });
      if (expires_at === null) showToast(strings.asset.keptForGood(filename));
      else {
        const undo = { label: strings.common.undo, run: () => void keep(true) };
        showToast(strings.asset.keptUntil(filename, formatDateTime(expires_at)), undo);
      }
    } catch (error) {
      tell(error);
    }
  };
  const path = folderPath(folders, asset.folder_id ?? "");
  const temporary = asset.expires_at !== null;
  const { image } = asset;
  const facts: [string, ReactNode][] = [[strings.asset.kind, kindName(asset.kind)]];
  if (asset.content_type !== null) facts.push([strings.asset.type, asset.content_type]);
  facts.push([strings.asset.size, formatBytes(asset.size_bytes)]);
  if (asset.width !== null && asset.height !== null) {
    facts.push([strings.asset.dimensions, strings.asset.pixels(asset.width, asset.height)]);
  }
  if (asset.duration_seconds !== null) facts.push([strings.asset.duration, formatClock(asset.duration_seconds * 1000)]);
  if (asset.page_count !== null) facts.push([strings.asset.pages, asset.page_count]);
  facts.push(...recordingFacts(asset));
  if (image) {
    const colours = strings.asset.colourSpaces[image.colour_space] ?? image.colour_space;
    facts.push([strings.asset.colours, image.has_alpha ? `${colours}, ${strings.asset.transparent}` : colours]);
    if (image.is_animated) facts.push([strings.asset.frames, image.frames]);
  }
  facts.push([strings.asset.added, <time dateTime={asset.created_at}>{formatDateTime(asset.created_at)}</time>]);
  facts.push([
    strings.asset.folder,
    <Link to="/media" search={{ folder: asset.folder_id ?? "none" }} className="file__link">
      {/* Until the folders are there, nobody knows what it is called. */}
      {asset.folder_id === null ? strings.media.unsorted : path.map((folder) => folder.name).join(" / ") || "…"}
    </Link>,
  ]);
  // Of what lies in the bin, the notice above says for how long.
  if (asset.deleted_at === null) {
    facts.push([
      strings.asset.keeping,
      <span className="file__keeping">
        {asset.expires_at === null ? strings.asset.permanent : strings.asset.temporaryUntil(formatDateTime(asset.expires_at))}
        {editable ? (
          <BusyButton
            type="button"
            className="button button--small"
            busy={change.isPending}
            onClick={() => void keep(temporary)}
          >
            {temporary ? strings.asset.makePermanent : strings.asset.makeTemporary}
          </BusyButton>
        ) : null}
      </span>,
    ]);
  }
  facts.push([strings.asset.id, <Copied label={strings.asset.copyId} text={asset.id} />]);
  if (asset.sha256 !== null) facts.push([strings.asset.checksum, <Copied label={strings.asset.copyChecksum} text={asset.sha256} />]);
  return (
    <section className="file__section" aria-labelledby="file-facts">
      <h2 id="file-facts">{strings.asset.facts}</h2>
      <dl className="file__facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd className="number">{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

/** What people take along rather than read. */
function Copied({ label, text }: { label: string; text: string }) {
  return (
    <span className="file__copied">
      <code className="file__sum">{text}</code>
      <CopyIcon label={label} text={text} />
    </span>
  );
}
