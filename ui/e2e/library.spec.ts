import { expect, type Locator } from "@playwright/test";
import path from "node:path";
import { chooseFiles, currentTime, FILES, inEveryLook, keepLook, openVideo, play, videoId, test } from "./helpers";

/** The first word of the address's famous sentence, "ask not what your country can do for you", in seconds. */
const ASK_NOT_FROM_S = 0;
const ASK_NOT_TO_S = 11;

test("the library shows them, filters by title and keeps the filter in the address", async ({ page }) => {
  await page.goto("/library");
  await expect(page.getByRole("article")).toHaveCount(FILES.length);
  await page.getByRole("searchbox", { name: "Filter by title" }).fill("sonnet");
  await expect(page).toHaveURL(/title=sonnet/u);
  await expect(page.getByRole("article")).toHaveCount(1);
  await page.reload();
  await expect(page.getByRole("searchbox", { name: "Filter by title" })).toHaveValue("sonnet");
  await expect(page.getByRole("article")).toHaveCount(1);
});

test("files that are no recordings are refused in one sentence that stays long enough to be read", async ({ page }) => {
  await page.goto("/library");
  await chooseFiles(page, ["src/styles/tokens.css", "src/features/uploads/uploads.css", "eslint.config.js"].map((name) => path.resolve(import.meta.dirname, "..", name)));
  const refusal = page.getByText("“tokens.css”, “uploads.css” and “eslint.config.js” are not video, audio, image, document or caption files.");
  await expect(refusal).toBeVisible();
  await page.waitForTimeout(6000);
  await expect(refusal).toBeVisible();
});

test("a recording is renamed in place, deleted, and brought back within ten seconds", async ({ page }) => {
  await page.goto("/library");
  const id = await videoId(page, "video-call.mp4");
  const card = page.getByRole("article").filter({ has: page.locator(`a[href*="${id}"]`) });
  await card.getByRole("button", { name: /^Actions for/u }).click();
  await page.getByRole("menuitem", { name: "Rename" }).click();
  await page.getByRole("textbox", { name: "Title" }).fill("Field team call");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("link", { name: "Field team call" })).toBeVisible();
  await page.reload();
  const renamed = page.getByRole("article").filter({ hasText: "Field team call" });
  await expect(renamed).toBeVisible();

  await renamed.getByRole("button", { name: /^Actions for/u }).click();
  await page.getByRole("menuitem", { name: "Delete" }).click();
  await expect(renamed).toHaveCount(0);
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(renamed).toBeVisible();
});

test("a video plays: its time advances and the picture has a size", async ({ page }) => {
  await openVideo(page, "video-call.mp4");
  await play(page);
  const width = await page.locator("video").evaluate((media: HTMLVideoElement) => media.videoWidth);
  expect(width).toBeGreaterThan(0);
});

