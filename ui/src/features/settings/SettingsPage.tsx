import "./settings.css";
import { useQuery } from "@tanstack/react-query";
import { Link, Outlet } from "@tanstack/react-router";
import { meQuery } from "../../api/queries";
import { Problem } from "../../components/Problem";
import { useSignOut } from "../../app/TopBar";
import { formatDate, initials } from "../../lib/format";
import { useTitle } from "../../lib/hooks";
import { setPreferences, usePreferences, type Theme } from "../../lib/preferences";
import { strings } from "../../strings";

export function SettingsLayout() {
  return (
    <div className="page settings">
      <h1 className="page__title">{strings.settings.title}</h1>
      <div className="settings__grid">
        <nav className="settings__nav" aria-label={strings.settings.title}>
          <Link to="/settings" activeOptions={{ exact: true }}>
            {strings.settings.account}
          </Link>
          <Link to="/settings/keys">{strings.settings.keys}</Link>
        </nav>
        <div className="settings__body">
          <Outlet />
        </div>
      </div>
    </div>
  );
}

const ROLES: Record<string, string> = { owner: "Owner", admin: "Admin", member: "Member", viewer: "Viewer" };

export function AccountPage() {
  useTitle(strings.settings.title);
  const me = useQuery(meQuery);
  const signOut = useSignOut();
  const { theme, captions } = usePreferences();
  if (me.isError) return <Problem error={me.error} onRetry={() => void me.refetch()} />;
  if (!me.data) return <div className="skeleton" style={{ height: 220 }} />;
  const { user, organization } = me.data;
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
        <dl className="settings__facts">
          <div>
            <dt>{strings.settings.organization}</dt>
            <dd>{organization.name}</dd>
          </div>
          <div>
            <dt>{strings.settings.role}</dt>
            <dd>{ROLES[organization.role] ?? organization.role}</dd>
          </div>
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
