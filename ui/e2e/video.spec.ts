import { writeFileSync } from "node:fs";
import { expect } from "@playwright/test";
import {
  addTranscript,
  chooseFiles,
  currentTime,
  expectAccessible,
  makeFilm,
  newAccount,
  openVideo,
  play,
  PROCESSING_MS,
  signUp,
  test,
  trayRow,
} from "./helpers";

test("another sound and subtitles of the file are chosen, and chosen again in what is watched next", async ({ page }, info) => {
  test.setTimeout(PROCESSING_MS + 90_000);
  makeFilm(info.outputPath("two-languages.mkv"));
  await signUp(page, newAccount());
  await page.goto("/library");
  await chooseFiles(page, [info.outputPath("two-languages.mkv")]);
  await expect(trayRow(page, "two-languages.mkv")).toContainText("Ready", { timeout: PROCESSING_MS });
  await openVideo(page, "two-languages.mkv");
  const sound = page.getByRole("button", { name: "Sound", exact: true });
  const choice = (name: RegExp) => page.getByRole("menuitemradio", { name });
  // While a menu is open, and until it is gone, the keys are its own.
  const menuIsGone = () => expect(page.getByRole("menu")).toHaveCount(0);
  await expect(sound).toBeVisible();

  // By keyboard alone.
  await sound.press("Enter");
  await expect(choice(/^English/u)).toBeChecked();
  const heard = page.waitForResponse((response) => /\/sound-2\/.*\.m4s/u.test(response.url()) && response.ok());
  await choice(/^Deutsch/u).press("Enter");
  await heard;
  await play(page);
  await sound.press("Enter");
  await expect(choice(/^Deutsch/u)).toBeChecked();
  await page.keyboard.press("Escape");
  await menuIsGone();

  const written = page.getByTestId("captions");
  await page.getByRole("button", { name: "Captions and subtitles" }).press("Enter");
  await choice(/^Deutsch/u).press("Enter");
  await menuIsGone();
  await page.locator("video").evaluate((media: HTMLVideoElement) => media.pause());
  await page.locator("body").press("2");
  await expect(written).toHaveText("Guten Morgen");
  await page.keyboard.press("7");
  await expect(written).toHaveText("Gute Nacht");
  await page.keyboard.press("c");
  await expect(written).toHaveCount(0);
  await page.keyboard.press("c");

  await openVideo(page, "two-languages.mkv", "?t=1");
  await expect(written).toHaveText("Guten Morgen");
  await sound.press("Enter");
  await expect(choice(/^Deutsch/u)).toBeChecked();
  await choice(/^English/u).press("Enter");
  await menuIsGone();
  await play(page);
  expect(await currentTime(page)).toBeGreaterThan(1);
});

