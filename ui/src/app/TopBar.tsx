import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useMatches, useNavigate } from "@tanstack/react-router";
import { Check, ChevronRight, CloudOff, KeyRound, LogOut, Monitor, Moon, Search, Sun, Upload, UserRound } from "lucide-react";
import { DropdownMenu } from "radix-ui";
import { useState } from "react";
import { isApiError, isGone, setOrganization } from "../api/client";
import { connection } from "../api/connection";
import { assetQuery } from "../api/media";
import { useMay, useMe } from "../api/me";
import { useChangeTheme } from "../api/preferences";
import { commands, videoQuery } from "../api/queries";
import { webhookQuery } from "../api/webhooks";
import { Tip } from "../components/Tip";
import { sayWhy } from "../features/library/actions";
import { ORGANIZATION_PAGES, OWN_PAGES } from "../features/settings/pages";
import { chooseFiles } from "../features/uploads/choose";
import { setUploader, settleCancelled } from "../features/uploads/manager";
import { initials } from "../lib/format";
import { NARROW, useMedia } from "../lib/hooks";
import { setPreferences, usePreferences, type Theme } from "../lib/preferences";
import { useStore } from "../lib/store";
import { showToast } from "../lib/toasts";
import { strings } from "../strings";
import { NewOrganizationDialog, OrganizationItems } from "./OrganizationMenu";

export function TopBar({ onSearch }: { onSearch: () => void }) {
  const { lost } = useStore(connection);
  const mayUpload = useMay("edit_content");
  return (
    <header className="bar">
      <Crumbs />
      <button type="button" className="bar__search" onClick={onSearch} aria-label={strings.bar.search}>
        <Search size={16} aria-hidden />
        <span aria-hidden>{strings.bar.search}</span>
        <kbd className="kbd" aria-hidden>
          /
        </kbd>
      </button>
      <div className="bar__actions">
        {lost ? (
          <Tip text={strings.bar.reconnectingHint}>
            <span className="bar__offline" role="status">
              <CloudOff size={16} aria-hidden />
              <span className="bar__upload-text">{strings.bar.reconnecting}</span>
            </span>
          </Tip>
        ) : null}
        {mayUpload ? (
          <button type="button" className="button button--primary" onClick={() => void chooseFiles()}>
            <Upload size={16} aria-hidden />
            <span className="bar__upload-text">{strings.bar.upload}</span>
          </button>
        ) : null}
        <AccountMenu />
      </div>
    </header>
  );
}

const PAGE_NAMES: Record<string, string> = {
  "/app/": strings.nav.home,
  "/app/library": strings.nav.library,
  "/app/search": strings.nav.search,
  "/app/media": strings.nav.media,
  "/app/settings/": strings.nav.settings,
  ...Object.fromEntries(
    [...OWN_PAGES, ...ORGANIZATION_PAGES].filter(({ to }) => to !== "/settings").map(({ to, label }) => [`/app${to}`, label]),
  ),
  "/app/settings/webhooks/$endpointId": strings.webhooks.title,
  "/app/$": strings.errors.notFound,
};

function Crumbs() {
  const matches = useMatches();
  const last = matches[matches.length - 1];
  const videoId = last?.routeId === "/app/videos/$videoId" ? last.params.videoId : undefined;
  const video = useQuery({ ...videoQuery(videoId ?? ""), enabled: videoId !== undefined });
  const assetId = last?.routeId === "/app/files/$assetId" ? last.params.assetId : undefined;
  const asset = useQuery({ ...assetQuery(assetId ?? ""), enabled: assetId !== undefined });
  const endpointId = last?.routeId === "/app/settings/webhooks/$endpointId" ? last.params.endpointId : undefined;
  const endpoint = useQuery({ ...webhookQuery(endpointId ?? ""), enabled: endpointId !== undefined });
  const here =
    videoId !== undefined
      ? (video.data?.title ?? unread(video.error))
      : assetId !== undefined
        ? (asset.data?.filename ?? unread(asset.error))
        : endpoint.data === undefined && isGone(endpoint.error)
          ? strings.errors.notFound
          : (PAGE_NAMES[last?.routeId ?? ""] ?? "");
  const inSettings = last?.routeId.startsWith("/app/settings/") === true && last.routeId !== "/app/settings/";
  return (
    <nav className="crumbs" aria-label={strings.nav.breadcrumbs}>
      <ol>
        {videoId === undefined ? null : (
          <li>
            <Link to="/library">{strings.nav.library}</Link>
            <ChevronRight size={16} aria-hidden />
          </li>
        )}
        {assetId === undefined ? null : (
          <li>
            <Link to="/media">{strings.nav.media}</Link>
            <ChevronRight size={16} aria-hidden />
          </li>
        )}
        {inSettings ? (
          <li>
            <Link to="/settings">{strings.nav.settings}</Link>
            <ChevronRight size={16} aria-hidden />
          </li>
        ) : null}
        <li aria-current="page">
          <span className="truncate">{here}</span>
        </li>
      </ol>
    </nav>
  );
}

