import "./media.css";
import "./asset.css";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { Copy, Download, File, FileX, FolderInput, Replace, RotateCcw, Trash2 } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import { isApiError } from "../../api/client";
import { assetQuery, foldersQuery } from "../../api/media";
import { useMay } from "../../api/me";
import type { Asset, Folder } from "../../api/types";
import { AlertNotice } from "../../components/AlertNotice";
import { Confirm } from "../../components/Confirm";
import { InlineEdit } from "../../components/InlineEdit";
import { Problem } from "../../components/Problem";
import { formatDateTime } from "../../lib/format";
import { useTitle } from "../../lib/hooks";
import { showToast } from "../../lib/toasts";
import { strings } from "../../strings";
import { tell } from "../library/actions";
import { NotHere } from "../organization/NotHere";
import { pickFiles } from "../uploads/choose";
import { kindOfFile, replaceFile } from "../uploads/manager";
import type { UploadKind } from "../uploads/records";
import { isRemovable, useChangeAsset, useMediaActions } from "./actions";
import { AssetFacts } from "./AssetFacts";
import { AssetPreview } from "./AssetPreview";
import { DeleteForGood } from "./DeleteForGood";
import { DescriptionEditor, TextInPicture } from "./DescriptionEditor";
import { PickFolderDialog } from "./FolderDialogs";
import { MetadataEditor } from "./MetadataEditor";
import { RecordingNotice } from "./RecordingNotice";
import { replacedAs } from "./replacement";
import { Renditions } from "./Renditions";
import { Reread } from "./Reread";
import { Subtitles } from "./Subtitles";
import { TagsEditor } from "./TagsEditor";

const Playground = lazy(() => import("./Playground"));

const FILENAME_LENGTH_MAX = 255;
const NO_FOLDERS: readonly Folder[] = [];

export function AssetPage() {
  const { assetId } = useParams({ from: "/app/files/$assetId" });
  const asset = useQuery(assetQuery(assetId));
  useTitle(asset.data?.filename);

  if (asset.isPending) return <Arriving />;
  if (asset.data) return <Found key={asset.data.id} asset={asset.data} />;
  const missing = isApiError(asset.error) && [400, 404, 422].includes(asset.error.status);
  return (
    <div className="page">
      {missing ? (
        <NotHere
          path={`/assets/${encodeURIComponent(assetId)}`}
          icon={FileX}
          title={strings.asset.notFoundTitle}
          text={strings.asset.notFoundText}
        >
          <Link to="/media" className="button">
            {strings.asset.back}
          </Link>
        </NotHere>
      ) : (
        <>
          <h1 className="visually-hidden">{strings.asset.title}</h1>
          <Problem error={asset.error} onRetry={() => void asset.refetch()} />
        </>
      )}
    </div>
  );
}

/** Of the shape that most files have, so that nothing moves when they are there. */
function Arriving() {
  const mayEdit = useMay("edit_content");
  const { download } = strings.asset;
  const actions = mayEdit ? [download, strings.asset.replace, strings.media.move, strings.media.copy, strings.media.remove] : [download];
  return (
    <div className="page file" aria-busy>
      <span className="visually-hidden" role="status">
        {strings.common.loading}
      </span>
      <div className="page__head file__head">
        <h1 className="page__title file__title">
          <span className="visually-hidden">{strings.asset.title}</span>
          <span className="skeleton file__wait" aria-hidden />
        </h1>
        <div className="file__actions" aria-hidden>
          {actions.map((label) => (
            <span key={label} className="button skeleton file__wait">
              <File size={16} />
              {label}
            </span>
          ))}
        </div>
      </div>
      <div className="file__columns" aria-hidden>
        <div className="file__preview skeleton" style={{ height: 420 }} />
        <div className="file__side skeleton" style={{ height: 420 }} />
      </div>
    </div>
  );
}

function Found({ asset }: { asset: Asset }) {
  const { page } = useSearch({ from: "/app/files/$assetId" });
  const mayEdit = useMay("edit_content");
  const folders = useQuery(foldersQuery).data?.items ?? NO_FOLDERS;
  const change = useChangeAsset(asset.id);
  const editable = mayEdit && asset.deleted_at === null;
  const isRecording = asset.video_id !== null && asset.deleted_at === null;
  const renditions = asset.status === "ready" && asset.deleted_at === null ? <Renditions asset={asset} /> : null;
  return (
    <div className="page file">
      <div className="page__head file__head">
        <h1 className="page__title file__title">
          {editable ? (
            <InlineEdit
              // What it was called does not come back while the new name is on its way.
              value={(change.isPending ? change.variables.filename : undefined) ?? asset.filename}
              label={strings.asset.name}
              maxLength={FILENAME_LENGTH_MAX}
              onSave={(filename) => change.mutate({ filename }, { onError: tell })}
            />
          ) : (
            asset.filename
          )}
        </h1>
        <Actions asset={asset} folders={folders} mayEdit={mayEdit} />
      </div>
      {asset.deleted_at === null ? null : (
        <p className="notice">
          {asset.retention_until ? strings.asset.inBin(formatDateTime(asset.retention_until)) : strings.asset.inBinPlain}
        </p>
      )}
      {asset.error ? (
        <AlertNotice title={strings.asset.failed}>
          <p>{asset.error.message}</p>
        </AlertNotice>
      ) : null}
      <ReplacementNotice asset={asset} />
      {asset.video_id === null || asset.deleted_at !== null ? null : (
        <RecordingNotice videoId={asset.video_id} editable={editable} />
      )}
      <div className="file__columns">
        <div className="file__preview">
          <AssetPreview asset={asset} page={page} />
        </div>
        {/* Where there is one column, what the file is comes before what can be made of it. */}
        <div className="file__side">
          <DescriptionEditor asset={asset} editable={editable} />
          <TextInPicture asset={asset} />
          {editable && asset.status === "ready" && (asset.kind === "image" || asset.kind === "document") ? (
            <Reread asset={asset} kind={asset.kind} />
          ) : null}
          <AssetFacts asset={asset} folders={folders} editable={editable} />
          {isRecording ? null : renditions}
          <TagsEditor asset={asset} editable={editable} />
          <MetadataEditor asset={asset} editable={editable} />
        </div>
        <div className="file__more">
          {asset.kind === "image" && asset.status === "ready" && asset.deleted_at === null ? (
            <Suspense fallback={<div className="skeleton" style={{ height: 320 }} />}>
              <Playground asset={asset} mayEdit={mayEdit} />
            </Suspense>
          ) : null}
          {/* Of a recording there is much, and little to see beside it. */}
          {isRecording ? (
            <>
              {renditions}
              <Subtitles asset={asset} editable={editable} />
            </>
          ) : null}
        </div>
      </div>
    </div>
  );
}

