import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Check, Copy, Download } from "lucide-react";
import { useState } from "react";
import { accountCommands, asksForPassword } from "../../../api/account";
import { fieldErrors } from "../../../api/client";
import { useMe } from "../../../api/me";
import { keys } from "../../../api/queries";
import type { TotpSecret } from "../../../api/types";
import { AskPassword } from "../../../components/AskPassword";
import { BusyButton } from "../../../components/BusyButton";
import { Confirm } from "../../../components/Confirm";
import { Problem } from "../../../components/Problem";
import { QrCode } from "../../../components/QrCode";
import { TextField } from "../../../components/TextField";
import { copyText } from "../../../lib/clipboard";
import { save } from "../../../lib/download";
import { showToast } from "../../../lib/toasts";
import { strings } from "../../../strings";

/** The authenticator app that is asked for a code beside the password. */
export function Totp() {
  const client = useQueryClient();
  const on = useMe()?.user.has_totp ?? false;
  const [codes, setCodes] = useState<string[] | null>(null);
  const [asked, setAsked] = useState<"renew" | "off" | null>(null);
  const [proving, setProving] = useState<"begin" | "renew" | "off" | null>(null);
  const changed = (): Promise<void> => client.invalidateQueries({ queryKey: keys.me });
  const begin = useMutation({
    mutationFn: accountCommands.beginTotp,
    onError: (error) => {
      if (asksForPassword(error)) setProving("begin");
    },
  });
  const renew = async (password: string | null): Promise<void> =>
    setCodes((await accountCommands.renewRecoveryCodes(password)).recovery_codes);
  const turnOff = async (password: string | null): Promise<void> => {
    await accountCommands.deleteTotp(password);
    await changed();
    showToast(strings.totp.turnedOff);
  };
  /** Without the password, which is asked for only where the session is older. */
  const orProve = async (what: "renew" | "off"): Promise<void> => {
    try {
      await (what === "renew" ? renew(null) : turnOff(null));
    } catch (error) {
      if (!asksForPassword(error)) throw error;
      setProving(what);
    }
  };

  return (
    <section className="settings__section">
      <div className="settings__head">
        <div>
          <h2>{strings.totp.title}</h2>
          <p className="soft">{strings.totp.lead}</p>
        </div>
        <span className="tag" data-testid="totp-state">
          {on ? strings.totp.on : strings.totp.off}
        </span>
      </div>
      {begin.isError && proving === null && !asksForPassword(begin.error) ? <Problem error={begin.error} /> : null}
      {codes ? (
        <RecoveryCodes codes={codes} onKept={() => setCodes(null)} />
      ) : begin.data && !on ? (
        <Confirmation
          secret={begin.data}
          onConfirmed={async (recoveryCodes) => {
            setCodes(recoveryCodes);
            await changed();
            begin.reset();
            showToast(strings.totp.turnedOn);
          }}
          onCancel={() => begin.reset()}
        />
      ) : (
        <div className="settings__actions">
          {on ? (
            <>
              <button type="button" className="button" onClick={() => setAsked("renew")}>
                {strings.totp.renew}
              </button>
              <button type="button" className="button button--danger" onClick={() => setAsked("off")}>
                {strings.totp.turnOff}
              </button>
            </>
          ) : (
            <BusyButton type="button" className="button button--primary" busy={begin.isPending} onClick={() => begin.mutate(null)}>
              {strings.totp.setUp}
            </BusyButton>
          )}
        </div>
      )}
      {asked === "renew" ? (
        <Confirm
          danger={false}
          title={strings.totp.renewTitle}
          text={strings.totp.renewText}
          action={strings.totp.renewNow}
          onConfirm={() => orProve("renew")}
          onClose={() => setAsked(null)}
        />
      ) : asked === "off" ? (
        <Confirm
          title={strings.totp.turnOffTitle}
          text={strings.totp.turnOffText}
          action={strings.totp.turnOff}
          onConfirm={() => orProve("off")}
          onClose={() => setAsked(null)}
        />
      ) : null}
      {proving === "begin" ? (
        <AskPassword
          title={strings.totp.setUpTitle}
          text={strings.totp.proof}
          action={strings.totp.goOn}
          onSubmit={(password) => begin.mutateAsync(password)}
          onClose={() => setProving(null)}
        />
      ) : proving === "renew" ? (
        <AskPassword
          title={strings.totp.renewTitle}
          text={strings.totp.proof}
          action={strings.totp.renewNow}
          onSubmit={renew}
          onClose={() => setProving(null)}
        />
      ) : proving === "off" ? (
        <AskPassword
          danger
          title={strings.totp.turnOffTitle}
          text={strings.totp.proof}
          action={strings.totp.turnOff}
          onSubmit={turnOff}
          onClose={() => setProving(null)}
        />
      ) : null}
    </section>
  );
}

