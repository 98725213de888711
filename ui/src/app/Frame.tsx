import { useQueryClient } from "@tanstack/react-query";
import { Link, Outlet, useRouterState, type LinkProps } from "@tanstack/react-router";
import { House, Images, LibraryBig, PanelLeftClose, PanelLeftOpen, Search, Settings, type LucideIcon } from "lucide-react";
import { Fragment, lazy, Suspense, useEffect, useState } from "react";
import { listen } from "../api/events";
import { useMay, useMe } from "../api/me";
import { Tip } from "../components/Tip";
import { Toasts } from "../components/Toasts";
import { DropVeil } from "../features/uploads/DropVeil";
import { ImportDialog } from "../features/uploads/ImportDialog";
import { UploadTray } from "../features/uploads/UploadTray";
import { useUploadDrop } from "../features/uploads/drop";
import { isTyping, MAIN_ID, NARROW, useMedia } from "../lib/hooks";
import { setPreferences, usePreferences } from "../lib/preferences";
import { strings } from "../strings";
import { Logo } from "./Logo";
import { OrganizationSwitcher } from "./OrganizationMenu";
import { TopBar } from "./TopBar";

const Palette = lazy(() => import("../features/palette/Palette"));
const ClosedAccount = lazy(() => import("../features/account/ClosedAccount"));
const ClosedOrganization = lazy(() => import("../features/organization/ClosedOrganization"));

/** What stays in place around every page. */
export function Frame() {
  const client = useQueryClient();
  const me = useMe();
  const organizationId = me?.organization.id;
  const closedUntil = me?.erased_after ?? null;
  const open = me?.organization.status === "active" && closedUntil === null;
  const narrow = useMedia(NARROW);
  const [paletteOpen, setPaletteOpen] = useState(false);
  const dropping = useUploadDrop(useMay("edit_content"));

  useEffect(() => (open ? listen(client) : undefined), [client, organizationId, open]);

  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      const slash = event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey && !isTyping(event.target);
      const k = event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey;
      if (!slash && !k) return;
      event.preventDefault();
      setPaletteOpen((open) => (k ? !open : true));
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, []);

  return (
    <div className="frame">
      <a className="skip-link" href={`#${MAIN_ID}`}>
        {strings.skipToContent}
      </a>
      {/* The keyboard meets it where the eye does: before a page whose list may have no end, or below it. */}
      {narrow ? null : <Rail />}
      <TopBar onSearch={() => setPaletteOpen(true)} />
      <Arriving />
      <Arrived />
      <main id={MAIN_ID} className="main" tabIndex={-1} data-scroll-restoration-id="main">
        {/* Another organization is another page, even at the same address. */}
        <Fragment key={organizationId}>
          {me === undefined || open ? (
            <Outlet />
          ) : closedUntil !== null ? (
            <Suspense fallback={null}>
              <ClosedAccount until={closedUntil} />
            </Suspense>
          ) : (
            <Suspense fallback={null}>
              <ClosedOrganization me={me} />
            </Suspense>
          )}
        </Fragment>
      </main>
      {narrow ? <Rail /> : null}
      <UploadTray key={organizationId} />
      <ImportDialog />
      <Toasts />
      {dropping ? <DropVeil /> : null}
      {paletteOpen ? (
        <Suspense fallback={null}>
          <Palette onClose={() => setPaletteOpen(false)} />
        </Suspense>
      ) : null}
    </div>
  );
}

/** Says that a page is on its way; the one that is left stays until then. It comes after a moment, so that it does not flicker. */
function Arriving() {
  const isLoading = useRouterState({ select: (state) => state.isLoading });
  return isLoading ? <div className="arriving" role="progressbar" aria-label={strings.nav.arriving} /> : null;
}

/** Reads out the title of a page that was come to, as browsers do of pages that they load themselves. */
function Arrived() {
  const [title, setTitle] = useState("");
  useEffect(() => {
    let told = location.pathname;
    const observer = new MutationObserver(() => {
      // What is renamed or looked for on a page is no other page; the bare name stands until a page knows its own.
      if (location.pathname === told || document.title === strings.product) return;
      told = location.pathname;
      setTitle(document.title);
    });
    const element = document.querySelector("title");
    if (element) observer.observe(element, { childList: true });
    return () => observer.disconnect();
  }, []);
  return (
    <p className="visually-hidden" aria-live="polite" data-testid="arrived">
      {title}
    </p>
  );
}

const PLACES: { to: NonNullable<LinkProps["to"]>; label: string; icon: LucideIcon; exact?: boolean }[] = [
  { to: "/", label: strings.nav.home, icon: House, exact: true },
  { to: "/library", label: strings.nav.library, icon: LibraryBig },
  { to: "/search", label: strings.nav.search, icon: Search },
  { to: "/media", label: strings.nav.media, icon: Images },
];

function Rail() {
  const { railCollapsed } = usePreferences();
  const narrow = useMedia(NARROW);
  const collapsed = railCollapsed && !narrow;
  const Toggle = collapsed ? PanelLeftOpen : PanelLeftClose;
  const toggleLabel = collapsed ? strings.nav.expand : strings.nav.collapse;
  return (
    <nav className="rail" aria-label={strings.nav.label} data-collapsed={collapsed}>
      <Link to="/" className="rail__brand" aria-label={`${strings.product}: ${strings.nav.home}`}>
        <Logo />
        <span className="rail__text" aria-hidden>
          {strings.product}
        </span>
      </Link>
      {narrow ? null : <OrganizationSwitcher collapsed={collapsed} />}
      {PLACES.map((place) => (
        <RailLink key={place.to} {...place} collapsed={collapsed} />
      ))}
      <div className="rail__spacer" />
      <RailLink to="/settings" label={strings.nav.settings} icon={Settings} collapsed={collapsed} />
      <Tip text={toggleLabel} side="right">
        <button
          type="button"
          className="rail__link rail__toggle"
          aria-label={toggleLabel}
          onClick={() => setPreferences({ railCollapsed: !railCollapsed })}
        >
          <Toggle size={20} strokeWidth={1.75} aria-hidden />
        </button>
      </Tip>
    </nav>
  );
}

function RailLink({
  to,
  label,
  icon: Icon,
  exact = false,
  collapsed,
}: {
  to: NonNullable<LinkProps["to"]>;
  label: string;
  icon: LucideIcon;
  exact?: boolean;
  collapsed: boolean;
}) {
  const link = (
    <Link to={to} className="rail__link" activeOptions={{ exact, includeSearch: false }}>
      <Icon size={20} strokeWidth={1.75} aria-hidden />
      <span className="rail__text">{label}</span>
    </Link>
  );
  return collapsed ? (
    <Tip text={label} side="right">
      {link}
    </Tip>
  ) : (
    link
  );
}
