import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { expect, type Page } from "@playwright/test";
import {
  chooseFiles,
  expectAccessible,
  inEveryLook,
  keepLook,
  makeFilm,
  newAccount,
  PROCESSING_MS,
  sample,
  signUp,
  test,
  trayRow,
  videoId,
} from "./helpers";

const MODULES = path.resolve(import.meta.dirname, "../node_modules");
const SCRIPTS: Record<string, string> = {
  "/hls.js": "hls.js/dist/hls.min.js",
  "/shaka.js": "shaka-player/dist/shaka-player.compiled.js",
  "/tus.js": "tus-js-client/dist/tus.min.js",
};

/** A web site of somebody else, with players and an uploader of its own: `elsewhere.html`. */
class Site {
  private readonly server: Server;

  private constructor() {
    this.server = createServer((request, response) => {
      const script = SCRIPTS[request.url ?? ""];
      const file = script === undefined ? path.resolve(import.meta.dirname, "elsewhere.html") : path.join(MODULES, script);
      response.setHeader("Content-Type", script === undefined ? "text/html; charset=utf-8" : "text/javascript; charset=utf-8");
      response.end(readFileSync(file));
    });
  }

  static async start(): Promise<Site> {
    const site = new Site();
    await new Promise<void>((resolve) => site.server.listen(0, resolve));
    return site;
  }

  /** Of the same machine under two names: another site, and another origin of the same site. */
  origin(host: "localhost" | "127.0.0.1"): string {
    return `http://${host}:${(this.server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
  }
}

type Way = "hls.js" | "shaka-hls" | "shaka-dash";

interface Played {
  time: number;
  texts: number;
  stills: number;
}

interface Changed {
  languages: string[];
  heard: string | undefined;
  read: string;
  played: number;
}

interface Elsewhere {
  playThere: (way: Way, url: string, withCookies: boolean) => Promise<Played>;
  uploadThere: (bytes: string, key: string, endpoint: string) => Promise<string | null>;
  changeThere: (language: string) => Promise<Changed>;
  openThere: (url: string) => Promise<{ from: number; to: number }>;
  fetchThere: (requests: { url: string; options: RequestInit }[]) => Promise<string[]>;
}

/** Plays an address on the page that is open, which begins anew. */
async function playThere(page: Page, way: Way, url: string, withCookies = false): Promise<Played> {
  await page.reload();
  return page.evaluate(
    ({ way, url, withCookies }) => (window as unknown as Elsewhere).playThere(way, url, withCookies),
    { way, url, withCookies },
  );
}

/** Lets pages of an origin read the media of whoever is signed in. */
async function allowOrigin(page: Page, origin: string): Promise<void> {
  const policy = { referrer_domains: [], allows_no_referrer: true, shared_caching: false, cache_seconds: 0 };
  const headers = { "X-Memoreel-Request": "1" };
  const data = { ...policy, allowed_origins: [origin] };
  const put = await page.request.put("/api/v1/organization/delivery", { headers, data });
  expect(put.ok(), await put.text()).toBe(true);
}

function fetchThere(page: Page, requests: { url: string; options: RequestInit }[]): Promise<string[]> {
  return page.evaluate((requests) => (window as unknown as Elsewhere).fetchThere(requests), requests);
}

test("delivery is set in the settings, and what is wrong is said at its field", async ({ page }) => {
  await signUp(page, newAccount());
  await page.goto("/settings");
  await page.getByRole("link", { name: "Delivery" }).click();
  await expect(page.getByRole("heading", { name: "Web pages that may read media" })).toBeVisible();
  await expectAccessible(page);
  const save = page.getByRole("button", { name: "Save" });
  await expect(save).toBeDisabled();

  const origins = page.getByLabel("Origins");
  await origins.fill("https://app.example.com\nhttps://*.com");
  await save.click();
  await expect(origins).toHaveAttribute("aria-invalid", "true");
  await expect(page.getByText("`https://*.com` has a wildcard in front of something that is no domain of two parts.")).toBeVisible();
  await expectAccessible(page);
  await origins.fill("https://App.example.com/\nhttps://*.example.org");
  await expect(origins).toHaveAttribute("aria-invalid", "false");

  const domains = page.getByLabel("Domains");
  await domains.fill("https://example.com");
  await save.click();
  await expect(domains).toHaveAttribute("aria-invalid", "true");
  await domains.fill("example.com");
  await page.getByRole("checkbox", { name: /does not say where they come from/u }).uncheck();
  const seconds = page.getByLabel("Keep for (seconds)");
  await seconds.fill("soon");
  await expect(seconds).toHaveAttribute("aria-invalid", "true");
  await expect(save).toBeDisabled();
  await seconds.fill("86400");
  await page.getByRole("checkbox", { name: /such as a CDN/u }).check();
  await save.click();
  await expect(page.getByText("Saved")).toBeVisible();

  await page.reload();
  await expect(origins).toHaveValue("https://app.example.com\nhttps://*.example.org");
  await expect(domains).toHaveValue("example.com");
  await expect(seconds).toHaveValue("86400");
  await expect(page.getByRole("checkbox", { name: /does not say where they come from/u })).not.toBeChecked();
  await expect(page.getByRole("checkbox", { name: /such as a CDN/u })).toBeChecked();
  await expect(save).toBeDisabled();
});

