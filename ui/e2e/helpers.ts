import { AxeBuilder } from "@axe-core/playwright";
import { expect, test as base, type Locator, type Page } from "@playwright/test";
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import path from "node:path";

export const SAMPLES = path.resolve(import.meta.dirname, "../../samples");
export const sample = (name: string): string => path.join(SAMPLES, name);

/** What the library of the tests holds. */
export const FILES = ["video-call.mp4", "sonnet.mp3", "two-voices.wav", "inaugural-address.mp3"];

/** The session of the person whose library that is. */
export const SESSION = path.resolve(import.meta.dirname, ".session.json");

/** How long a short recording may take from the last byte to `Ready`. */
export const PROCESSING_MS = 180_000;

/** How Chromium begins to say that it did not do what a page asked for. */
export const REFUSAL = /Content Security Policy|Permissions policy/iu;

/** Every test fails when a page does what its content policy refuses. */
export const test = base.extend<{ policy: null }>({
  policy: [
    async ({ context }, use) => {
      const refused: string[] = [];
      context.on("console", (message) => {
        if (REFUSAL.test(message.text())) refused.push(message.text());
      });
      await use(null);
      expect(refused).toEqual([]);
    },
    { auto: true },
  ],
});

export interface Account {
  name: string;
  email: string;
  password: string;
}

export function newAccount(): Account {
  const mark = `${Date.now().toString(36)}${Math.floor(Math.random() * 1e6).toString(36)}`;
  return { name: "Robin Vale", email: `robin.${mark}@example.org`, password: "a long enough password" };
}

export async function signUp(page: Page, account: Account, base = ""): Promise<void> {
  await page.goto(`${base}/sign-up`);
  await page.getByLabel("Name").fill(account.name);
  await page.getByLabel("E-mail").fill(account.email);
  await page.getByLabel("Password", { exact: true }).fill(account.password);
  await page.getByRole("button", { name: "Create account" }).click();
  await expect(page.getByRole("navigation", { name: "Main" })).toBeVisible();
}

export async function signIn(page: Page, account: Account): Promise<void> {
  await page.goto("/sign-in");
  await page.getByLabel("E-mail").fill(account.email);
  await page.getByLabel("Password", { exact: true }).fill(account.password);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await expect(page.getByRole("navigation", { name: "Main" })).toBeVisible();
}

/** Where the newest mail to the account with this subject leads; without a mail server the server shows mails on a page. */
export async function mailedPath(page: Page, account: Account, subject: string): Promise<string> {
  let link: string | undefined;
  await expect(async () => {
    const response = await page.request.get("/dev/mails");
    expect(response.ok(), "the page of the mails answers").toBe(true);
    const mails = (await response.text()).split("<article>");
    const mail = mails.find((one) => one.includes(`<h2>${subject}</h2><p>To ${account.email}</p>`));
    link = /<a href="([^"]+)">/u.exec(mail ?? "")?.[1];
    expect(link, `a mail to ${account.email}: ${subject}`).toBeDefined();
  }).toPass({ timeout: 20_000 });
  const { hash, pathname } = new URL(link ?? "");
  return pathname + hash;
}

export async function chooseFiles(page: Page, files: string[]): Promise<void> {
  const chooser = page.waitForEvent("filechooser");
  await page.getByRole("banner").getByRole("button", { name: "Upload" }).click();
  await (await chooser).setFiles(files);
}

/** The line of one file in the upload tray. */
export function trayRow(page: Page, filename: string): Locator {
  return page.getByRole("region", { name: "Uploads" }).getByRole("listitem").filter({ hasText: filename });
}

/** Ids of this person's recordings by file name, asked with the session of the page. */
export async function videoId(page: Page, filename: string): Promise<string> {
  const response = await page.request.get("/api/v1/videos?limit=100");
  expect(response.ok(), "the list of recordings answers").toBe(true);
  const { items } = (await response.json()) as { items: { id: string; filename: string | null }[] };
  const found = items.find((video) => video.filename === filename);
  expect(found, `${filename} is in the library`).toBeDefined();
  return found?.id ?? "";
}

export async function openVideo(page: Page, filename: string, query = ""): Promise<void> {
  await page.goto(`/videos/${await videoId(page, filename)}${query}`);
  await expect(page.getByRole("region", { name: "Player", exact: true })).toBeVisible();
}