/** Stands for a name that is on its way, or that nothing has. */
const unread = (error: unknown): string => (isGone(error) ? strings.errors.notFound : "…");

const THEMES: { value: Theme; label: string; icon: typeof Sun }[] = [
  { value: "system", label: strings.bar.themeSystem, icon: Monitor },
  { value: "light", label: strings.bar.themeLight, icon: Sun },
  { value: "dark", label: strings.bar.themeDark, icon: Moon },
];

/**
 * Ends the session and leads to signing in, and from there to `next` if it is given. Where that fails the session still works,
 * so the page stays and `onError` says why.
 */
export function useSignOut(next?: string, onError: (error: unknown) => void = tellStillSignedIn): () => void {
  const client = useQueryClient();
  const navigate = useNavigate();
  return () => {
    const leave = (): void => {
      setUploader(null);
      setOrganization(null);
      setPreferences({ organizationId: null });
      void navigate({ to: "/sign-in", search: next === undefined ? {} : { next } }).then(() => client.clear());
    };
    settleCancelled().then(commands.signOut).then(leave, (error: unknown) => {
      // Without a session there is none to end.
      if (isApiError(error) && error.status === 401) leave();
      else onError(error);
    });
  };
}

const tellStillSignedIn = (error: unknown): void => void showToast(`${strings.bar.stillSignedIn} ${sayWhy(error)}`);

function AccountMenu() {
  const user = useMe()?.user;
  const navigate = useNavigate();
  const signOut = useSignOut();
  const narrow = useMedia(NARROW);
  const [creating, setCreating] = useState(false);
  const { theme } = usePreferences();
  const changeTheme = useChangeTheme();

  return (
    <>
      <DropdownMenu.Root modal={false}>
        <DropdownMenu.Trigger asChild>
          <button type="button" className="icon-button bar__avatar" aria-label={strings.bar.account}>
            <span className="avatar">{user ? initials(user.name) : ""}</span>
          </button>
        </DropdownMenu.Trigger>
        <DropdownMenu.Portal>
          <DropdownMenu.Content className="menu menu--tall" align="end" sideOffset={8} collisionPadding={8}>
            <div className="account">
              <p className="account__name truncate">{user?.name}</p>
              <p className="faint small truncate">{user?.email}</p>
            </div>
            <div className="menu__rule" />
            {narrow ? (
              <>
                <OrganizationItems onNew={() => setCreating(true)} />
                <div className="menu__rule" />
              </>
            ) : null}
            <DropdownMenu.Label className="menu__label">{strings.bar.theme}</DropdownMenu.Label>
            <DropdownMenu.RadioGroup value={theme}>
              {THEMES.map(({ value, label, icon: Icon }) => (
                <DropdownMenu.RadioItem
                  key={value}
                  className="menu__item"
                  value={value}
                  onSelect={(event) => {
                    event.preventDefault();
                    changeTheme(value);
                  }}
                >
                  <Icon size={16} aria-hidden />
                  {label}
                  <span className="menu__check">
                    <DropdownMenu.ItemIndicator>
                      <Check size={16} aria-hidden />
                    </DropdownMenu.ItemIndicator>
                  </span>
                </DropdownMenu.RadioItem>
              ))}
            </DropdownMenu.RadioGroup>
            <div className="menu__rule" />
            <DropdownMenu.Item className="menu__item" onSelect={() => void navigate({ to: "/settings" })}>
              <UserRound size={16} aria-hidden />
              {strings.settings.account}
            </DropdownMenu.Item>
            <DropdownMenu.Item className="menu__item" onSelect={() => void navigate({ to: "/settings/keys" })}>
              <KeyRound size={16} aria-hidden />
              {strings.settings.keys}
            </DropdownMenu.Item>
            <DropdownMenu.Item className="menu__item" onSelect={signOut}>
              <LogOut size={16} aria-hidden />
              {strings.bar.signOut}
            </DropdownMenu.Item>
          </DropdownMenu.Content>
        </DropdownMenu.Portal>
      </DropdownMenu.Root>
      <NewOrganizationDialog open={creating} onClose={() => setCreating(false)} />
    </>
  );
}
