import "./settings.css";
import { Link, Outlet, useLocation } from "@tanstack/react-router";
import { useMe } from "../../api/me";
import { NARROW, useMedia } from "../../lib/hooks";
import { strings } from "../../strings";
import { openPages, ORGANIZATION_PAGES, OWN_PAGES, type SettingsPage } from "./pages";

export function SettingsLayout() {
  const me = useMe();
  const narrow = useMedia(NARROW);
  const here = useLocation({ select: ({ pathname }) => pathname });
  const page = [...OWN_PAGES, ...ORGANIZATION_PAGES].findLast(({ to }) => here.startsWith(to));
  const nav = (
    <nav className="settings__nav" aria-label={strings.settings.title}>
      <Group name={strings.settings.you} pages={OWN_PAGES} />
      <Group name={me?.organization.name ?? ""} pages={openPages(ORGANIZATION_PAGES, me)} />
    </nav>
  );
  return (
    <div className="page settings">
      <h1 className="page__title">{strings.settings.title}</h1>
      <div className="settings__grid">
        {narrow ? (
          // It closes once a page is chosen.
          <details key={here} className="fold">
            <summary>{page?.label ?? strings.settings.title}</summary>
            {nav}
          </details>
        ) : (
          nav
        )}
        <div className="settings__body">
          <Outlet />
        </div>
      </div>
    </div>
  );
}

function Group({ name, pages }: { name: string; pages: readonly SettingsPage[] }) {
  return (
    <div className="settings__group" role="group" aria-label={name}>
      <p className="settings__heading truncate" aria-hidden>
        {name}
      </p>
      {pages.map(({ to, label }) => (
        <Link key={to} to={to} activeOptions={{ exact: to === "/settings" }}>
          {label}
        </Link>
      ))}
    </div>
  );
}