test("subtitles that are added are read in the player, named, and are removed, put back and replaced", async ({ page }, info) => {
  test.setTimeout(PROCESSING_MS + 90_000);
  makeFilm(info.outputPath("film.mkv"));
  const write = (name: string, text: string): string => {
    const path = info.outputPath(name);
    writeFileSync(path, text);
    return path;
  };
  const french = write("french.srt", "1\n00:00:00,000 --> 00:00:08,000\nBonjour <b>le</b> monde\n");
  await signUp(page, newAccount());
  await page.goto("/library");
  await chooseFiles(page, [info.outputPath("film.mkv")]);
  await expect(trayRow(page, "film.mkv")).toContainText("Ready", { timeout: PROCESSING_MS });
  await openVideo(page, "film.mkv");
  const address = page.url();
  await page.getByRole("button", { name: "More", exact: true }).click();
  await page.getByRole("menuitem", { name: "File and versions" }).click();

  const section = page.getByRole("region", { name: "Subtitles", exact: true });
  const rows = section.getByRole("listitem");
  await expect(rows).toHaveCount(1);
  await expect(rows.first()).toContainText("In the file");
  const add = async (language: string, file: string): Promise<void> => {
    await section.getByLabel("Language").fill(language);
    const chooser = page.waitForEvent("filechooser");
    await section.getByRole("button", { name: "Add a file…" }).click();
    await (await chooser).setFiles(file);
  };
  await add("klingon", french);
  await expect(section.getByRole("alert")).toContainText("must be a BCP 47 tag");
  await add("fr", write("nothing.srt", "Bonjour\n"));
  await expect(section.getByRole("alert")).toContainText("no timing line");
  await add("fr", french);
  await expect(section.getByRole("alert")).toHaveCount(0);
  await expect(rows).toHaveCount(2);
  await expect(rows.last()).toContainText("français");
  await expectAccessible(page);

  // Whoever watches meanwhile goes on, and is offered what there is.
  const watching = await page.context().newPage();
  let loaded = 0;
  watching.on("request", (request) => (loaded += request.url().includes("master.m3u8") ? 1 : 0));
  await watching.goto(`${address}?t=3`);
  await watching.getByRole("button", { name: "Captions and subtitles" }).press("Enter");
  const offered = watching.getByRole("menuitemradio", { name: /^français/u });
  await expect(offered).toBeVisible();

  await section.getByRole("button", { name: "Remove the subtitles “français”" }).click();
  await expect(rows).toHaveCount(1);
  await expect(offered).toHaveCount(0);
  // What said that they are there may still be shown, and can be undone, too.
  const removed = page.locator(".toast").filter({ hasText: "The subtitles “français” are removed." });
  await removed.getByRole("button", { name: "Undo" }).click();
  await expect(rows).toHaveCount(2);
  await offered.press("Enter");
  await expect(watching.getByTestId("captions")).toHaveText("Bonjour le monde");
  await expect.poll(() => currentTime(watching)).toBeGreaterThan(2.9);
  expect(loaded, "the stream is not loaded again").toBe(1);
  await watching.close();

  const read = async (text: string): Promise<void> => {
    await openVideo(page, "film.mkv", "?t=1");
    await page.getByRole("button", { name: "Captions and subtitles" }).press("Enter");
    await page.getByRole("menuitemradio", { name: /^français/u }).press("Enter");
    await expect(page.getByTestId("captions")).toHaveText(text);
  };
  await read("Bonjour le monde");
  await page.getByRole("button", { name: "More", exact: true }).click();
  await page.getByRole("menuitem", { name: "File and versions" }).click();
  await add("fr", write("other.vtt", "WEBVTT\n\n00:00.000 --> 00:08.000\nBonsoir\n"));
  await expect(page.getByText("The subtitles “français” are replaced.")).toBeVisible();
  await expect(rows).toHaveCount(2);

  await section.getByLabel("Name").fill("Panneaux");
  await section.getByLabel("Signs and foreign speech only").check();
  await add("fr-CA", write("signs.vtt", "WEBVTT\n\n00:00.000 --> 00:08.000\nSORTIE\n"));
  await expect(rows).toHaveCount(3);
  await expect(rows.last()).toContainText("Panneaux");
  await expect(rows.last()).toContainText("Signs and foreign speech only");
  await expect(section.getByLabel("Name")).toHaveValue("");
  await expect(section.getByLabel("Signs and foreign speech only")).not.toBeChecked();
  await expectAccessible(page);
  await read("Bonsoir");
  await page.getByRole("button", { name: "Captions and subtitles" }).press("Enter");
  const signs = page.getByRole("menuitemradio", { name: /^Panneaux/u });
  await expect(signs).toContainText("Signs and foreign speech only");
  await signs.press("Enter");
  await expect(page.getByTestId("captions")).toHaveText("SORTIE");
});

