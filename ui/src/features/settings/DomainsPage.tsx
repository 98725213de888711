import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Globe, Trash2 } from "lucide-react";
import { useState } from "react";
import { fieldErrors } from "../../api/client";
import { keys } from "../../api/queries";
import { domainsQuery, providersQuery, signInCommands } from "../../api/sign-in";
import type { Domain, DomainChanges, JoinRole, Page } from "../../api/types";
import { BusyButton } from "../../components/BusyButton";
import { Confirm } from "../../components/Confirm";
import { Empty } from "../../components/Empty";
import { Problem } from "../../components/Problem";
import { TextField } from "../../components/TextField";
import { Tip } from "../../components/Tip";
import { formatDate } from "../../lib/format";
import { useTitle } from "../../lib/hooks";
import { showToast } from "../../lib/toasts";
import { strings } from "../../strings";
import { CopyNotice } from "./CopyNotice";

const DOMAIN_MAX = 253;
const FIELDS = { domain_invalid: "domain", domain_shared: "domain", domain_exists: "domain" } as const;
const JOIN_ROLES: readonly JoinRole[] = ["none", "viewer", "member"];

/** Domains of the organization's addresses, for its owners. */
export function DomainsPage() {
  useTitle(strings.domains.title);
  const list = useQuery(domainsQuery);
  const domains = list.data?.items ?? [];
  return (
    <>
      <section className="settings__section">
        <div>
          <h2>{strings.domains.title}</h2>
          <p className="soft">{strings.domains.lead}</p>
        </div>
        <AddForm />
        {list.isPending ? (
          <div className="skeleton" style={{ height: 56 }} />
        ) : list.data === undefined ? (
          <Problem error={list.error} onRetry={() => void list.refetch()} />
        ) : domains.length === 0 ? (
          <Empty icon={Globe} title={strings.domains.none} text={strings.domains.noneText} />
        ) : null}
      </section>
      {domains.map((domain) => (
        <DomainSection key={domain.id} domain={domain} />
      ))}
    </>
  );
}

function AddForm() {
  const client = useQueryClient();
  const [name, setName] = useState("");
  const add = useMutation({
    mutationFn: () => signInCommands.addDomain(name.trim()),
    onSuccess: () => {
      setName("");
      void client.invalidateQueries({ queryKey: keys.domains });
    },
  });
  const errors = fieldErrors(add.error, FIELDS);
  return (
    <form
      className="settings__form"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (name.trim() !== "") add.mutate();
      }}
    >
      {add.isError && errors.domain === undefined ? <Problem error={add.error} /> : null}
      <TextField
        label={strings.domains.name}
        placeholder={strings.domains.placeholder}
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        maxLength={DOMAIN_MAX}
        value={name}
        error={errors.domain}
        onChange={(event) => {
          setName(event.target.value);
          add.reset();
        }}
      />
      <div>
        <BusyButton type="submit" className="button button--primary" busy={name.trim() === "" || add.isPending}>
          {strings.domains.add}
        </BusyButton>
      </div>
    </form>
  );
}

function DomainSection({ domain }: { domain: Domain }) {
  const client = useQueryClient();
  const [doomed, setDoomed] = useState(false);
  const verified = domain.verified_at !== null;
  const remove = async (): Promise<void> => {
    await signInCommands.removeDomain(domain.id);
    showToast(strings.domains.removed(domain.domain));
    await client.invalidateQueries({ queryKey: keys.domains });
  };
  return (
    <section className="settings__section" aria-label={domain.domain}>
      <div className="settings__head settings__head--fixed">
        <div className="settings__domain">
          <h3>{domain.domain}</h3>
          <span className="tag">{verified ? strings.domains.verified : strings.domains.pending}</span>
        </div>
        <Tip text={strings.common.remove}>
          <button type="button" className="icon-button" aria-label={strings.domains.remove(domain.domain)} onClick={() => setDoomed(true)}>
            <Trash2 size={16} aria-hidden />
          </button>
        </Tip>
      </div>
      {verified && domain.failing_since !== null ? (
        <p role="status" className="field__error">
          {strings.domains.failing(formatDate(domain.failing_since))}
        </p>
      ) : null}
      {verified ? <Rules domain={domain} /> : null}
      {verified && domain.failing_since === null ? null : <Proof domain={domain} />}
      {doomed ? (
        <Confirm
          title={strings.domains.removeTitle(domain.domain)}
          text={strings.domains.removeText}
          action={strings.common.remove}
          onConfirm={remove}
          onClose={() => setDoomed(false)}
        />
      ) : null}
    </section>
  );
}

