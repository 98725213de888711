import { useMutation, useQuery } from "@tanstack/react-query";
import { useId, useState, type SyntheticEvent } from "react";
import { fieldErrors } from "../../api/client";
import { uploadLimitsQuery } from "../../api/limits";
import { mediaCommands } from "../../api/media";
import type { UploadLimits } from "../../api/types";
import { BusyButton } from "../../components/BusyButton";
import { Dialog } from "../../components/Dialog";
import { Problem } from "../../components/Problem";
import { TextField } from "../../components/TextField";
import { useStore } from "../../lib/store";
import { strings } from "../../strings";
import { sizeText } from "../settings/limits/sizes";
import { useOpenFolderName } from "./folder-name";
import { importing } from "./importing";
import { followImport, kindOfName, openFolder } from "./manager";
import type { UploadKind } from "./records";

const URL_LENGTH_MAX = 4000;
const KINDS: readonly UploadKind[] = ["video", "image", "document"];

/** Asks for the link to a file, which the server fetches; what becomes of it is shown among the uploads. */
export function ImportDialog() {
  const open = useStore(importing);
  return open ? <Ask onClose={() => importing.set(false)} /> : null;
}

function Ask({ onClose }: { onClose: () => void }) {
  const field = useId();
  const [url, setUrl] = useState("");
  const [chosen, setChosen] = useState<UploadKind | null>(null);
  const folder = useOpenFolderName();
  const kind = chosen ?? kindOfName(nameIn(url)) ?? "video";
  const limits = useQuery(uploadLimitsQuery).data;
  const start = useMutation({
    mutationFn: () => mediaCommands.importFile({ url: url.trim(), kind, folder_id: openFolder.get() }),
    onSuccess: (file) => {
      followImport(file, nameIn(url) || strings.upload.importKinds[kind], kind);
      onClose();
    },
  });
  const wrong = fieldErrors(start.error, { url_refused: "url", url_invalid: "url" } as const);
  const submit = (event: SyntheticEvent): void => {
    event.preventDefault();
    if (url.trim() !== "") start.mutate();
  };
  return (
    <Dialog open onClose={onClose} title={strings.upload.importTitle}>
      <form className="dialog__form" onSubmit={submit}>
        <p className="soft">{strings.upload.importLead}</p>
        <TextField
          label={strings.upload.importUrl}
          hint={strings.upload.importUrlHint}
          type="url"
          inputMode="url"
          value={url}
          maxLength={URL_LENGTH_MAX}
          autoComplete="off"
          required
          error={wrong.url}
          onChange={(event) => {
            setUrl(event.target.value);
            start.reset();
          }}
        />
        <div className="field">
          <label className="field__label" htmlFor={field}>
            {strings.upload.importKind}
          </label>
          <select
            id={field}
            className="select"
            value={kind}
            aria-describedby={limits ? `${field}-most` : undefined}
            onChange={(event) => setChosen(event.target.value as UploadKind)}
          >
            {KINDS.map((one) => (
              <option key={one} value={one}>
                {strings.upload.importKinds[one]}
              </option>
            ))}
          </select>
          {limits ? (
            <p id={`${field}-most`} className="field__hint">
              {mostOf(limits, kind)}
            </p>
          ) : null}
        </div>
        {folder === null ? null : <p className="soft small">{strings.upload.importInto(folder)}</p>}
        {start.isError && wrong.url === undefined ? <Problem error={start.error} /> : null}
        <div className="dialog__actions">
          <button type="button" className="button" onClick={onClose}>
            {strings.common.cancel}
          </button>
          <BusyButton type="submit" className="button button--primary" disabled={url.trim() === ""} busy={start.isPending}>
            {strings.upload.importStart}
          </BusyButton>
        </div>
      </form>
    </Dialog>
  );
}

/** How large what a link leads to may be. Whether a recording is sound alone, only its file tells. */
function mostOf(limits: UploadLimits, kind: UploadKind): string {
  if (kind === "video") return strings.limits.upToRecordings(sizeText(limits.video_bytes_max), sizeText(limits.audio_bytes_max));
  return strings.limits.upTo(sizeText(kind === "image" ? limits.image_bytes_max : limits.document_bytes_max));
}

/** The last part of an address, as the server names the file. */
function nameIn(url: string): string {
  try {
    return decodeURIComponent(new URL(url.trim()).pathname.split("/").at(-1) ?? "");
  } catch {
    return "";
  }
}