test("a description that is refused stays in its field, and is saved once it is taken", async ({ page }) => {
  await signUp(page, newAccount());
  const id = await addTranscript(page, "About the budget");
  await page.route(`**/api/v1/videos/${id}`, (route) =>
    route.request().method() === "PATCH" ? route.fulfill({ status: 500, body: "" }) : route.continue(),
  );
  await page.goto(`/videos/${id}?tab=details`);
  const field = page.getByLabel("Description");
  await field.fill("What we spend next year.");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("The server answered with status 500")).toBeVisible();
  await expect(field).toHaveValue("What we spend next year.");

  await page.unroute(`**/api/v1/videos/${id}`);
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("Saved", { exact: true })).toBeVisible();
  await expect(page.getByRole("button", { name: "Save" })).toHaveCount(0);
  await page.reload();
  await expect(field).toHaveValue("What we spend next year.");
});

test("a description that is being typed stays while another tab is read, and is not lost by leaving unasked", async ({ page }) => {
  await signUp(page, newAccount());
  const id = await addTranscript(page, "About the budget");
  await page.goto(`/videos/${id}?tab=details`);
  const field = page.getByLabel("Description");
  await field.fill("What we spend next year.");
  await page.getByRole("tab", { name: "Transcript" }).click();
  await expect(field).toBeHidden();
  await page.getByRole("tab", { name: "Details" }).click();
  await expect(field).toHaveValue("What we spend next year.");

  const library = page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Library" });
  await library.click();
  const dialog = page.getByRole("dialog", { name: "Leave without saving?" });
  await dialog.getByRole("button", { name: "Cancel" }).click();
  await expect(field).toHaveValue("What we spend next year.");
  await library.click();
  await page.screenshot({ path: "e2e/screenshots/draft-leave.png" });
  await dialog.getByRole("button", { name: "Leave" }).click();
  await expect(page.getByRole("heading", { name: "Library" })).toBeVisible();
});

test("captions replace a transcript once that is confirmed, and what is read stays when it cannot be read anew", async ({ page }) => {
  await signUp(page, newAccount());
  const id = await addTranscript(page, "About the budget");
  await page.goto(`/videos/${id}`);
  const panel = page.locator(".panel__body--transcript");
  await expect(panel).toContainText("decided about the budget");
  let failed = 0;
  await page.route(`**/api/v1/videos/${id}/transcript`, (route) => {
    failed += 1;
    return route.fulfill({ status: 500, body: "" });
  });
  const captions = {
    name: "better.vtt",
    mimeType: "text/vtt",
    buffer: Buffer.from("WEBVTT\n\n00:00.000 --> 00:02.000\nWe spent it all.\n"),
  };
  await page.locator("input[type=file][accept*=vtt]").setInputFiles(captions);
  const dialog = page.getByRole("dialog", { name: "Replace the transcript of “About the budget”?" });
  await expect(dialog).toContainText("better.vtt");
  await dialog.getByRole("button", { name: "Cancel" }).click();
  expect(failed).toBe(0);
  await page.locator("input[type=file][accept*=vtt]").setInputFiles(captions);
  await dialog.getByRole("button", { name: "Replace" }).click();
  await expect.poll(() => failed).toBeGreaterThanOrEqual(3);
  await page.waitForTimeout(300);
  await expect(panel).toContainText("decided about the budget");
  await page.unroute(`**/api/v1/videos/${id}/transcript`);
  await page.reload();
  await expect(panel).toContainText("We spent it all.");
});

test("the title is changed by keyboard, and has the focus afterwards", async ({ page }) => {
  await signUp(page, newAccount());
  await page.goto(`/videos/${await addTranscript(page, "About the budget")}`);
  const title = page.getByRole("heading", { level: 1 }).getByRole("button");
  await title.press("Enter");
  await page.keyboard.press("Escape");
  await expect(title).toBeFocused();
  await title.press("Enter");
  await page.keyboard.type("About money");
  await page.keyboard.press("Enter");
  await expect(title).toHaveText("About money");
  await expect(title).toBeFocused();
});