const CAPTIONS = "WEBVTT\n\n00:00.000 --> 00:02.000\n<v Ana>We decided about the budget.\n";

/** A recording that everybody in the organization of the page may see. */
export async function addTranscript(page: Page, title: string, captionFile = CAPTIONS): Promise<string> {
  const organization = await page.evaluate(
    () => (JSON.parse(localStorage.getItem("memoreel.preferences") ?? "{}") as { organizationId?: string }).organizationId ?? "",
  );
  const headers = { "X-Memoreel-Request": "1", ...(organization !== "" && { "Memoreel-Organization": organization }) };
  const made = await page.request.post("/api/v1/videos", { headers, data: { title } });
  expect(made.status(), await made.text()).toBe(201);
  const { id } = (await made.json()) as { id: string };
  const captions = await page.request.put(`/api/v1/videos/${id}/captions`, {
    headers: { ...headers, "Content-Type": "text/vtt" },
    data: captionFile,
  });
  expect(captions.ok(), await captions.text()).toBe(true);
  return id;
}

/** Eight seconds with English and German sound, and with German subtitles. */
export function makeFilm(file: string): void {
  const subtitles = `${file}.srt`;
  writeFileSync(subtitles, "1\n00:00:00,000 --> 00:00:04,000\n<i>Guten</i> Morgen\n\n2\n00:00:04,000 --> 00:00:08,000\nGute Nacht\n");
  const sine = (hertz: number): string[] => ["-f", "lavfi", "-i", `sine=${hertz}:d=8`];
  const inputs = ["-f", "lavfi", "-i", "testsrc2=s=320x180:r=25:d=8", ...sine(440), ...sine(880), "-i", subtitles];
  const maps = ["-map", "0", "-map", "1", "-map", "2", "-map", "3"];
  const codecs = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "50", "-c:a", "aac", "-c:s", "srt"];
  const languages = ["a:0 eng", "a:1 ger", "s:0 ger"].flatMap((told) => {
    const [stream, language] = told.split(" ");
    return [`-metadata:s:${stream}`, `language=${language}`];
  });
  execFileSync("ffmpeg", ["-nostdin", "-v", "error", "-y", ...inputs, ...maps, ...codecs, ...languages, file]);
}

/** The width of a picture's file in pixels; 0 until it is loaded. */
export function widthOf(picture: Locator): Promise<number> {
  return picture.evaluate((image: HTMLImageElement) => image.naturalWidth);
}

export function currentTime(page: Page): Promise<number> {
  return page.locator("video").evaluate((media: HTMLVideoElement) => media.currentTime);
}

/** Starts playing without sound and waits until the time moves. */
export async function play(page: Page): Promise<void> {
  await page.locator("video").evaluate(async (media: HTMLVideoElement) => {
    media.muted = true;
    await media.play();
  });
  const before = await currentTime(page);
  await expect.poll(() => currentTime(page), { timeout: 20_000 }).toBeGreaterThan(before + 0.4);
}

export async function expectAccessible(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  const told = violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.target.join(" ")).join(", ")}`);
  expect(told).toEqual([]);
}

export const LOOKS = [
  { name: "light", colorScheme: "light", width: 1440, height: 900 },
  { name: "dark", colorScheme: "dark", width: 1440, height: 900 },
  { name: "phone", colorScheme: "light", width: 375, height: 760 },
] as const;

/** Visits in light, in dark and on a phone. */
export async function inEveryLook(pages: readonly Page[], visit: (look: string) => Promise<void>): Promise<void> {
  for (const { name, colorScheme, width, height } of LOOKS) {
    for (const page of pages) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height });
    }
    await visit(name);
  }
}

/** Keeps a picture of the page, which has to be accessible and must not scroll sideways. */
export async function keepLook(page: Page, name: string, options: { fullPage?: boolean } = {}): Promise<void> {
  await page.waitForTimeout(500);
  await page.screenshot({ path: `e2e/screenshots/${name}.png`, ...options });
  await test.step(name, () => expectAccessible(page));
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  expect(overflow, `${name} does not scroll sideways`).toBeLessThanOrEqual(0);
}
