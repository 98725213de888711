import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { fieldErrors } from "../../api/client";
import { useMe } from "../../api/me";
import { erasureQuery, privacyCommands } from "../../api/privacy";
import { keys } from "../../api/queries";
import type { ErasureState } from "../../api/types";
import { BusyButton } from "../../components/BusyButton";
import { Dialog } from "../../components/Dialog";
import { Problem } from "../../components/Problem";
import { TextField } from "../../components/TextField";
import { strings } from "../../strings";

const text = strings.privacy;
const FIELDS = { password_wrong: "password", confirmation_wrong: "email" } as const;

/** The way out, with what it means in plain words. */
export function CloseAccount() {
  const state = useQuery(erasureQuery);
  const email = useMe()?.user.email;
  const [asking, setAsking] = useState(false);
  return (
    <section className="settings__section">
      <div>
        <h2>{text.close}</h2>
        <p className="soft">{text.closeLead}</p>
      </div>
      {state.isPending || email === undefined ? (
        <div className="skeleton" style={{ height: 120 }} />
      ) : state.data === undefined ? (
        <Problem error={state.error} onRetry={() => void state.refetch()} />
      ) : (
        <>
          <Fate state={state.data} />
          {state.data.sole_owner_of.length > 0 ? (
            <div className="privacy__fate">
              <p>{text.closeBlocked}</p>
              <ul>
                {state.data.sole_owner_of.map((one) => (
                  <li key={one.slug}>{one.name}</li>
                ))}
              </ul>
            </div>
          ) : (
            <div>
              <button type="button" className="button button--danger" onClick={() => setAsking(true)}>
                {text.closeAction}
              </button>
            </div>
          )}
          {asking ? <CloseDialog email={email} onClose={() => setAsking(false)} /> : null}
        </>
      )}
    </section>
  );
}

function Fate({ state }: { state: ErasureState }) {
  return (
    <>
      <div className="privacy__fate">
        <h3>{text.closeGoes}</h3>
        <ul>
          <li>{text.goesAccount}</li>
          <li>{text.goesOwn(state.own_videos)}</li>
          {state.private_videos > 0 ? <li>{text.goesPrivate(state.private_videos)}</li> : null}
        </ul>
      </div>
      <div className="privacy__fate">
        <h3>{text.closeStays}</h3>
        <ul>
          <li>{text.staysShared(state.shared_videos)}</li>
        </ul>
      </div>
    </>
  );
}

function CloseDialog({ email, onClose }: { email: string; onClose: () => void }) {
  const client = useQueryClient();
  const [typed, setTyped] = useState("");
  const [password, setPassword] = useState("");
  const close = useMutation({
    mutationFn: () => privacyCommands.close({ email: typed.trim(), ...(password === "" ? {} : { password }) }),
    onSuccess: async () => {
      onClose();
      // The page gives way to the one that offers to take it back.
      await client.invalidateQueries({ queryKey: keys.me });
    },
  });
  const errors = fieldErrors(close.error, FIELDS);
  const unexplained = close.isError && Object.keys(errors).length === 0;
  const confirmed = typed.trim().toLowerCase() === email.toLowerCase();
  return (
    <Dialog open onClose={onClose} title={text.closeTitle} description={text.closeText}>
      <form
        className="dialog__form"
        onSubmit={(event) => {
          event.preventDefault();
          if (confirmed) close.mutate();
        }}
      >
        {unexplained ? <Problem error={close.error} /> : null}
        <TextField
          label={text.closeConfirm(email)}
          value={typed}
          autoComplete="off"
          spellCheck={false}
          error={errors.email}
          onChange={(event) => setTyped(event.target.value)}
        />
        <TextField
          label={text.closePassword}
          hint={text.closePasswordHint}
          type="password"
          value={password}
          autoComplete="current-password"
          error={errors.password}
          onChange={(event) => setPassword(event.target.value)}
        />
        <div className="dialog__actions">
          <button type="button" className="button" onClick={onClose}>
            {strings.common.cancel}
          </button>
          <BusyButton type="submit" className="button button--danger" disabled={!confirmed} busy={close.isPending}>
            {text.closeNow}
          </BusyButton>
        </div>
      </form>
    </Dialog>
  );
}
