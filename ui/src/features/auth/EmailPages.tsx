import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useLocation } from "@tanstack/react-router";
import { useState } from "react";
import { accountCommands, confirmationQuery, isPasswordRequired, isTokenWrong } from "../../api/account";
import { fieldErrors } from "../../api/client";
import { keys } from "../../api/queries";
import { BusyButton } from "../../components/BusyButton";
import { Problem } from "../../components/Problem";
import { useTitle } from "../../lib/hooks";
import { strings } from "../../strings";
import { AuthCard, CardForm, Told } from "./AuthCard";
import { PasswordField } from "./fields";

/** Where the link of the mail after signing up leads. Whoever is not signed in shows by the password that the account is theirs. */
export function ConfirmEmailPage() {
  useTitle(strings.confirmEmail.title);
  const token = useLocation({ select: (location) => location.hash });
  return (
    <AuthCard>
      <Confirmation key={token} token={token} />
    </AuthCard>
  );
}

function Confirmation({ token }: { token: string }) {
  const confirmation = useQuery(confirmationQuery(token));
  const [isProved, setIsProved] = useState(false);

  if (token === "" || isTokenWrong(confirmation.error)) {
    return (
      <Told title={strings.auth.linkWrongTitle} text={strings.confirmEmail.wrongText}>
        <Link to="/settings" className="button">
          {strings.confirmEmail.wrongAction}
        </Link>
      </Told>
    );
  }
  if (confirmation.isSuccess || isProved) {
    return <Told title={strings.confirmEmail.doneTitle} text={strings.confirmEmail.doneText} />;
  }
  if (isPasswordRequired(confirmation.error)) {
    return <ProveAccount token={token} onProved={() => setIsProved(true)} />;
  }
  if (confirmation.isError) {
    return <Problem error={confirmation.error} onRetry={() => void confirmation.refetch()} />;
  }
  return (
    <div className="auth__head" role="status">
      <h1>{strings.confirmEmail.title}</h1>
      <p className="soft">{strings.confirmEmail.busy}</p>
    </div>
  );
}

const PASSWORD = { password_wrong: "password" } as const;

function ProveAccount({ token, onProved }: { token: string; onProved: () => void }) {
  const client = useQueryClient();
  const [password, setPassword] = useState("");
  const [isMissing, setIsMissing] = useState(false);
  const prove = useMutation({
    mutationFn: () => accountCommands.confirmEmail({ token, password }),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: keys.me });
      onProved();
    },
    onError: () => document.getElementById("password")?.focus(),
  });
  const wrong = fieldErrors(prove.error, PASSWORD).password;
  const submit = (): void => {
    setIsMissing(password === "");
    if (password === "") document.getElementById("password")?.focus();
    else prove.mutate();
  };

  return (
    <>
      <CardForm title={strings.confirmEmail.title} lead={strings.confirmEmail.proveLead} onSubmit={submit}>
        {prove.isError && wrong === undefined ? <Problem error={prove.error} /> : null}
        <PasswordField
          label={strings.auth.password}
          autoComplete="current-password"
          value={password}
          error={isMissing ? strings.confirmEmail.passwordMissing : wrong}
          onChange={(value) => {
            setPassword(value);
            setIsMissing(false);
          }}
        />
        <BusyButton type="submit" className="button button--primary" busy={prove.isPending}>
          {strings.confirmEmail.prove}
        </BusyButton>
      </CardForm>
      <p className="auth__foot soft">
        {strings.confirmEmail.notYou} <Link to="/forgot-password">{strings.auth.forgot}</Link>
      </p>
    </>
  );
}

/**
 * Where the links of the mails about another address lead. They work once, and agreeing takes a press of a button: programs
 * that look into mails open links too.
 */
export function ChangeEmailPage() {
  useTitle(strings.changeEmail.title);
  const token = useLocation({ select: (location) => location.hash });
  // Whoever opens the second link in the same tab begins anew.
  return (
    <AuthCard>
      <Agreement key={token} token={token} />
    </AuthCard>
  );
}

function Agreement({ token }: { token: string }) {
  const client = useQueryClient();
  const agree = useMutation({
    mutationFn: () => accountCommands.confirmEmailChange(token),
    onSuccess: () => void client.invalidateQueries({ queryKey: keys.me }),
  });

  if (token === "" || isTokenWrong(agree.error)) {
    return <Told title={strings.auth.linkWrongTitle} text={strings.changeEmail.wrongText} />;
  }
  if (agree.isSuccess) {
    const { status } = agree.data;
    return <Told title={strings.changeEmail.doneTitle[status]} text={strings.changeEmail.doneText[status]} />;
  }
  return (
    <>
      <div className="auth__head">
        <h1>{strings.changeEmail.title}</h1>
        <p className="soft">{strings.changeEmail.lead}</p>
      </div>
      {agree.isError ? <Problem error={agree.error} /> : null}
      <div className="auth__choices">
        <BusyButton type="button" className="button button--primary" busy={agree.isPending} onClick={() => agree.mutate()}>
          {strings.changeEmail.agree}
        </BusyButton>
        <Link to="/" className="button button--quiet">
          {strings.changeEmail.leave}
        </Link>
      </div>
    </>
  );
}