test("what is looked for in a transcript comes into view as it is typed, and Enter goes to the next", async ({ page }) => {
  await signUp(page, newAccount());
  const lines = Array.from({ length: 59 }, (_, second) => {
    const said = second === 40 || second === 57 ? "Then the harbour froze." : "We talked about the budget.";
    return `00:${String(second).padStart(2, "0")}.000 --> 00:${String(second + 1).padStart(2, "0")}.000\n<v Ana>${said}\n`;
  });
  await page.goto(`/videos/${await addTranscript(page, "A long talk", ["WEBVTT\n", ...lines].join("\n"))}`);
  const transcript = page.getByRole("list", { name: "Transcript" });
  await expect(transcript.getByRole("listitem").first()).toBeVisible();
  await expect(transcript.locator("[aria-current=true], [data-current=true]"), "nothing plays").toHaveCount(0);
  const marked = transcript.locator("mark[data-chosen=true]");
  await page.getByRole("searchbox", { name: "Search in the transcript" }).fill("harbour");
  await expect(page.getByText("1 of 2", { exact: true })).toBeVisible();
  await expect(marked).toBeInViewport();
  await page.keyboard.press("Enter");
  await expect(page.getByText("2 of 2", { exact: true })).toBeVisible();
  await expect(marked).toBeInViewport();

  await page.goto(`${new URL(page.url()).pathname}?t=40`);
  const reached = transcript.locator("[aria-current=true]");
  await expect(reached, "the line that the address leads to").toContainText("Then the harbour froze.");
  await expect(reached).toBeInViewport();
});

test("a recording that its author keeps for themselves while it plays goes on by new addresses", async ({ page }, info) => {
  test.setTimeout(PROCESSING_MS + 90_000);
  makeFilm(info.outputPath("mine.mkv"));
  await signUp(page, newAccount());
  await page.goto("/library");
  await chooseFiles(page, [info.outputPath("mine.mkv")]);
  await expect(trayRow(page, "mine.mkv")).toContainText("Ready", { timeout: PROCESSING_MS });
  const tokenOf = (url: string): string => new URL(url).pathname.split("/")[2] ?? "";
  const isStream = (url: string): boolean => url.includes("/media/") && url.endsWith("/master.m3u8");
  const connected = page.waitForResponse((response) => isStream(response.url()) && response.ok());
  await openVideo(page, "mine.mkv", "?tab=details");
  const shared = tokenOf((await connected).url());
  await page.locator("video").evaluate((media: HTMLVideoElement) => (media.loop = true));
  await play(page);

  const anew = page.waitForResponse((response) => isStream(response.url()) && response.ok() && tokenOf(response.url()) !== shared);
  await page.getByLabel("Who can see it").selectOption("private");
  await anew;
  // It plays on without being asked to, when the addresses from before open nothing any more.
  await expect.poll(async () => (await page.request.get(`/media/${shared}/master.m3u8`)).status(), { timeout: 20_000 }).toBe(404);
  const before = await currentTime(page);
  await expect.poll(() => currentTime(page), { timeout: 20_000 }).not.toBe(before);
  expect(await page.locator("video").evaluate((media: HTMLVideoElement) => media.paused)).toBe(false);
  await expect(page.getByRole("region", { name: "Player", exact: true }).getByRole("alert")).toHaveCount(0);
});

test("a second choice stays while the answer to the first comes", async ({ page }) => {
  await signUp(page, newAccount());
  const id = await addTranscript(page, "About the budget");
  await page.goto(`/videos/${id}?tab=details`);
  const visibility = page.getByLabel("Who can see it");
  const held: (() => void)[] = [];
  await page.route(`**/api/v1/videos/${id}`, async (route) => {
    if (route.request().method() !== "PATCH") return route.fallback();
    const response = await route.fetch();
    await new Promise<void>((resolve) => held.push(resolve));
    return route.fulfill({ response });
  });
  await visibility.selectOption("private");
  await expect.poll(() => held.length).toBe(1);
  await visibility.selectOption("organization");
  await expect.poll(() => held.length).toBe(2);
  held[0]?.();
  await page.waitForTimeout(500);
  await expect(visibility).toHaveValue("organization");
  held[1]?.();
  await page.reload();
  await expect(visibility).toHaveValue("organization");
});
