import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link, useLocation } from "@tanstack/react-router";
import { useState } from "react";
import { accountCommands, isTokenWrong } from "../../api/account";
import { fieldErrors } from "../../api/client";
import { useSendsMail } from "../../api/sign-in";
import { BusyButton } from "../../components/BusyButton";
import { Problem } from "../../components/Problem";
import { useTitle } from "../../lib/hooks";
import { strings } from "../../strings";
import { AuthCard, CardForm, Told } from "./AuthCard";
import { PasswordField, TextField } from "./fields";
import { PasswordStrength } from "./PasswordStrength";
import { isShort } from "./password";

/** Asks for the address of the account. What it answers does not tell whether there is one. */
export function ForgotPasswordPage() {
  useTitle(strings.forgotPassword.title);
  const [email, setEmail] = useState("");
  const [missing, setMissing] = useState(false);
  const ask = useMutation({ mutationFn: () => accountCommands.requestPasswordReset(email.trim()) });
  const { doneTitle, doneText, keptTitle, keptText } = strings.forgotPassword;
  const sendsMail = useSendsMail();

  const submit = (): void => {
    const found = !email.includes("@");
    setMissing(found);
    if (found) document.getElementById("email")?.focus();
    else ask.mutate();
  };

  return (
    <AuthCard>
      {ask.isSuccess ? (
        <Told title={sendsMail ? doneTitle : keptTitle} text={sendsMail ? doneText(email.trim()) : keptText}>
          <SignInLink />
        </Told>
      ) : (
        <>
          <CardForm title={strings.forgotPassword.title} lead={strings.forgotPassword.lead} onSubmit={submit}>
            {ask.isError ? <Problem error={ask.error} /> : null}
            <TextField
              id="email"
              type="email"
              label={strings.auth.email}
              autoComplete="email"
              value={email}
              error={missing ? strings.auth.emailMissing : undefined}
              onChange={(value) => {
                setEmail(value);
                setMissing(false);
              }}
            />
            <BusyButton type="submit" className="button button--primary" busy={ask.isPending}>
              {strings.forgotPassword.send}
            </BusyButton>
          </CardForm>
          <p className="auth__foot soft">
            {strings.forgotPassword.remembered} <Link to="/sign-in">{strings.auth.signIn}</Link>
          </p>
        </>
      )}
    </AuthCard>
  );
}

const FIELDS = { password_weak: "password" } as const;

/** Where the link of the mail leads. */
export function ResetPasswordPage() {
  useTitle(strings.resetPassword.title);
  const token = useLocation({ select: (location) => location.hash });
  return (
    <AuthCard>
      <NewPassword key={token} token={token} />
    </AuthCard>
  );
}

/** The server judges the token together with the password. */
function NewPassword({ token }: { token: string }) {
  const client = useQueryClient();
  const [password, setPassword] = useState("");
  const [flaw, setFlaw] = useState<string>();
  const refuse = (found: string | undefined): void => {
    setFlaw(found);
    if (found !== undefined) document.getElementById("password")?.focus();
  };
  const reset = useMutation({
    mutationFn: () => accountCommands.resetPassword({ token, password }),
    // Every session of the account has ended, the one of this browser too.
    onSuccess: () => client.removeQueries(),
    onError: (error) => refuse(fieldErrors(error, FIELDS).password),
  });
  const submit = (): void => {
    const found = isShort(password) ? strings.auth.passwordShort : undefined;
    refuse(found);
    if (found === undefined) reset.mutate();
  };

  if (token === "" || isTokenWrong(reset.error)) {
    return (
      <Told title={strings.auth.linkWrongTitle} text={strings.resetPassword.wrongText}>
        <Link to="/forgot-password" className="button">
          {strings.resetPassword.wrongAction}
        </Link>
      </Told>
    );
  }
  if (reset.isSuccess) {
    return (
      <Told title={strings.resetPassword.doneTitle} text={strings.resetPassword.doneText}>
        <SignInLink />
      </Told>
    );
  }
  return (
    <>
      <CardForm title={strings.resetPassword.title} lead={strings.resetPassword.lead} onSubmit={submit}>
        {reset.isError && flaw === undefined ? <Problem error={reset.error} /> : null}
        <PasswordField
          label={strings.resetPassword.password}
          hint={strings.auth.passwordHint}
          autoComplete="new-password"
          value={password}
          error={flaw}
          onChange={(value) => {
            setPassword(value);
            setFlaw(undefined);
            reset.reset();
          }}
        />
        <PasswordStrength password={password} />
        <BusyButton type="submit" className="button button--primary" busy={reset.isPending}>
          {strings.resetPassword.set}
        </BusyButton>
      </CardForm>
    </>
  );
}

function SignInLink() {
  return (
    <Link to="/sign-in" className="button">
      {strings.auth.signIn}
    </Link>
  );
}