/** A file that is to replace this one, until it does. */
function ReplacementNotice({ asset }: { asset: Asset }) {
  const { replacement } = asset;
  if (!replacement) return null;
  if (replacement.status === "pending") {
    return (
      <p className="notice" role="status">
        {strings.asset.replacing}
      </p>
    );
  }
  return (
    <AlertNotice title={strings.asset.notReplaced}>
      <p>{replacement.error?.message}</p>
    </AlertNotice>
  );
}

/** Asks for a file of the same kind, and sends it. */
async function chooseReplacement(id: string, kind: UploadKind): Promise<void> {
  const [file] = await pickFiles(false);
  if (!file) return;
  if (kindOfFile(file) === kind) replaceFile(file, { id, kind });
  else showToast(strings.asset.replaceOther[kind]);
}

function Actions({ asset, folders, mayEdit }: { asset: Asset; folders: readonly Folder[]; mayEdit: boolean }) {
  const actions = useMediaActions();
  const navigate = useNavigate();
  const [asked, setAsked] = useState<"move" | "copy" | "replace" | "forGood" | null>(null);
  const kind = replacedAs(asset);
  const here = asset.folder_id === null ? {} : { folder: asset.folder_id };
  const leave = (): void => void navigate({ to: "/media", search: here });
  return (
    <div className="file__actions">
      {asset.file_url === null || asset.deleted_at !== null ? null : (
        <a className="button" href={asset.file_url} download={asset.filename}>
          <Download size={16} aria-hidden />
          {strings.asset.download}
        </a>
      )}
      {!mayEdit ? null : asset.deleted_at === null ? (
        <>
          {kind === null ? null : (
            <button
              type="button"
              className="button"
              onClick={() => (kind === "video" ? setAsked("replace") : void chooseReplacement(asset.id, kind))}
            >
              <Replace size={16} aria-hidden />
              {strings.asset.replace}
            </button>
          )}
          <button type="button" className="button" onClick={() => setAsked("move")}>
            <FolderInput size={16} aria-hidden />
            {strings.media.move}
          </button>
          <button type="button" className="button" onClick={() => setAsked("copy")}>
            <Copy size={16} aria-hidden />
            {strings.media.copy}
          </button>
          <button
            type="button"
            className="button button--danger"
            onClick={() => {
              leave();
              void actions.remove([asset.id]);
            }}
          >
            <Trash2 size={16} aria-hidden />
            {strings.media.remove}
          </button>
        </>
      ) : (
        <>
          <button type="button" className="button" onClick={() => void actions.restore([asset.id])}>
            <RotateCcw size={16} aria-hidden />
            {strings.media.restore}
          </button>
          {isRemovable(asset) ? (
            <button type="button" className="button button--danger" onClick={() => setAsked("forGood")}>
              <Trash2 size={16} aria-hidden />
              {strings.media.deleteForGood}
            </button>
          ) : null}
        </>
      )}
      {asked === "move" || asked === "copy" ? (
        <PickFolderDialog
          title={asked === "move" ? strings.media.moveTitle(1) : strings.media.copyTitle(1)}
          action={asked === "move" ? strings.media.move : strings.media.copy}
          folders={folders}
          none={asked === "move" ? strings.media.unsorted : strings.media.beside}
          start={asked === "move" ? asset.folder_id : null}
          onPick={(id, where) => actions[asked]([asset.id], id, where)}
          onClose={() => setAsked(null)}
        />
      ) : null}
      {asked === "replace" ? (
        <Confirm
          title={strings.asset.replaceRecording(asset.filename)}
          text={strings.asset.replaceRecordingText}
          action={strings.asset.chooseFile}
          onConfirm={() => chooseReplacement(asset.id, "video")}
          onClose={() => setAsked(null)}
        />
      ) : null}
      {asked === "forGood" ? (
        <DeleteForGood
          title={strings.media.forGoodNamed(asset.filename)}
          ids={[asset.id]}
          keepsRecordings={false}
          actions={actions}
          onDone={() => void navigate({ to: "/media", search: { bin: "1" } })}
          onClose={() => setAsked(null)}
        />
      ) : null}
    </div>
  );
}
