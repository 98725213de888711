import "./auth.css";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link, useRouter, useSearch } from "@tanstack/react-router";
import { Eye, EyeOff } from "lucide-react";
import { useState, type ReactNode } from "react";
import { chosenOrganization, isApiError } from "../../api/client";
import { commands, keys } from "../../api/queries";
import type { Me } from "../../api/types";
import { Logo } from "../../app/Logo";
import { Problem } from "../../components/Problem";
import { useTitle } from "../../lib/hooks";
import { strings } from "../../strings";

type Field = "email" | "name" | "password";
type Errors = Partial<Record<Field, string>>;

const PASSWORD_MIN = 10;

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
  const [values, setValues] = useState({ email: "", name: "", password: "" });
  const [errors, setErrors] = useState<Errors>({});
  const signUp = kind === "up";
  const title = signUp ? strings.auth.signUpTitle : strings.auth.signInTitle;
  useTitle(title);

  const enter = useMutation({
    mutationFn: (): Promise<Me> =>
      signUp ? commands.signUp(values) : commands.signIn({ email: values.email, password: values.password }),
    onSuccess: (me) => {
      client.clear();
      // The answer is about the personal organization; of another that was chosen before, the app asks itself.
      if (chosenOrganization() === null) client.setQueryData(keys.me, me);
      // Only an address of this app is followed, never one that leads elsewhere.
      const target = next?.startsWith("/") && !next.startsWith("//") ? next : "/";
      router.history.push(target);
    },
    onError: (error) => {
      if (!isApiError(error)) return;
      const found: Errors = {};
      for (const { field, detail } of error.problem.errors ?? []) {
        if (field === "email" || field === "name" || field === "password") found[field] = detail;
      }
      if (error.code === "email_taken" || error.code === "email_invalid") found.email ??= error.problem.detail;
      if (error.code === "password_weak") found.password ??= error.problem.detail;
      setErrors(found);
      focusFirst(found);
    },
  });

  const submit = (): void => {
    const found: Errors = {};
    if (!values.email.includes("@")) found.email = strings.auth.emailMissing;
    if (signUp && values.name.trim() === "") found.name = strings.auth.nameMissing;
    if (values.password === "") found.password = strings.auth.passwordMissing;
    else if (signUp && Array.from(values.password).length < PASSWORD_MIN) found.password = strings.auth.passwordShort;
    setErrors(found);
    focusFirst(found);
    if (Object.keys(found).length === 0) enter.mutate();
  };

  const change = (field: Field) => (value: string) => {
    setValues((previous) => ({ ...previous, [field]: value }));
    setErrors(({ [field]: _gone, ...rest }) => rest);
  };

  const unexplained = enter.isError && Object.keys(errors).length === 0;
  return (
    <main className="auth">
      <div className="auth__card">
        <p className="auth__brand">
          <Logo />
          {strings.product}
        </p>
        <div className="auth__head">
          <h1>{title}</h1>
          <p className="soft">{signUp ? strings.auth.signUpLead : strings.auth.signInLead}</p>
        </div>
        <form
          className="auth__form"
          noValidate
          onSubmit={(event) => {
            event.preventDefault();
            submit();
          }}
        >
          {unexplained ? <Problem error={enter.error} /> : null}
          {signUp ? (
            <TextField
              id="name"
              label={strings.auth.name}
              autoComplete="name"
              value={values.name}
              error={errors.name}
              onChange={change("name")}
            />
          ) : null}
          <TextField
            id="email"
            type="email"
            label={strings.auth.email}
            autoComplete="email"
            value={values.email}
            error={errors.email}
            onChange={change("email")}
          />
          <PasswordField
            autoComplete={signUp ? "new-password" : "current-password"}
            hint={signUp ? strings.auth.passwordHint : undefined}
            value={values.password}
            error={errors.password}
            onChange={change("password")}
          />
          <button type="submit" className="button button--primary" disabled={enter.isPending}>
            {enter.isPending
              ? signUp
                ? strings.auth.signingUp
                : strings.auth.signingIn
              : signUp
                ? strings.auth.signUp
                : strings.auth.signIn}
          </button>
        </form>
        <p className="auth__foot soft">
          {signUp ? strings.auth.haveAccount : strings.auth.noAccount}{" "}
          <Link to={signUp ? "/sign-in" : "/sign-up"} search={next === undefined ? {} : { next }}>
            {signUp ? strings.auth.signIn : strings.auth.signUp}
          </Link>
        </p>
      </div>
    </main>
  );
}

function focusFirst(errors: Errors): void {
  const first = (["name", "email", "password"] as const).find((field) => errors[field] !== undefined);
  if (first) document.getElementById(first)?.focus();
}

interface FieldProps {
  value: string;
  error?: string | undefined;
  hint?: string | undefined;
  autoComplete: string;
  onChange: (value: string) => void;
}

function TextField({ id, label, type = "text", ...props }: FieldProps & { id: Field; label: string; type?: string }) {
  return (
    <FieldFrame id={id} label={label} error={props.error} hint={props.hint}>
      <input
        id={id}
        name={id}
        className="input"
        type={type}
        autoComplete={props.autoComplete}
        value={props.value}
        aria-invalid={props.error !== undefined}
        aria-describedby={`${id}-note`}
        onChange={(event) => props.onChange(event.target.value)}
      />
    </FieldFrame>
  );
}

function PasswordField(props: FieldProps) {
  const [shown, setShown] = useState(false);
  const label = shown ? strings.auth.hidePassword : strings.auth.showPassword;
  const Icon = shown ? EyeOff : Eye;
  return (
    <FieldFrame id="password" label={strings.auth.password} error={props.error} hint={props.hint}>
      <div className="auth__password">
        <input
          id="password"
          name="password"
          className="input"
          type={shown ? "text" : "password"}
          autoComplete={props.autoComplete}
          value={props.value}
          aria-invalid={props.error !== undefined}
          aria-describedby="password-note"
          onChange={(event) => props.onChange(event.target.value)}
        />
        <button
          type="button"
          className="icon-button"
          aria-label={label}
          aria-pressed={shown}
          title={label}
          onClick={() => setShown(!shown)}
        >
          <Icon size={16} aria-hidden />
        </button>
      </div>
    </FieldFrame>
  );
}

function FieldFrame({
  id,
  label,
  error,
  hint,
  children,
}: {
  id: Field;
  label: string;
  error?: string | undefined;
  hint?: string | undefined;
  children: ReactNode;
}) {
  return (
    <div className="field">
      <label className="field__label" htmlFor={id}>
        {label}
      </label>
      {children}
      <p id={`${id}-note`} className={error === undefined ? "field__hint" : "field__error"}>
        {error ?? hint}
      </p>
    </div>
  );
}
