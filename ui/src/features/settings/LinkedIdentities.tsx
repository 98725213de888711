import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link2 } from "lucide-react";
import { useState } from "react";
import { isApiError } from "../../api/client";
import { keys } from "../../api/queries";
import { identitiesQuery, providersQuery, signInCommands } from "../../api/sign-in";
import type { Identity, ProviderOffer } from "../../api/types";
import { AskPassword } from "../../components/AskPassword";
import { BusyButton } from "../../components/BusyButton";
import { Confirm } from "../../components/Confirm";
import { Listed } from "../../components/Listed";
import { Problem } from "../../components/Problem";
import { formatAge, formatDate } from "../../lib/format";
import { showToast } from "../../lib/toasts";
import { strings } from "../../strings";

const HERE = "/settings/security";

/** Accounts elsewhere that open this one. Nothing is shown where no provider is configured. */
export function LinkedIdentities() {
  const client = useQueryClient();
  const providers = useQuery(providersQuery).data?.items ?? [];
  const list = useQuery(identitiesQuery);
  const [doomed, setDoomed] = useState<Identity | null>(null);
  const [asked, setAsked] = useState<ProviderOffer | null>(null);
  const link = useMutation({
    mutationFn: (provider: ProviderOffer) => signInCommands.start(provider.id, { link: true, return_to: HERE }),
    onSuccess: ({ url }) => window.location.assign(url),
    onError: (error, provider) => {
      if (isPasswordMissing(error)) setAsked(provider);
    },
  });
  const identities = list.data?.items ?? [];
  const others = providers.filter(({ id }) => !identities.some(({ provider }) => provider === id));
  if (providers.length === 0 && identities.length === 0) return null;

  const unlink = async (identity: Identity): Promise<void> => {
    await signInCommands.unlink(identity.id);
    showToast(strings.identities.unlinked(identity.provider_name));
    await client.invalidateQueries({ queryKey: keys.identities });
  };

  return (
    <section className="settings__section">
      <div>
        <h2>{strings.identities.title}</h2>
        <p className="soft">{strings.identities.lead}</p>
      </div>
      <Listed
        query={list}
        isEmpty={identities.length === 0}
        height={56}
        none={<p className="faint">{strings.identities.none}</p>}
      >
        <ul className="rows" aria-label={strings.identities.title}>
          {identities.map((identity) => (
            <IdentityRow key={identity.id} identity={identity} onUnlink={() => setDoomed(identity)} />
          ))}
        </ul>
      </Listed>
      {link.isError && !isPasswordMissing(link.error) ? <Problem error={link.error} /> : null}
      {list.isSuccess && others.length > 0 ? (
        <div className="settings__buttons">
          {others.map((provider) => (
            <BusyButton
              key={provider.id}
              type="button"
              className="button"
              busy={link.isPending || link.isSuccess}
              onClick={() => link.mutate(provider)}
            >
              {strings.identities.link(provider.name)}
            </BusyButton>
          ))}
        </div>
      ) : null}
      {asked ? <PasswordDialog provider={asked} onClose={() => setAsked(null)} /> : null}
      {doomed ? (
        <Confirm
          title={strings.identities.unlinkTitle(doomed.provider_name)}
          text={strings.identities.unlinkText}
          action={strings.identities.unlink}
          onConfirm={() => unlink(doomed)}
          onClose={() => setDoomed(null)}
        />
      ) : null}
    </section>
  );
}

function isPasswordMissing(error: unknown): boolean {
  return isApiError(error) && error.code === "password_required";
}

function IdentityRow({ identity, onUnlink }: { identity: Identity; onUnlink: () => void }) {
  const { provider_name, email, created_at, last_used_at } = identity;
  const facts = [
    email,
    last_used_at === null ? null : strings.identities.used(formatAge(last_used_at)),
    strings.identities.since(formatDate(created_at)),
  ];
  return (
    <li className="row">
      <span className="row__icon">
        <Link2 size={20} strokeWidth={1.75} aria-hidden />
      </span>
      <div className="row__text">
        <p className="row__name">
          <span className="truncate">{provider_name}</span>
        </p>
        <p className="faint small">{facts.filter((fact) => fact !== null).join(" · ")}</p>
      </div>
      <button
        type="button"
        className="button button--small row__action"
        aria-label={strings.identities.unlinkOf(provider_name)}
        onClick={onUnlink}
      >
        {strings.identities.unlink}
      </button>
    </li>
  );
}

/** Asks who adds a way into an account that has a password to type it. */
function PasswordDialog({ provider, onClose }: { provider: ProviderOffer; onClose: () => void }) {
  return (
    <AskPassword
      title={strings.identities.passwordTitle(provider.name)}
      text={strings.identities.passwordText}
      action={strings.identities.goOn}
      onSubmit={async (password) => {
        const { url } = await signInCommands.start(provider.id, { link: true, return_to: HERE, password });
        window.location.assign(url);
      }}
      onClose={onClose}
    />
  );
}
