import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  notFound,
  Outlet,
  redirect,
  rootRouteId,
} from "@tanstack/react-router";
import type { QueryClient } from "@tanstack/react-query";
import { ROUTE_ORDERS, TRAFFIC_RANGES, type TrafficRange } from "../api/analytics";
import { isApiError } from "../api/client";
import { assetQuery, foldersQuery } from "../api/media";
import { meQuery } from "../api/me";
import { preferencesQuery } from "../api/preferences";
import { summaryQuery, transcriptQuery, videoQuery, videosQuery, type VideoSort } from "../api/queries";
import { providersQuery } from "../api/sign-in";
import type { HitKind, SearchMode, TaskStatus, VideoStatus, WebhookDeliveryStatus } from "../api/types";
import { readPlace } from "../features/media/place";
import { Frame } from "./Frame";
import { BrokenPage, CrashPage, NotFound, NotFoundPage } from "./Fallbacks";
import { queryClient } from "./query-client";

interface Context {
  client: QueryClient;
}

/** Loaders only start what the page will ask for; the page shows the failure. */
const ignore = (): undefined => undefined;

type Raw = Record<string, unknown>;

const text = (value: unknown): string | undefined => (typeof value === "string" && value !== "" ? value : undefined);

function oneOf<T extends string>(value: unknown, allowed: readonly T[]): T | undefined {
  return allowed.find((candidate) => candidate === value);
}

/** Leaves out what is not set, so that an address holds only what was chosen. */
function compact<T extends Raw>(values: T): Partial<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Partial<T>;
}

/** The page comes with its buttons; without an answer it does without them. */
const waitForProviders = ({ context }: { context: Context }): Promise<unknown> =>
  context.client.query(providersQuery).catch(ignore);

const rootRoute = createRootRouteWithContext<Context>()({
  component: Outlet,
  notFoundComponent: NotFoundPage,
  errorComponent: CrashPage,
});

const signInRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/sign-in",
  validateSearch: (raw: Raw) => compact({ next: text(raw["next"]) }),
  loader: waitForProviders,
  component: lazyRouteComponent(() => import("../features/auth/AuthPage"), "SignInPage"),
});

const signUpRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/sign-up",
  validateSearch: (raw: Raw) => compact({ next: text(raw["next"]) }),
  loader: waitForProviders,
  component: lazyRouteComponent(() => import("../features/auth/AuthPage"), "SignUpPage"),
});

/** The server leads to the next two on the way back from a provider. */
const providerCodeRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/sign-in/code",
  component: lazyRouteComponent(() => import("../features/auth/ProviderPages"), "ProviderCodePage"),
});

const providerProblemRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/sign-in/problem",
  validateSearch: (raw: Raw) => compact({ code: text(raw["code"]), provider: text(raw["provider"]) }),
  loader: waitForProviders,
  component: lazyRouteComponent(() => import("../features/auth/ProviderPages"), "ProviderProblemPage"),
});

/** The token of an invitation is the fragment of its address, which no log sees. */
const invitationRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/invitation",
  component: lazyRouteComponent(() => import("../features/invitation/InvitationPage"), "InvitationPage"),
});

const forgotPasswordRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/forgot-password",
  component: lazyRouteComponent(() => import("../features/auth/PasswordPages"), "ForgotPasswordPage"),
});

/** Mails lead to the next three; their tokens, too, are the fragments of the addresses. */
const resetPasswordRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/reset-password",
  component: lazyRouteComponent(() => import("../features/auth/PasswordPages"), "ResetPasswordPage"),
});

const confirmEmailRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/confirm-email",
  component: lazyRouteComponent(() => import("../features/auth/EmailPages"), "ConfirmEmailPage"),
});

const changeEmailRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/change-email",
  component: lazyRouteComponent(() => import("../features/auth/EmailPages"), "ChangeEmailPage"),
});

/** The route of what no other has. */
const NOWHERE = "/app/$";

/** Everything inside the frame needs a session. */
const appRoute = createRoute({
  getParentRoute: () => rootRoute,
  id: "app",
  component: Frame,
  errorComponent: CrashPage,
  beforeLoad: async ({ context, location, matches }) => {
    const isNowhere = matches.some(({ routeId }) => routeId === NOWHERE);
    const choose = (): Promise<unknown> => context.client.query({ ...preferencesQuery, staleTime: "static" }).catch(ignore);
    try {
      // Without a session, this question already leads to signing in.
      const chosen = isNowhere ? null : choose();
      await context.client.query({ ...meQuery, staleTime: "static" });
      // Before anything is shown, so that no date is written one way and then another.
      await (chosen ?? choose());
    } catch (error) {
      if (isApiError(error) && error.status === 401) {
        // Nobody has to sign in to learn that there is nothing.
        if (isNowhere) throw notFound({ routeId: rootRouteId });
        throw redirect({ to: "/sign-in", search: location.href === "/" ? {} : { next: location.href } });
      }
      throw error;
    }
  },
});

