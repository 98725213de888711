import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useRouter, useSearch } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { isApiError } from "../../api/client";
import { meQuery } from "../../api/me";
import { providersQuery, signInCommands } from "../../api/sign-in";
import { BusyButton } from "../../components/BusyButton";
import { Problem } from "../../components/Problem";
import { useTitle } from "../../lib/hooks";
import { strings } from "../../strings";
import { AuthCard, CardForm, Told } from "./AuthCard";
import { TextField } from "./fields";
import { localPath } from "./next";

/** Where whoever has an authenticator app comes after their provider. */
export function ProviderCodePage() {
  useTitle(strings.providers.codeTitle);
  const client = useQueryClient();
  const router = useRouter();
  const [code, setCode] = useState("");
  const [flaw, setFlaw] = useState<string>();
  const refuse = (found: string | undefined): void => {
    setFlaw(found);
    if (found !== undefined) document.getElementById("code")?.focus();
  };
  useEffect(() => document.getElementById("code")?.focus(), []);
  const confirm = useMutation({
    mutationFn: () => signInCommands.confirm(code.trim()),
    onSuccess: ({ return_to }) => {
      client.clear();
      router.history.push(localPath(return_to));
    },
    onError: (error) => refuse(isApiError(error) && error.code === "code_wrong" ? strings.auth.codeWrong : undefined),
  });
  const submit = (): void => {
    const found = code.trim() === "" ? strings.auth.codeMissing : undefined;
    refuse(found);
    if (found === undefined) confirm.mutate();
  };
  return (
    <AuthCard>
      <CardForm title={strings.providers.codeTitle} lead={strings.providers.codeLead} onSubmit={submit}>
        {confirm.isError && flaw === undefined ? <Problem error={confirm.error} /> : null}
        <TextField
          id="code"
          label={strings.auth.code}
          hint={strings.auth.codeHint}
          autoComplete="one-time-code"
          value={code}
          error={flaw}
          onChange={(value) => {
            setCode(value);
            setFlaw(undefined);
          }}
        />
        <BusyButton type="submit" className="button button--primary" busy={confirm.isPending}>
          {strings.auth.signIn}
        </BusyButton>
      </CardForm>
      <p className="auth__foot soft">
        <Link to="/sign-in">{strings.providers.signIn}</Link>
      </p>
    </AuthCard>
  );
}

/** Where whoever does not get in comes after their provider: what happened, and what to do. */
export function ProviderProblemPage() {
  useTitle(strings.providers.problemTitle);
  const { code, provider } = useSearch({ from: "/sign-in/problem" });
  const providers = useQuery(providersQuery).data?.items ?? [];
  const name = providers.find(({ id }) => id === provider)?.name ?? provider ?? "";
  // Who wanted to link an account is still signed in.
  const isSignedIn = useQuery(meQuery).isSuccess;
  const text = strings.providerProblems[code ?? ""]?.(name) ?? strings.providers.unknown;
  const lacksConsent = code === "consent_required" || code === "consent_version_stale";
  const goOn = isSignedIn
    ? ({ to: "/settings/security", label: strings.providers.settings } as const)
    : lacksConsent
      ? ({ to: "/sign-up", label: strings.providers.signUp } as const)
      : ({ to: "/sign-in", label: strings.providers.signIn } as const);
  return (
    <AuthCard>
      <Told title={strings.providers.problemTitle} text={text}>
        <Link to={goOn.to} className="button button--primary">
          {goOn.label}
        </Link>
      </Told>
    </AuthCard>
  );
}
