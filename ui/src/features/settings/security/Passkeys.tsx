import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Fingerprint } from "lucide-react";
import { useState } from "react";
import { accountCommands, asksForPassword, passkeysQuery } from "../../../api/account";
import { fieldErrors } from "../../../api/client";
import { keys } from "../../../api/queries";
import { NAME_MAX, type Passkey } from "../../../api/types";
import { AskPassword } from "../../../components/AskPassword";
import { BusyButton } from "../../../components/BusyButton";
import { Confirm } from "../../../components/Confirm";
import { Dialog } from "../../../components/Dialog";
import { Problem } from "../../../components/Problem";
import { TextField } from "../../../components/TextField";
import { formatAge, formatDate } from "../../../lib/format";
import { deviceName, readDevice } from "../../../lib/device";
import { isDeclined, isKnownAlready, makePasskey, passkeyHindrance } from "../../../lib/passkeys";
import { showToast } from "../../../lib/toasts";
import { strings } from "../../../strings";

/** Key pairs on the person's devices that take the place of password and code. */
export function Passkeys() {
  const client = useQueryClient();
  const list = useQuery(passkeysQuery);
  const [renamed, setRenamed] = useState<Passkey | null>(null);
  const [doomed, setDoomed] = useState<Passkey | null>(null);
  const [proving, setProving] = useState<"add" | Passkey | null>(null);
  const changed = (): Promise<void> => client.invalidateQueries({ queryKey: keys.passkeys });
  const hindrance = passkeyHindrance();

  const add = useMutation({
    mutationFn: async (password: string | null) => {
      const made = await makePasskey(await accountCommands.beginPasskey(password));
      const passkey = await accountCommands.createPasskey({ ...made, name: deviceName(readDevice(navigator.userAgent)) });
      await changed();
      showToast(strings.passkeys.added(passkey.name));
    },
    onError: (error) => {
      if (asksForPassword(error)) setProving("add");
    },
  });
  const remove = async (passkey: Passkey, password: string | null): Promise<void> => {
    await accountCommands.deletePasskey(passkey.id, password);
    await changed();
    showToast(strings.passkeys.removed(passkey.name));
  };

  return (
    <section className="settings__section">
      <div>
        <h2>{strings.passkeys.title}</h2>
        <p className="soft">{strings.passkeys.lead}</p>
      </div>
      {list.isPending ? (
        <div className="skeleton" style={{ height: 56 }} />
      ) : list.data === undefined ? (
        <Problem error={list.error} onRetry={() => void list.refetch()} />
      ) : list.data.items.length === 0 ? (
        <p className="faint">{strings.passkeys.none}</p>
      ) : (
        <ul className="rows" aria-label={strings.passkeys.title}>
          {list.data.items.map((passkey) => (
            <PasskeyRow
              key={passkey.id}
              passkey={passkey}
              onRename={() => setRenamed(passkey)}
              onRemove={() => setDoomed(passkey)}
            />
          ))}
        </ul>
      )}
      {add.isError && !isDeclined(add.error) && !asksForPassword(add.error) ? (
        isKnownAlready(add.error) ? (
          <p className="notice" role="alert">
            {strings.passkeys.known}
          </p>
        ) : (
          <Problem error={add.error} />
        )
      ) : null}
      {hindrance === null ? (
        <div>
          <BusyButton type="button" className="button button--primary" busy={add.isPending} onClick={() => add.mutate(null)}>
            <Fingerprint size={16} aria-hidden />
            {add.isPending ? strings.passkeys.adding : strings.passkeys.add}
          </BusyButton>
        </div>
      ) : (
        <p className="soft">{strings.passkeys.hindrance[hindrance]}</p>
      )}
      {renamed ? <Rename passkey={renamed} onRenamed={changed} onClose={() => setRenamed(null)} /> : null}
      {doomed ? (
        <Confirm
          title={strings.passkeys.removeTitle(doomed.name)}
          text={strings.passkeys.removeText}
          action={strings.passkeys.remove}
          onConfirm={async () => {
            try {
              await remove(doomed, null);
            } catch (error) {
              if (!asksForPassword(error)) throw error;
              setProving(doomed);
            }
          }}
          onClose={() => setDoomed(null)}
        />
      ) : null}
      {proving === "add" ? (
        <AskPassword
          title={strings.passkeys.addTitle}
          text={strings.passkeys.addText}
          action={strings.passkeys.goOn}
          onSubmit={(password) => add.mutateAsync(password)}
          onClose={() => setProving(null)}
        />
      ) : proving ? (
        <AskPassword
          danger
          title={strings.passkeys.removeTitle(proving.name)}
          text={strings.passkeys.removeProof}
          action={strings.passkeys.remove}
          onSubmit={(password) => remove(proving, password)}
          onClose={() => setProving(null)}
        />
      ) : null}
    </section>
  );
}

function PasskeyRow({ passkey, onRename, onRemove }: { passkey: Passkey; onRename: () => void; onRemove: () => void }) {
  const facts = [
    strings.settings.created(formatDate(passkey.created_at)),
    passkey.last_used_at === null ? strings.passkeys.unused : strings.passkeys.used(formatAge(passkey.last_used_at)),
  ];
  return (
    <li className="row">
      <span className="row__icon">
        <Fingerprint size={20} strokeWidth={1.75} aria-hidden />
      </span>
      <div className="row__text">
        <p className="row__name">
          <span className="truncate">{passkey.name}</span>
          {passkey.backed_up ? <span className="tag">{strings.passkeys.backedUp}</span> : null}
        </p>
        <p className="faint small">{facts.join(" · ")}</p>
      </div>
      <div className="row__action row__action--pair">
        <button
          type="button"
          className="button button--small"
          aria-label={strings.passkeys.renameOf(passkey.name)}
          onClick={onRename}
        >
          {strings.passkeys.rename}
        </button>
        <button
          type="button"
          className="button button--small"
          aria-label={strings.passkeys.removeOf(passkey.name)}
          onClick={onRemove}
        >
          {strings.passkeys.remove}
        </button>
      </div>
    </li>
  );
}

function Rename({ passkey, onRenamed, onClose }: { passkey: Passkey; onRenamed: () => Promise<void>; onClose: () => void }) {
  const [name, setName] = useState(passkey.name);
  const save = useMutation({
    mutationFn: () => accountCommands.renamePasskey(passkey.id, name.trim()),
    onSuccess: async () => {
      await onRenamed();
      onClose();
    },
  });
  const errors = fieldErrors(save.error, { name_invalid: "name" });
  return (
    <Dialog open onClose={onClose} title={strings.passkeys.renameTitle}>
      <form
        className="dialog__form"
        onSubmit={(event) => {
          event.preventDefault();
          if (name.trim() !== "") save.mutate();
        }}
      >
        {save.isError && errors.name === undefined ? <Problem error={save.error} /> : null}
        <TextField
          label={strings.passkeys.name}
          value={name}
          maxLength={NAME_MAX}
          error={errors.name}
          onChange={(event) => setName(event.target.value)}
        />
        <div className="dialog__actions">
          <button type="button" className="button" onClick={onClose}>
            {strings.common.cancel}
          </button>
          <BusyButton type="submit" className="button button--primary" disabled={name.trim() === ""} busy={save.isPending}>
            {strings.common.save}
          </BusyButton>
        </div>
      </form>
    </Dialog>
  );
}