test("pages of another origin upload with a key, and play with hls.js and Shaka Player", async ({ page, context, baseURL }) => {
  const base = baseURL ?? "";
  test.setTimeout(PROCESSING_MS + 120_000);
  const site = await Site.start();
  await signUp(page, newAccount());
  await page.goto("/settings/delivery");
  await page.getByLabel("Origins").fill(`${site.origin("localhost")}\n${site.origin("127.0.0.1")}`);
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("Saved")).toBeVisible();
  const headers = { "X-Memoreel-Request": "1" };
  const made = await page.request.post("/api/v1/api-keys", { headers, data: { name: "Their app" } });
  expect(made.status(), await made.text()).toBe(201);
  const { secret } = (await made.json()) as { secret: string };

  // Somebody who is signed in nowhere, on that other site.
  const other = await context.browser()?.newContext();
  if (other === undefined) throw new Error("no browser");
  const there = await other.newPage();
  await there.goto(site.origin("localhost"));
  const bytes = readFileSync(sample("video-call.mp4")).toString("base64");
  const videoId = await there.evaluate(
    ({ bytes, secret, endpoint }) => (window as unknown as Elsewhere).uploadThere(bytes, secret, endpoint),
    { bytes, secret, endpoint: `${base}/api/v1/uploads` },
  );
  expect(videoId).toMatch(/^[\da-f-]{36}$/u);

  interface Video {
    status: string;
    playback: { hls_url: string | null; dash_url: string | null; captions: unknown[] };
  }
  const recording = async (): Promise<Video> =>
    (await (await page.request.get(`/api/v1/videos/${videoId ?? ""}`)).json()) as Video;
  await expect.poll(async () => (await recording()).status, { timeout: PROCESSING_MS }).toBe("completed");
  const { playback } = await recording();
  const texts = playback.captions.length;
  for (const [way, url] of [
    ["hls.js", playback.hls_url],
    ["shaka-hls", playback.hls_url],
    ["shaka-dash", playback.dash_url],
  ] as const) {
    await test.step(`${way} by address`, async () => {
      const played = await playThere(there, way, `${base}${url ?? ""}`);
      expect(played.time, way).toBeGreaterThanOrEqual(1);
      expect(played.texts, `${way} finds the captions`).toBe(texts);
      // hls.js knows none.
      if (way !== "hls.js") expect(played.stills, `${way} finds the stills of the seek bar`).toBe(1);
    });
  }

  // By a cookie, where a browser sends one along: from another origin of the same site.
  const assets = (await (await page.request.get("/api/v1/assets?kind=video")).json()) as { items: { id: string }[] };
  const opened = await page.request.get(`/api/v1/assets/${assets.items[0]?.id ?? ""}/media-cookie`);
  const cookie = (await opened.json()) as { open_url: string; hls_url: string; dash_url: string };
  await there.goto(site.origin("127.0.0.1"));
  await expect(playThere(there, "hls.js", cookie.hls_url, true)).rejects.toThrow(/manifestLoadError/u);
  const opening = { url: cookie.open_url, options: { credentials: "include" as const } };
  expect(await fetchThere(there, [opening])).toEqual(["read 204"]);
  expect((await other.cookies()).find(({ name }) => name === "memoreel_media")?.httpOnly).toBe(true);
  for (const [way, url] of [
    ["hls.js", cookie.hls_url],
    ["shaka-hls", cookie.hls_url],
    ["shaka-dash", cookie.dash_url],
  ] as const) {
    await test.step(`${way} by cookie`, async () => {
      expect((await playThere(there, way, url, true)).time, way).toBeGreaterThanOrEqual(1);
    });
  }

  // What was not allowed is not read, and a session opens nothing here.
  const stranger = await Site.start();
  await there.goto(stranger.origin("localhost"));
  const withKey = { headers: { Authorization: `Bearer ${secret}` } };
  const videos = `${base}/api/v1/videos`;
  const asked = [
    { url: `${base}${playback.hls_url ?? ""}`, options: {} },
    { url: videos, options: withKey },
  ];
  expect(await fetchThere(there, asked)).toEqual(["refused", "refused"]);
  await there.goto(site.origin("localhost"));
  expect(await fetchThere(there, asked)).toEqual(["read 200", "read 200"]);
  await page.goto(site.origin("127.0.0.1"));
  const mine = [
    { url: videos, options: { credentials: "include" as const } },
    { url: videos, options: { credentials: "include" as const, ...withKey } },
    { url: videos, options: withKey },
  ];
  expect(await fetchThere(page, mine), "a session opens nothing here").toEqual(["refused", "refused", "read 200"]);
  await other.close();
  site.stop();
  stranger.stop();
});