/** The secret goes into the app, and a code of the app comes back. */
function Confirmation({
  secret,
  onConfirmed,
  onCancel,
}: {
  secret: TotpSecret;
  onConfirmed: (recoveryCodes: string[]) => Promise<void>;
  onCancel: () => void;
}) {
  const [code, setCode] = useState("");
  const [copied, setCopied] = useState(false);
  const confirm = useMutation({
    mutationFn: () => accountCommands.confirmTotp(code.trim()),
    onSuccess: ({ recovery_codes }) => onConfirmed(recovery_codes),
  });
  const errors = fieldErrors(confirm.error, { confirmation_code_wrong: "code" });
  const grouped = secret.secret.match(/.{1,4}/gu)?.join(" ") ?? secret.secret;
  return (
    <form
      className="settings__form"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (code.trim() !== "") confirm.mutate();
      }}
    >
      <div className="totp">
        <QrCode text={secret.uri} label={strings.totp.qr} />
        <div className="totp__text">
          <p className="account__name">{strings.totp.scanTitle}</p>
          <p className="soft">{strings.totp.typed}</p>
          <code className="settings__secret" data-testid="totp-secret">
            {grouped}
          </code>
          <div>
            <button
              type="button"
              className="button button--small"
              aria-label={strings.totp.copySecret}
              onClick={() => void copyText(secret.secret).then(setCopied)}
            >
              {copied ? <Check size={16} aria-hidden /> : <Copy size={16} aria-hidden />}
              {copied ? strings.common.copied : strings.common.copy}
            </button>
          </div>
        </div>
      </div>
      {confirm.isError && errors.code === undefined ? <Problem error={confirm.error} /> : null}
      <TextField
        label={strings.totp.code}
        hint={strings.totp.codeHint}
        inputMode="numeric"
        autoComplete="one-time-code"
        value={code}
        error={errors.code === undefined ? undefined : strings.totp.codeWrong}
        onChange={(event) => {
          setCode(event.target.value);
          confirm.reset();
        }}
      />
      <div className="settings__actions">
        <BusyButton type="submit" className="button button--primary" disabled={code.trim() === ""} busy={confirm.isPending}>
          {strings.totp.confirm}
        </BusyButton>
        <button type="button" className="button button--quiet" onClick={onCancel}>
          {strings.common.cancel}
        </button>
      </div>
    </form>
  );
}

function RecoveryCodes({ codes, onKept }: { codes: string[]; onKept: () => void }) {
  const [copied, setCopied] = useState(false);
  const text = `${codes.join("\n")}\n`;
  return (
    <div className="notice" role="status">
      <p className="notice__title">{strings.totp.codesTitle}</p>
      <p className="soft">{strings.totp.codesText}</p>
      <ul className="codes" data-testid="recovery-codes">
        {codes.map((code) => (
          <li key={code}>
            <code>{code}</code>
          </li>
        ))}
      </ul>
      <div className="notice__row">
        <button type="button" className="button button--small" onClick={() => void copyText(text).then(setCopied)}>
          {copied ? <Check size={16} aria-hidden /> : <Copy size={16} aria-hidden />}
          {copied ? strings.common.copied : strings.totp.copyCodes}
        </button>
        <button
          type="button"
          className="button button--small"
          onClick={() => save(new Blob([text], { type: "text/plain" }), strings.totp.codesFile)}
        >
          <Download size={16} aria-hidden />
          {strings.totp.saveCodes}
        </button>
        <button type="button" className="button button--small button--primary" onClick={onKept}>
          {strings.totp.codesKept}
        </button>
      </div>
    </div>
  );
}