const homeRoute = createRoute({
  getParentRoute: () => appRoute,
  path: "/",
  component: lazyRouteComponent(() => import("../features/home/HomePage"), "HomePage"),
  loader: ({ context }) => {
    context.client.infiniteQuery(videosQuery({ sort: "newest" }, 12)).catch(ignore);
  },
});

export const SORTS = ["newest", "oldest", "title"] as const satisfies readonly VideoSort[];
export const STATUSES = ["pending", "processing", "completed", "failed"] as const satisfies readonly VideoStatus[];
export const AUDITED = [
  "video", "transcript", "subtitles", "speaker", "channel", "membership", "invitation", "organization", "domain", "api_key", "session",
  "second_factor", "passkey", "identity", "user", "delivery_policy", "encoding_settings", "upload_limits", "webhook_endpoint",
  "webhook_delivery", "task", "asset", "folder", "image_preset",
] as const;
export const DELIVERY_STATUSES = ["pending", "delivered", "failed"] as const satisfies readonly WebhookDeliveryStatus[];
export const TASK_STATUSES = ["pending", "held", "running", "completed", "failed", "cancelled"] as const satisfies readonly TaskStatus[];
const SEARCHED_KINDS = ["video", "document", "image"] as const satisfies readonly HitKind[];
export const MODES = ["hybrid", "keyword", "semantic"] as const satisfies readonly SearchMode[];

const libraryRoute = createRoute({
  getParentRoute: () => appRoute,
  path: "/library",
  validateSearch: (raw: Raw) =>
    compact({
      title: text(raw["title"]),
      channel: text(raw["channel"]),
      status: oneOf(raw["status"], STATUSES),
      sort: oneOf(raw["sort"], SORTS),
    }),
  component: lazyRouteComponent(() => import("../features/library/LibraryPage"), "LibraryPage"),
});

const videoRoute = createRoute({
  getParentRoute: () => appRoute,
  path: "/videos/$videoId",
  validateSearch: (raw: Raw) => compact({ t: seconds(raw["t"]), tab: oneOf(raw["tab"], ["screen", "summary", "details"]) }),
  component: lazyRouteComponent(() => import("../features/video/VideoPage"), "VideoPage"),
  loader: ({ context, params }) => {
    context.client.query(videoQuery(params.videoId)).catch(ignore);
    context.client.query(transcriptQuery(params.videoId)).catch(ignore);
    context.client.query(summaryQuery(params.videoId)).catch(ignore);
  },
});

function seconds(value: unknown): number | undefined {
  const parsed = typeof value === "string" ? Number.parseFloat(value) : typeof value === "number" ? value : Number.NaN;
  return Number.isFinite(parsed) && parsed >= 0 ? parsed : undefined;
}

const searchRoute = createRoute({
  getParentRoute: () => appRoute,
  path: "/search",
  validateSearch: (raw: Raw) =>
    compact({
      q: text(raw["q"]),
      mode: oneOf(raw["mode"], MODES),
      kind: oneOf(raw["kind"], SEARCHED_KINDS),
      speaker: text(raw["speaker"]),
      channel: text(raw["channel"]),
      from: text(raw["from"]),
      to: text(raw["to"]),
    }),
  component: lazyRouteComponent(() => import("../features/search/SearchPage"), "SearchPage"),
});

const mediaRoute = createRoute({
  getParentRoute: () => appRoute,
  path: "/media",
  validateSearch: readPlace,
  component: lazyRouteComponent(() => import("../features/media/MediaPage"), "MediaPage"),
  loader: ({ context }) => {
    context.client.query(foldersQuery).catch(ignore);
  },
});

/** The page of a document that is shown first. */
function readPage(raw: Record<string, unknown>): { page?: number } {
  const page = Number(raw["page"]);
  return Number.isSafeInteger(page) && page > 0 ? { page } : {};
}

/** Not below `/media/`, where the server has the media themselves. */
const fileRoute = createRoute({
  getParentRoute: () => appRoute,
  path: "/files/$assetId",
  validateSearch: readPage,
  component: lazyRouteComponent(() => import("../features/media/AssetPage"), "AssetPage"),
  loader: ({ context, params }) => {
    context.client.query(assetQuery(params.assetId)).catch(ignore);
  },
});

const settingsRoute = createRoute({
  getParentRoute: () => appRoute,
  path: "/settings",
  component: lazyRouteComponent(() => import("../features/settings/SettingsPage"), "SettingsLayout"),
});

const accountRoute = createRoute({
  getParentRoute: () => settingsRoute,
  path: "/",
  component: lazyRouteComponent(() => import("../features/settings/AccountPage"), "AccountPage"),
});

const preferencesRoute = createRoute({
  getParentRoute: () => settingsRoute,
  path: "/preferences",
  component: lazyRouteComponent(() => import("../features/settings/PreferencesPage"), "PreferencesPage"),
});

const securityRoute = createRoute({
  getParentRoute: () => settingsRoute,
  path: "/security",
  component: lazyRouteComponent(() => import("../features/settings/SecurityPage"), "SecurityPage"),
});