test("Shaka Player goes on with another sound of a film, and shows its subtitles", async ({ page, context, baseURL }, info) => {
  const base = baseURL ?? "";
  test.setTimeout(PROCESSING_MS + 90_000);
  makeFilm(info.outputPath("two-languages.mkv"));
  const site = await Site.start();
  await signUp(page, newAccount());
  await allowOrigin(page, site.origin("localhost"));
  await chooseFiles(page, [info.outputPath("two-languages.mkv")]);
  await expect(trayRow(page, "two-languages.mkv")).toContainText("Ready", { timeout: PROCESSING_MS });
  const video = await page.request.get(`/api/v1/videos/${await videoId(page, "two-languages.mkv")}`);
  const { playback } = (await video.json()) as { playback: { dash_url: string } };

  const other = await context.browser()?.newContext();
  if (other === undefined) throw new Error("no browser");
  const there = await other.newPage();
  await there.goto(site.origin("localhost"));
  await playThere(there, "shaka-dash", `${base}${playback.dash_url}`);
  const fetched = there.waitForResponse((response) => /\/sound-2\/.*\.m4s/u.test(response.url()) && response.ok());
  const changed = await there.evaluate(() => (window as unknown as Elsewhere).changeThere("de"));
  await fetched;
  expect(changed.languages.toSorted()).toEqual(["de", "en"]);
  expect(changed.heard).toBe("de");
  expect(changed.played, "it plays on").toBeGreaterThanOrEqual(1);
  expect(changed.read).toContain("Guten Morgen");
  await other.close();
  site.stop();
});

test("an address with #t= begins there and stands still at the end of it, and a clip begins where it was cut", async ({
  page,
  baseURL,
}) => {
  const base = baseURL ?? "";
  test.setTimeout(PROCESSING_MS + 60_000);
  const site = await Site.start();
  await signUp(page, newAccount());
  await allowOrigin(page, site.origin("localhost"));
  await chooseFiles(page, [sample("video-call.mp4")]);
  await expect(trayRow(page, "video-call.mp4")).toContainText("Ready", { timeout: PROCESSING_MS });
  const video = await page.request.get(`/api/v1/videos/${await videoId(page, "video-call.mp4")}`);
  const { asset_id: assetId, playback } = (await video.json()) as { asset_id: string; playback: { file_url: string } };
  const cut = await page.request.get(`/api/v1/assets/${assetId}/clip-address?from_seconds=1&to_seconds=4`);
  const clip = (await cut.json()) as { url: string };

  const there = await page.context().newPage();
  await there.goto(site.origin("localhost"));
  const open = (url: string): Promise<{ from: number; to: number }> =>
    there.evaluate((url) => (window as unknown as Elsewhere).openThere(url), url);
  const part = await open(`${base}${playback.file_url}#t=2,3`);
  expect(part.from).toBeCloseTo(2, 1);
  expect(part.to).toBeGreaterThanOrEqual(3);
  expect(part.to).toBeLessThan(3.6);
  // Seconds of the clip are counted from where it was cut.
  const whole = await open(clip.url);
  expect(whole.from).toBeCloseTo(0, 1);
  expect(Math.abs(whole.to - 3)).toBeLessThan(0.3);
  const rest = await open(`${clip.url}#t=1,2`);
  expect(rest.from).toBeCloseTo(1, 1);
  expect(rest.to).toBeLessThan(2.6);
  site.stop();
});

test("the settings of delivery look as they did, in light, dark and on a phone", async ({ page }) => {
  await signUp(page, newAccount());
  await inEveryLook([page], async (look) => {
    await page.goto("/settings/delivery");
    await page.getByLabel("Origins").waitFor();
    await keepLook(page, `delivery-${look}`, { fullPage: true });
  });
});
