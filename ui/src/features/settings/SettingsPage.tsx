import "./settings.css";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, Outlet } from "@tanstack/react-router";
import { useState } from "react";
import { fieldErrors } from "../../api/client";
import { meQuery, useMay, useMe } from "../../api/me";
import { commands, keys } from "../../api/queries";
import type { Me } from "../../api/types";
import { useSignOut } from "../../app/TopBar";
import { Problem } from "../../components/Problem";
import { TextField } from "../../components/TextField";
import { formatDate, initials } from "../../lib/format";
import { useTitle } from "../../lib/hooks";
import { setPreferences, usePreferences, type Theme } from "../../lib/preferences";
import { showToast } from "../../lib/toasts";
import { strings } from "../../strings";
import { EmailNotice } from "./EmailNotice";

export function SettingsLayout() {
  const organization = useMe()?.organization.name ?? "";
  const mayReadAuditLog = useMay("read_audit_log");
  return (
    <div className="page settings">
      <h1 className="page__title">{strings.settings.title}</h1>
      <div className="settings__grid">
        <nav className="settings__nav" aria-label={strings.settings.title}>
          <div className="settings__group" role="group" aria-label={strings.settings.you}>
            <p className="settings__heading" aria-hidden>
              {strings.settings.you}
            </p>
            <Link to="/settings" activeOptions={{ exact: true }}>
              {strings.settings.account}
            </Link>
            <Link to="/settings/security">{strings.settings.security}</Link>
            <Link to="/settings/privacy">{strings.privacy.title}</Link>
            <Link to="/settings/keys">{strings.settings.keys}</Link>
          </div>
          <div className="settings__group" role="group" aria-label={organization}>
            <p className="settings__heading truncate" aria-hidden>
              {organization}
            </p>
            <Link to="/settings/organization">{strings.settings.organization}</Link>
            <Link to="/settings/members">{strings.settings.members}</Link>
            {mayReadAuditLog ? <Link to="/settings/audit">{strings.settings.audit}</Link> : null}
          </div>
        </nav>
        <div className="settings__body">
          <Outlet />
        </div>
      </div>
    </div>
  );
}

const NAME_MAX = 100;

export function AccountPage() {
  useTitle(strings.settings.title);
  const me = useQuery(meQuery);
  const signOut = useSignOut();
  const { theme, captions } = usePreferences();
  if (me.isError) return <Problem error={me.error} onRetry={() => void me.refetch()} />;
  if (!me.data) return <div className="skeleton" style={{ height: 220 }} />;
  const { user } = me.data;
  return (
    <>
      <section className="settings__section">
        <div>
          <h2>{strings.settings.account}</h2>
          <p className="soft">{strings.settings.accountLead}</p>
        </div>
        <div className="settings__who">
          <span className="avatar settings__avatar" aria-hidden>
            {initials(user.name)}
          </span>
          <div>
            <p className="account__name">{user.name}</p>
            <p className="soft">{user.email}</p>
          </div>
        </div>
        {user.email_verified ? null : <EmailNotice email={user.email} />}
        <NameForm key={user.name} name={user.name} />
        <dl className="settings__facts">
          <div>
            <dt>{strings.settings.memberSince}</dt>
            <dd>{formatDate(user.created_at)}</dd>
          </div>
        </dl>
        <div>
          <button type="button" className="button" onClick={signOut}>
            {strings.bar.signOut}
          </button>
        </div>
      </section>
      <section className="settings__section">
        <h2>{strings.settings.appearance}</h2>
        <label className="field">
          <span className="field__label">{strings.bar.theme}</span>
          <select
            className="select"
            value={theme}
            onChange={(event) => setPreferences({ theme: event.target.value as Theme })}
          >
            <option value="system">{strings.bar.themeSystem}</option>
            <option value="light">{strings.bar.themeLight}</option>
            <option value="dark">{strings.bar.themeDark}</option>
          </select>
        </label>
        <label className="check">
          <input
            type="checkbox"
            checked={captions}
            onChange={(event) => setPreferences({ captions: event.target.checked })}
          />
          {strings.settings.captionsDefault}
        </label>
      </section>
    </>
  );
}

/** What others see of oneself; the button comes with a change. */
function NameForm({ name }: { name: string }) {
  const client = useQueryClient();
  const [draft, setDraft] = useState(name);
  const save = useMutation({
    mutationFn: () => commands.changeMe({ name: draft.trim() }),
    onSuccess: ({ user }) => {
      client.setQueryData<Me>(keys.me, (me) => (me ? { ...me, user } : me));
      void client.invalidateQueries({ queryKey: keys.members });
      showToast(strings.settings.saved);
    },
  });
  const errors = fieldErrors(save.error, { name_invalid: "name" });
  const changed = draft.trim() !== name && draft.trim() !== "";
  return (
    <form
      className="settings__form"
      onSubmit={(event) => {
        event.preventDefault();
        if (changed) save.mutate();
      }}
    >
      {save.isError && errors.name === undefined ? <Problem error={save.error} /> : null}
      <TextField
        label={strings.auth.name}
        hint={strings.settings.nameHint}
        value={draft}
        maxLength={NAME_MAX}
        autoComplete="name"
        error={errors.name}
        onChange={(event) => setDraft(event.target.value)}
      />
      <div>
        <button type="submit" className="button button--primary" disabled={!changed || save.isPending}>
          {strings.common.save}
        </button>
      </div>
    </form>
  );
}