const privacyRoute = createRoute({
  getParentRoute: () => settingsRoute,
  path: "/privacy",
  component: lazyRouteComponent(() => import("../features/settings/PrivacyPage"), "PrivacyPage"),
});

const keysRoute = createRoute({
  getParentRoute: () => settingsRoute,
  path: "/keys",
  component: lazyRouteComponent(() => import("../features/settings/KeysPage"), "KeysPage"),
});

const organizationRoute = createRoute({
  getParentRoute: () => settingsRoute,
  path: "/organization",
  component: lazyRouteComponent(() => import("../features/settings/OrganizationPage"), "OrganizationPage"),
});

const membersRoute = createRoute({
  getParentRoute: () => settingsRoute,
  path: "/members",
  component: lazyRouteComponent(() => import("../features/settings/MembersPage"), "MembersPage"),
});

const domainsRoute = createRoute({
  getParentRoute: () => settingsRoute,
  path: "/domains",
  component: lazyRouteComponent(() => import("../features/settings/DomainsPage"), "DomainsPage"),
});

const deliveryRoute = createRoute({
  getParentRoute: () => settingsRoute,
  path: "/delivery",
  component: lazyRouteComponent(() => import("../features/settings/delivery/DeliveryPage"), "DeliveryPage"),
});

const encodingRoute = createRoute({
  getParentRoute: () => settingsRoute,
  path: "/encoding",
  component: lazyRouteComponent(() => import("../features/settings/encoding/EncodingPage"), "EncodingPage"),
});

const webhooksRoute = createRoute({
  getParentRoute: () => settingsRoute,
  path: "/webhooks",
  component: lazyRouteComponent(() => import("../features/settings/webhooks/WebhooksPage"), "WebhooksPage"),
});

const webhookRoute = createRoute({
  getParentRoute: () => settingsRoute,
  path: "/webhooks/$endpointId",
  validateSearch: (raw: Raw) => compact({ status: oneOf(raw["status"], DELIVERY_STATUSES) }),
  component: lazyRouteComponent(() => import("../features/settings/webhooks/EndpointPage"), "EndpointPage"),
});

const tasksRoute = createRoute({
  getParentRoute: () => settingsRoute,
  path: "/tasks",
  validateSearch: (raw: Raw) => compact({ status: oneOf(raw["status"], TASK_STATUSES), kind: text(raw["kind"]) }),
  component: lazyRouteComponent(() => import("../features/settings/tasks/TasksPage"), "TasksPage"),
});

const trafficRoute = createRoute({
  getParentRoute: () => settingsRoute,
  path: "/traffic",
  validateSearch: (raw: Raw) =>
    compact({
      range: oneOf(raw["range"], Object.keys(TRAFFIC_RANGES) as TrafficRange[]),
      sort: oneOf(raw["sort"], ROUTE_ORDERS),
    }),
  component: lazyRouteComponent(() => import("../features/settings/traffic/TrafficPage"), "TrafficPage"),
});

const auditRoute = createRoute({
  getParentRoute: () => settingsRoute,
  path: "/audit",
  validateSearch: (raw: Raw) => compact({ kind: oneOf(raw["kind"], AUDITED) }),
  component: lazyRouteComponent(() => import("../features/settings/AuditPage"), "AuditPage"),
});

/** Whoever is signed in and follows a wrong address keeps the frame, which leads elsewhere. */
const nowhereRoute = createRoute({
  getParentRoute: () => appRoute,
  path: "$",
  component: NotFound,
});

const routeTree = rootRoute.addChildren([
  signInRoute,
  signUpRoute,
  providerCodeRoute,
  providerProblemRoute,
  invitationRoute,
  forgotPasswordRoute,
  resetPasswordRoute,
  confirmEmailRoute,
  changeEmailRoute,
  appRoute.addChildren([
    homeRoute,
    libraryRoute,
    videoRoute,
    searchRoute,
    mediaRoute,
    fileRoute,
    settingsRoute.addChildren([
      accountRoute,
      preferencesRoute,
      securityRoute,
      privacyRoute,
      keysRoute,
      organizationRoute,
      membersRoute,
      domainsRoute,
      deliveryRoute,
      encodingRoute,
      webhooksRoute,
      webhookRoute,
      tasksRoute,
      trafficRoute,
      auditRoute,
    ]),
    nowhereRoute,
  ]),
]);

export const router = createRouter({
  routeTree,
  context: { client: queryClient },
  defaultPreload: "intent",
  defaultPreloadStaleTime: 0,
  defaultErrorComponent: BrokenPage,
  scrollRestoration: true,
  scrollToTopSelectors: ["#main"],
  // Addresses are meant to be read and typed, so values stand as they are and not as JSON.
  parseSearch: (search) => Object.fromEntries(new URLSearchParams(search)),
  stringifySearch: (search) => {
    const parameters = new URLSearchParams();
    for (const [name, value] of Object.entries(search)) {
      if (value !== undefined && value !== null && value !== "") parameters.set(name, String(value));
    }
    const encoded = parameters.toString();
    return encoded === "" ? "" : `?${encoded}`;
  },
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