test("what has no stream yet plays from its own file, from the second in the address", async ({ page }) => {
  await page.route("**/api/v1/videos/*", async (route) => {
    const response = await route.fetch();
    const video = (await response.json()) as { playback: { hls_url: string | null } };
    await route.fulfill({ response, json: { ...video, playback: { ...video.playback, hls_url: null } } });
  });
  await openVideo(page, "sonnet.mp3", "?t=20");
  await expect(page.locator("video")).toHaveAttribute("src", /^\/media\//u);
  await expect.poll(() => currentTime(page)).toBeGreaterThan(19);
  await play(page);
});

test("a sound recording plays and shows its waveform", async ({ page }) => {
  await openVideo(page, "sonnet.mp3");
  await play(page);
  await expect(page.locator("canvas.waveform")).toBeVisible();
});

test("the transcript seeks, follows playback and stops following when it is scrolled", async ({ page }) => {
  await openVideo(page, "sonnet.mp3");
  const line = page.getByRole("list", { name: "Transcript" }).getByRole("listitem").nth(1);
  const starts_s = Number(await line.locator("p[data-ms]").getAttribute("data-ms")) / 1000;
  expect(starts_s).toBeGreaterThan(1);
  await line.getByRole("button", { name: /^Play from/u }).click();
  await expect.poll(() => currentTime(page)).toBeGreaterThan(starts_s - 0.2);
  expect(await currentTime(page)).toBeLessThan(starts_s + 0.5);
  await expect(page.locator('.segment[data-active="true"]')).toBeVisible();
  await expect(page).toHaveURL(/[?&]t=\d+/u);
  await play(page);

  await page.getByRole("list", { name: "Transcript" }).hover();
  await page.mouse.wheel(0, -400);
  await expect(page.getByRole("button", { name: "Follow playback" })).toBeVisible();
  await page.getByRole("button", { name: "Follow playback" }).click();
  await expect(page.getByRole("button", { name: "Follow playback" })).toHaveCount(0);
});

test("the keyboard works as on other players", async ({ page }) => {
  await openVideo(page, "sonnet.mp3");
  await expect.poll(() => page.locator("video").evaluate((media: HTMLVideoElement) => media.readyState)).toBeGreaterThan(0);
  await page.locator("body").press("5");
  await expect.poll(() => currentTime(page)).toBeGreaterThan(20);
  const before = await currentTime(page);
  await page.keyboard.press("j");
  await expect.poll(() => currentTime(page)).toBeLessThan(before - 8);
  await page.keyboard.press("m");
  expect(await page.locator("video").evaluate((media: HTMLVideoElement) => media.muted)).toBe(true);
  await page.keyboard.press(">");
  expect(await page.locator("video").evaluate((media: HTMLVideoElement) => media.playbackRate)).toBe(1.25);
  await page.keyboard.press("<");
  await page.keyboard.press("k");
  await expect.poll(() => page.locator("video").evaluate((media: HTMLVideoElement) => media.paused)).toBe(false);
  await page.keyboard.press("k");
  await page.keyboard.press("?");
  await expect(page.getByRole("dialog", { name: "Keyboard shortcuts" })).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog")).toHaveCount(0);
});

test("a speaker is renamed everywhere in the recording, and stays renamed", async ({ page }) => {
  await openVideo(page, "two-voices.wav");
  const lanes = page.getByRole("region", { name: "Speakers over time" });
  await expect(lanes).toBeVisible();
  await lanes.getByRole("button", { name: /^Rename/u }).first().click();
  await page.getByRole("textbox", { name: "Who is this?" }).fill("Ana Lima");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(lanes.getByText("Ana Lima")).toBeVisible();
  await page.reload();
  await expect(page.getByRole("region", { name: "Speakers over time" }).getByText("Ana Lima")).toBeVisible();
  await expect(page.getByRole("list", { name: "Transcript" }).getByText("Ana Lima").first()).toBeVisible();
});

test("captions are shown by preference and can be downloaded", async ({ page }) => {
  await openVideo(page, "inaugural-address.mp3");
  await page.getByRole("button", { name: "Download" }).click();
  const download = page.waitForEvent("download");
  await page.getByRole("menuitem", { name: "Captions (WebVTT)" }).click();
  expect((await download).suggestedFilename()).toMatch(/\.vtt$/u);
  await play(page);
  await expect(page.getByTestId("captions")).toBeVisible();
  await page.keyboard.press("c");
  await expect(page.getByTestId("captions")).toHaveCount(0);
  await page.keyboard.press("c");
});

test("a spoken word finds its second and opens there", async ({ page }) => {
  await page.goto("/search");
  await page.getByRole("radio", { name: "Words", exact: true }).check();
  await page.getByRole("searchbox", { name: "Search in everything that was said" }).fill("country");
  await expect(page).toHaveURL(/q=country/u);
  const hit = page.getByRole("list", { name: "Search" }).getByRole("listitem").first();
  await expect(hit.locator("mark").first()).toHaveText(/country/iu);
  await hit.getByRole("link").click();
  await expect(page).toHaveURL(new RegExp(`/videos/${await videoId(page, "inaugural-address.mp3")}`, "u"));
});

test("a paraphrase that shares no word finds the same moment by its meaning", async ({ page }) => {
  await page.goto(`/search?q=${encodeURIComponent("patriotic duty of citizens to serve their nation")}`);
  const hit = page.getByRole("list", { name: "Search" }).getByRole("listitem").first();
  await expect(hit).toBeVisible();
  await expect(hit.getByText("Meaning")).toBeVisible();
  await hit.getByRole("link").click();
  await expect(page).toHaveURL(new RegExp(`/videos/${await videoId(page, "inaugural-address.mp3")}`, "u"));
  await expect(page.getByRole("region", { name: "Player", exact: true })).toBeVisible();
  await expect
    .poll(() => page.locator("video").evaluate((media: HTMLVideoElement) => media.readyState), { timeout: 20_000 })
    .toBeGreaterThan(0);
  const at = await currentTime(page);
  expect(at).toBeGreaterThanOrEqual(ASK_NOT_FROM_S);
  expect(at).toBeLessThan(ASK_NOT_TO_S);
});

test("the palette opens on every page and goes where it says", async ({ page }) => {
  await page.goto("/settings");
  await page.getByRole("heading", { name: "Settings" }).waitFor();
  await page.keyboard.press("/");
  const field = page.getByRole("combobox", { name: "Find anything" });
  await expect(field).toBeFocused();
  await field.fill("sonnet");
  await expect(page.getByRole("option", { name: /sonnet/iu }).first()).toBeVisible();
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\/videos\//u);
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox", { name: "Find anything" }).fill("library");
  await expect(page.getByRole("option", { name: "Library", exact: true })).toBeVisible();
  await page.getByRole("option", { name: "Library", exact: true }).click();
  await expect(page).toHaveURL(/\/library/u);
});

test("the palette knows every page of the settings, and does what a screen reader chooses", async ({ page }) => {
  await page.goto("/library");
  await page.getByRole("heading", { name: "Library" }).waitFor();
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox", { name: "Find anything" }).fill("webh");
  // Screen readers click without a pointer.
  await page.getByRole("option", { name: "Webhooks", exact: true }).dispatchEvent("click");
  await expect(page).toHaveURL(/\/settings\/webhooks$/u);
});

test("every page is accessible and looks as it did, in light, dark and on a phone", async ({ page }) => {
  test.setTimeout(240_000);
  const pages: [string, string, string][] = [
    ["home", "/", "article"],
    ["library", "/library", "article"],
    ["video", `/videos/${await videoId(page, "video-call.mp4")}`, ".player"],
    ["audio", `/videos/${await videoId(page, "two-voices.wav")}?t=4`, ".segment"],
    ["summary", `/videos/${await videoId(page, "sonnet.mp3")}?tab=summary`, ".panel__body:not([data-state=inactive]) > *"],
    ["details", `/videos/${await videoId(page, "sonnet.mp3")}?tab=details`, ".details"],
    ["search", "/search?q=country", ".hit__link"],
    ["settings", "/settings", ".settings__who"],
    ["keys", "/settings/keys", ".settings__form"],
  ];
  await inEveryLook([page], async (look) => {
    for (const [name, address, ready] of pages) {
      await page.goto(address);
      await page.locator(ready).first().waitFor();
      await keepLook(page, `${name}-${look}`);
    }
  });
});

test("what files take up is drawn as its table says, by kind and by channel, in light, dark and on a phone", async ({ page }) => {
  test.setTimeout(150_000);
  const headers = { "X-Memoreel-Request": "1" };
  const made = await page.request.post("/api/v1/channels", { headers, data: { name: `Readings ${Date.now()}` } });
  const channel = (await made.json()) as { id: string; name: string };
  const data = { channel_id: channel.id };
  const moved = await page.request.patch(`/api/v1/videos/${await videoId(page, "sonnet.mp3")}`, { headers, data });
  expect(moved.ok(), await moved.text()).toBe(true);
  await page.goto("/settings/traffic");
  const storage = page.getByRole("region", { name: "Storage", exact: true });
  const [kinds, channels] = ["Storage by kind of file", "Storage by channel"].map((name) => storage.getByRole("figure", { name }));
  if (!kinds || !channels) throw new Error("there are two figures");
  const rowsOf = async (figure: Locator): Promise<string[][]> => {
    await figure.getByText("As a table").click();
    const rows = await figure.locator("tbody tr").all();
    return Promise.all(rows.map((row) => row.locator("th, td").allTextContents()));
  };
  const widthsOf = (figure: Locator): Promise<number[]> =>
    figure.locator(".traffic__part").evaluateAll((parts) => parts.map((part) => part.getBoundingClientRect().width));
  const kept = (await (await page.request.get("/api/v1/analytics/storage")).json()) as {
    kinds: { original_bytes: number; rendition_bytes: number }[];
    channels: { bytes: number }[];
  };

  const byKind = await rowsOf(kinds);
  expect(byKind.map(([kind]) => kind).sort()).toEqual(["Audio", "Videos"]);
  expect(await kinds.getByRole("listitem").allTextContents()).toEqual(
    byKind.map(([kind, _files, _uploaded, _made, size, share]) => `${kind}${size} · ${share}`),
  );
  const percents = byKind.map((row) => Number.parseInt(row.at(-1) ?? "", 10));
  expect(percents.reduce((sum, percent) => sum + percent, 0)).toBe(100);
  const [one = 0, other = 0] = await widthsOf(kinds);
  const sizes = kept.kinds.map((kind) => kind.original_bytes + kind.rendition_bytes);
  expect(one / (one + other)).toBeCloseTo((sizes[0] ?? 0) / sizes.reduce((sum, size) => sum + size, 0), 2);

  const byChannel = await rowsOf(channels);
  expect(byChannel.map(([name]) => name).sort()).toEqual(["In no channel", channel.name]);
  expect(await channels.getByRole("listitem").allTextContents()).toEqual(byChannel.map(([name, _videos, size]) => `${name}${size}`));
  const [longest = 0, shorter = 0] = await widthsOf(channels);
  expect(shorter / longest).toBeCloseTo((kept.channels[1]?.bytes ?? 0) / (kept.channels[0]?.bytes ?? 1), 2);

  await inEveryLook([page], async (look) => {
    await page.goto("/settings/traffic");
    await kinds.waitFor();
    await page.locator(".figures").first().waitFor();
    await keepLook(page, `traffic-${look}`, { fullPage: true });
  });
});
