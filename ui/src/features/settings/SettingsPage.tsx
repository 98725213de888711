import "./settings.css";
import { Link, Outlet } from "@tanstack/react-router";
import { useMay, useMe } from "../../api/me";
import { strings } from "../../strings";

export function SettingsLayout() {
  const organization = useMe()?.organization.name ?? "";
  const mayManageDomains = useMay("manage_domains");
  const mayManageDelivery = useMay("manage_delivery");
  const mayManageEncoding = useMay("manage_encoding");
  const mayManageWebhooks = useMay("manage_webhooks");
  const mayReadAnalytics = useMay("read_analytics");
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
            <Link to="/settings/preferences">{strings.settings.preferences}</Link>
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
            <Link to="/settings/tasks">{strings.tasks.title}</Link>
            {mayManageDomains ? <Link to="/settings/domains">{strings.domains.title}</Link> : null}
            {mayManageDelivery ? <Link to="/settings/delivery">{strings.delivery.title}</Link> : null}
            {mayManageEncoding ? <Link to="/settings/encoding">{strings.encoding.title}</Link> : null}
            {mayManageWebhooks ? <Link to="/settings/webhooks">{strings.webhooks.title}</Link> : null}
            {mayReadAnalytics ? <Link to="/settings/traffic">{strings.traffic.title}</Link> : null}
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
