import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Check, Clock } from "lucide-react";
import { useState } from "react";
import { accountCommands, emailStatusQuery } from "../../../api/account";
import { fieldErrors } from "../../../api/client";
import { keys } from "../../../api/queries";
import type { EmailStatus } from "../../../api/types";
import { BusyButton } from "../../../components/BusyButton";
import { Problem } from "../../../components/Problem";
import { TextField } from "../../../components/TextField";
import { formatDateTime } from "../../../lib/format";
import { showToast } from "../../../lib/toasts";
import { strings } from "../../../strings";

const FIELDS = { email_invalid: "email", password_wrong: "password" } as const;

/** Asks for another address, and shows who has yet to agree. */
export function EmailForm() {
  const status = useQuery(emailStatusQuery);
  return (
    <section className="settings__section">
      <div>
        <h2>{strings.emailChange.title}</h2>
        <p className="soft">{strings.emailChange.lead}</p>
      </div>
      {status.isPending ? (
        <div className="skeleton" style={{ height: 120 }} />
      ) : status.data === undefined ? (
        <Problem error={status.error} onRetry={() => void status.refetch()} />
      ) : status.data.pending ? (
        <Pending pending={status.data.pending} />
      ) : (
        <NewAddress />
      )}
    </section>
  );
}

function Pending({ pending }: { pending: NonNullable<EmailStatus["pending"]> }) {
  const client = useQueryClient();
  const withdraw = useMutation({
    mutationFn: accountCommands.withdrawEmailChange,
    onSuccess: () => showToast(strings.emailChange.withdrawn),
    onSettled: () => client.invalidateQueries({ queryKey: keys.email }),
  });
  return (
    <>
      <div className="notice" role="status">
        <p className="notice__title">{strings.emailChange.pendingTitle(pending.new_email)}</p>
        <p className="soft">{strings.emailChange.pendingText(formatDateTime(pending.expires_at))}</p>
        <ul className="agreements">
          {pending.addresses.map(({ email, has_agreed: agreed }) => (
            <li key={email}>
              <span className="truncate">{email}</span>
              <span className="tag">
                {agreed ? <Check size={14} aria-hidden /> : <Clock size={14} aria-hidden />}
                {agreed ? strings.emailChange.agreed : strings.emailChange.waiting}
              </span>
            </li>
          ))}
        </ul>
      </div>
      {withdraw.isError ? <Problem error={withdraw.error} /> : null}
      <div>
        <BusyButton type="button" className="button" busy={withdraw.isPending} onClick={() => withdraw.mutate()}>
          {strings.emailChange.withdraw}
        </BusyButton>
      </div>
    </>
  );
}

function NewAddress() {
  const client = useQueryClient();
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const ask = useMutation({
    mutationFn: () => accountCommands.changeEmail({ email: email.trim(), password }),
    onSuccess: () => client.invalidateQueries({ queryKey: keys.email }),
  });
  const errors = fieldErrors(ask.error, FIELDS);
  const ready = email.includes("@") && password !== "";
  return (
    <form
      className="settings__form"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (ready) ask.mutate();
      }}
    >
      {ask.isError && Object.keys(errors).length === 0 ? <Problem error={ask.error} /> : null}
      <TextField
        label={strings.emailChange.next}
        type="email"
        autoComplete="email"
        value={email}
        error={errors.email}
        onChange={(event) => {
          setEmail(event.target.value);
          ask.reset();
        }}
      />
      <TextField
        label={strings.password.yours}
        type="password"
        autoComplete="current-password"
        value={password}
        error={errors.password}
        onChange={(event) => {
          setPassword(event.target.value);
          ask.reset();
        }}
      />
      <div>
        <BusyButton type="submit" className="button button--primary" disabled={!ready} busy={ask.isPending}>
          {strings.emailChange.ask}
        </BusyButton>
      </div>
    </form>
  );
}
