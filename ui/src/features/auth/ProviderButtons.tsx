import { useMutation, useQuery } from "@tanstack/react-query";
import { signInCommands, providersQuery } from "../../api/sign-in";
import { BusyButton } from "../../components/BusyButton";
import { Problem } from "../../components/Problem";
import { strings } from "../../strings";
import { localPath } from "./next";

/** The ways in beside the password. The page comes with them, so nothing moves when they are known. */
export function ProviderButtons({
  next,
  agreed,
  mayLeave,
}: {
  next: string | undefined;
  agreed: Record<string, string>;
  mayLeave: () => boolean;
}) {
  const providers = useQuery(providersQuery).data?.items ?? [];
  const leave = useMutation({
    mutationFn: (provider: string) => signInCommands.start(provider, { return_to: localPath(next), agreed }),
    onSuccess: ({ url }) => window.location.assign(url),
  });
  if (providers.length === 0) return null;
  return (
    <div className="auth__providers">
      <p className="auth__or faint">{strings.providers.or}</p>
      {leave.isError ? <Problem error={leave.error} /> : null}
      <div className="auth__choices">
        {providers.map(({ id, name }) => (
          <BusyButton
            key={id}
            type="button"
            className="button"
            // Once it succeeded, the browser is on its way.
            busy={leave.isPending || leave.isSuccess}
            onClick={() => {
              if (mayLeave()) leave.mutate(id);
            }}
          >
            {!leave.isError && !leave.isIdle && leave.variables === id ? strings.providers.leaving : strings.providers.goOn(name)}
          </BusyButton>
        ))}
      </div>
    </div>
  );
}
