import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useRouter, useSearch } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { chosenOrganization, isApiError } from "../../api/client";
import { commands, keys } from "../../api/queries";
import { providersQuery } from "../../api/sign-in";
import { NAME_MAX, type Me } from "../../api/types";
import { BusyButton } from "../../components/BusyButton";
import { Problem } from "../../components/Problem";
import { useTitle } from "../../lib/hooks";
import { strings } from "../../strings";
import { Agreement, agreedTo } from "./Agreement";
import { AuthCard, CardForm, Told } from "./AuthCard";
import { PasswordField, TextField } from "./fields";
import { PasskeySignIn } from "./PasskeySignIn";
import { PasswordStrength } from "./PasswordStrength";
import { localPath } from "./next";
import { isShort } from "./password";
import { ProviderButtons } from "./ProviderButtons";

type Field = "email" | "name" | "password" | "code";
type Errors = Partial<Record<Field | "agreed", string>>;

export function SignInPage() {
  const { next } = useSearch({ from: "/sign-in" });
  return <AuthForm kind="in" next={next} />;
}

export function SignUpPage() {
  const { next } = useSearch({ from: "/sign-up" });
  return <AuthForm kind="up" next={next} />;
}

function AuthForm({ kind, next }: { kind: "in" | "up"; next: string | undefined }) {
  const client = useQueryClient();
  const router = useRouter();
  const [values, setValues] = useState({ email: "", name: "", password: "", code: "" });
  const [codeAsked, setCodeAsked] = useState(false);
  const [errors, setErrors] = useState<Errors>({});
  const signUp = kind === "up";
  const offers = useQuery(providersQuery).data;
  const mayJoin = offers?.is_sign_up_open ?? true;
  const documents = signUp ? (offers?.documents ?? []) : [];
  const [agreed, setAgreed] = useState(false);
  const title = signUp ? strings.auth.signUpTitle : strings.auth.signInTitle;
  useTitle(title);
  useEffect(() => {
    if (codeAsked) focusFirst({ code: "" });
  }, [codeAsked]);

  const entered = (me: Me): void => {
    client.clear();
    // The answer is about the personal organization; of another that was chosen before, the app asks itself.
    if (chosenOrganization() === null) client.setQueryData(keys.me, me);
    router.history.push(localPath(next));
  };

  const enter = useMutation({
    mutationFn: (): Promise<Me | null> => {
      const { email, name, password, code } = values;
      if (signUp) return commands.signUp({ email, name: name.trim(), password, agreed: agreedTo(documents) });
      return commands.signIn(codeAsked ? { email, password, code } : { email, password });
    },
    // Where there is a mail server, the mailed link opens the session.
    onSuccess: (me) => (me === null ? undefined : entered(me)),
    onError: (error) => {
      if (!isApiError(error)) return;
      if (error.code === "code_required") setCodeAsked(true);
      const found: Errors = {};
      for (const { field, detail } of error.problem.errors ?? []) {
        if (field === "email" || field === "name" || field === "password") found[field] = detail;
      }
      if (error.code === "email_taken" || error.code === "email_invalid") found.email ??= error.problem.detail;
      if (error.code === "password_weak") found.password ??= error.problem.detail;
      if (error.code === "code_wrong") found.code = strings.auth.codeWrong;
      if (error.code === "consent_required" || error.code === "consent_version_stale") {
        // What is asked for has changed since this page was opened.
        void client.invalidateQueries({ queryKey: keys.providers });
        setAgreed(false);
        found.agreed = strings.auth.agreeAgain;
      }
      setErrors(found);
      // Which of the two was wrong is not told; the password is the one that was typed blindly.
      focusFirst(error.code === "credentials_wrong" ? { password: "" } : found);
    },
  });

  const lacksAgreement = documents.length > 0 && !agreed;
  /** Says what is missing; true when somebody may leave for a provider. */
  const mayLeave = (): boolean => {
    if (!lacksAgreement) return true;
    setErrors({ agreed: strings.auth.agreeMissing });
    focusFirst({ agreed: "" });
    return false;
  };

  const submit = (): void => {
    const found: Errors = {};
    if (!values.email.includes("@")) found.email = strings.auth.emailMissing;
    if (signUp && values.name.trim() === "") found.name = strings.auth.nameMissing;
    if (values.password === "") found.password = strings.auth.passwordMissing;
    else if (signUp && isShort(values.password)) found.password = strings.auth.passwordShort;
    if (codeAsked && values.code.trim() === "") found.code = strings.auth.codeMissing;
    if (lacksAgreement) found.agreed = strings.auth.agreeMissing;
    setErrors(found);
    focusFirst(found);
    if (Object.keys(found).length === 0) enter.mutate();
  };

  const change = (field: Field) => (value: string) => {
    setValues((previous) => ({ ...previous, [field]: value }));
    setErrors(({ [field]: _gone, ...rest }) => rest);
  };

  const changeEmail = (value: string): void => {
    change("email")(value);
    // Another account may have no authenticator app.
    change("code")("");
    setCodeAsked(false);
  };

  const asksForCode = isApiError(enter.error) && enter.error.code === "code_required";
  if (signUp && enter.data === null) {
    return (
      <AuthCard>
        <Told title={strings.signUpMailed.title} text={strings.signUpMailed.text(values.email.trim())}>
          <Link to="/sign-in" className="button">
            {strings.auth.signIn}
          </Link>
        </Told>
      </AuthCard>
    );
  }
  const unexplained = enter.isError && !asksForCode && Object.keys(errors).length === 0;
  return (
    <AuthCard>
      <CardForm title={title} lead={signUp ? strings.auth.signUpLead : strings.auth.signInLead} onSubmit={submit}>
        {unexplained ? <Problem error={enter.error} /> : null}
        {signUp ? (
          <TextField
            id="name"
            label={strings.auth.name}
            autoComplete="name"
            value={values.name}
            maxLength={NAME_MAX}
            error={errors.name}
            onChange={change("name")}
          />
        ) : null}
        <TextField
          id="email"
          type="email"
          label={strings.auth.email}
          autoComplete={signUp ? "email" : "username webauthn"}
          value={values.email}
          error={errors.email}
          onChange={changeEmail}
        />
        <PasswordField
          label={strings.auth.password}
          autoComplete={signUp ? "new-password" : "current-password"}
          hint={signUp ? strings.auth.passwordHint : undefined}
          value={values.password}
          error={errors.password}
          onChange={change("password")}
        />
        {signUp ? <PasswordStrength password={values.password} about={`${values.email} ${values.name}`} /> : null}
        {codeAsked ? (
          <TextField
            id="code"
            label={strings.auth.code}
            hint={strings.auth.codeHint}
            autoComplete="one-time-code"
            value={values.code}
            error={errors.code}
            onChange={change("code")}
          />
        ) : null}
        <Agreement
          documents={documents}
          given={agreed}
          error={errors.agreed}
          onChange={(given) => {
            setAgreed(given);
            setErrors(({ agreed: _gone, ...rest }) => rest);
          }}
        />
        <BusyButton type="submit" className="button button--primary" busy={enter.isPending}>
          {enter.isPending
            ? signUp
              ? strings.auth.signingUp
              : strings.auth.signingIn
            : signUp
              ? strings.auth.signUp
              : strings.auth.signIn}
        </BusyButton>
      </CardForm>
      {signUp ? null : <PasskeySignIn onSignedIn={entered} />}
      {signUp ? null : (
        <p className="auth__foot">
          <Link to="/forgot-password">{strings.auth.forgot}</Link>
        </p>
      )}
      <ProviderButtons next={next} agreed={agreedTo(documents)} mayLeave={mayLeave} />
      {signUp || mayJoin ? (
        <p className="auth__foot soft">
          {signUp ? strings.auth.haveAccount : strings.auth.noAccount}{" "}
          <Link to={signUp ? "/sign-in" : "/sign-up"} search={next === undefined ? {} : { next }}>
            {signUp ? strings.auth.signIn : strings.auth.signUp}
          </Link>
        </p>
      ) : null}
    </AuthCard>
  );
}

function focusFirst(errors: Errors): void {
  const first = (["name", "email", "password", "code", "agreed"] as const).find((field) => errors[field] !== undefined);
  if (first) document.getElementById(first)?.focus();
}
