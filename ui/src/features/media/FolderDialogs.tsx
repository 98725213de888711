import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useId, useState, type SyntheticEvent } from "react";
import { fieldErrors } from "../../api/client";
import { keys } from "../../api/queries";
import type { Folder } from "../../api/types";
import { BusyButton } from "../../components/BusyButton";
import { Dialog } from "../../components/Dialog";
import { Problem } from "../../components/Problem";
import { TextField } from "../../components/TextField";
import { strings } from "../../strings";
import { folderChoices } from "./folders";

const NAME_LENGTH_MAX = 100;

/** Asks for the name of a folder, a new one or one that has another. */
export function FolderNameDialog({
  title,
  action,
  name: before = "",
  onSave,
  onClose,
}: {
  title: string;
  action: string;
  name?: string;
  onSave: (name: string) => Promise<unknown>;
  onClose: () => void;
}) {
  const client = useQueryClient();
  const [name, setName] = useState(before);
  const save = useMutation({
    mutationFn: () => onSave(name.trim()),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: keys.folders });
      onClose();
    },
  });
  const wrong = fieldErrors(save.error, { folder_name_taken: "name", name_invalid: "name" } as const);
  const submit = (event: SyntheticEvent): void => {
    event.preventDefault();
    if (name.trim() !== "") save.mutate();
  };
  return (
    <Dialog open onClose={onClose} title={title}>
      <form className="dialog__form" onSubmit={submit}>
        <TextField
          label={strings.media.folderName}
          value={name}
          maxLength={NAME_LENGTH_MAX}
          autoComplete="off"
          required
          error={wrong.name}
          onChange={(event) => setName(event.target.value)}
        />
        {save.isError && wrong.name === undefined ? <Problem error={save.error} /> : null}
        <div className="dialog__actions">
          <button type="button" className="button" onClick={onClose}>
            {strings.common.cancel}
          </button>
          <BusyButton type="submit" className="button button--primary" disabled={name.trim() === ""} busy={save.isPending}>
            {action}
          </BusyButton>
        </div>
      </form>
    </Dialog>
  );
}

/** Asks for a folder; null is none of them. */
export function PickFolderDialog({
  title,
  action,
  folders,
  without,
  none,
  start,
  onPick,
  onClose,
}: {
  title: string;
  action: string;
  folders: readonly Folder[];
  /** A folder that it cannot be, nor any in it. */
  without?: string;
  /** What to call none of them. */
  none: string;
  start: string | null;
  onPick: (id: string | null, where: string) => Promise<unknown>;
  onClose: () => void;
}) {
  const field = useId();
  const [chosen, setChosen] = useState(start ?? "");
  const choices = folderChoices(folders, without);
  const pick = useMutation({
    mutationFn: () => onPick(chosen === "" ? null : chosen, folders.find((folder) => folder.id === chosen)?.name ?? none),
    onSuccess: onClose,
  });
  return (
    <Dialog open onClose={onClose} title={title}>
      <form
        className="dialog__form"
        onSubmit={(event) => {
          event.preventDefault();
          pick.mutate();
        }}
      >
        <div className="field">
          <label className="field__label" htmlFor={field}>
            {strings.media.moveTo}
          </label>
          <select id={field} className="select" value={chosen} onChange={(event) => setChosen(event.target.value)}>
            <option value="">{none}</option>
            {choices.map(({ id, path }) => (
              <option key={id} value={id}>
                {path}
              </option>
            ))}
          </select>
        </div>
        {pick.isError ? <Problem error={pick.error} /> : null}
        <div className="dialog__actions">
          <button type="button" className="button" onClick={onClose}>
            {strings.common.cancel}
          </button>
          <BusyButton type="submit" className="button button--primary" busy={pick.isPending}>
            {action}
          </BusyButton>
        </div>
      </form>
    </Dialog>
  );
}