/** How to show that the domain is one's own. */
function Proof({ domain }: { domain: Domain }) {
  const replace = useReplace();
  const check = useMutation({
    mutationFn: () => signInCommands.checkDomain(domain.id),
    onSuccess: (after) => {
      replace(after);
      showToast(strings.domains.checked(after.domain));
    },
  });
  return (
    <>
      <p>{strings.domains.recordText}</p>
      <CopyNotice title={strings.domains.recordName} value={domain.record_name} />
      <CopyNotice title={strings.domains.recordValue} value={domain.record_value} />
      {check.isError ? <Problem error={check.error} /> : null}
      <div>
        <BusyButton type="button" className="button button--primary" busy={check.isPending} onClick={() => check.mutate()}>
          {check.isPending ? strings.domains.checking : strings.domains.check}
        </BusyButton>
      </div>
    </>
  );
}

/** Who joins by the domain, and how its people sign in. */
function Rules({ domain }: { domain: Domain }) {
  const replace = useReplace();
  const providers = useQuery(providersQuery).data?.items ?? [];
  const change = useMutation({
    mutationFn: (changes: DomainChanges) => signInCommands.changeDomain(domain.id, changes),
    onSuccess: (after) => {
      replace(after);
      showToast(strings.settings.saved);
    },
  });
  const required = domain.required_provider;
  // One that is not configured any more still rules.
  const isGone = required !== null && !providers.some(({ id }) => id === required);
  const offered = isGone ? [...providers, { id: required, name: required }] : providers;
  return (
    <>
      {change.isError ? <Problem error={change.error} /> : null}
      <label className="field">
        <span className="field__label">{strings.domains.join}</span>
        <select
          className="select"
          aria-label={strings.domains.settingOf(strings.domains.join, domain.domain)}
          value={domain.join_role}
          aria-disabled={change.isPending || undefined}
          onChange={(event) => {
            if (!change.isPending) change.mutate({ join_role: event.target.value as JoinRole });
          }}
        >
          {JOIN_ROLES.map((role) => (
            <option key={role} value={role}>
              {strings.domains.joins[role]}
            </option>
          ))}
        </select>
      </label>
      {offered.length === 0 ? null : (
        <label className="field">
          <span className="field__label">{strings.domains.required}</span>
          <select
            className="select"
            aria-label={strings.domains.settingOf(strings.domains.required, domain.domain)}
            value={required ?? ""}
            aria-disabled={change.isPending || undefined}
            onChange={(event) => {
              if (!change.isPending) change.mutate({ required_provider: event.target.value === "" ? null : event.target.value });
            }}
          >
            <option value="">{strings.domains.anyWay}</option>
            {offered.map(({ id, name }) => (
              <option key={id} value={id}>
                {strings.domains.only(name)}
              </option>
            ))}
          </select>
          <span className="field__hint">{strings.domains.requiredHint}</span>
        </label>
      )}
    </>
  );
}

/** Puts what the server answered in the place of what was known. */
function useReplace(): (domain: Domain) => void {
  const client = useQueryClient();
  return (after) =>
    client.setQueryData<Page<Domain>>(keys.domains, (page) =>
      page ? { ...page, items: page.items.map((domain) => (domain.id === after.id ? after : domain)) } : page,
    );
}
