import { mkdirSync } from "node:fs";
import { expect } from "@playwright/test";
import { chooseFiles, expectAccessible, newAccount, PROCESSING_MS, sample, signUp, test, trayRow } from "./helpers";

const LOOKS = [
  { name: "light", colorScheme: "light", width: 1440, height: 900 },
  { name: "dark", colorScheme: "dark", width: 1440, height: 900 },
  { name: "phone", colorScheme: "light", width: 375, height: 760 },
] as const;

test("what is encoded is chosen in the settings, and what was made of a file is listed with it", async ({ page }, info) => {
  test.setTimeout(PROCESSING_MS + 120_000);
  const shots = info.outputPath("looks");
  mkdirSync(shots, { recursive: true });
  const look = async (name: string): Promise<void> => {
    for (const { name: look, colorScheme, width, height } of LOOKS) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height });
      await page.screenshot({ path: `${shots}/${name}-${look}.png`, fullPage: true });
    }
    await page.emulateMedia({ colorScheme: "light" });
    await page.setViewportSize({ width: 1440, height: 900 });
  };
  await signUp(page, newAccount());
  await page.goto("/settings");
  await page.getByRole("link", { name: "Encoding" }).click();
  await expect(page.getByRole("heading", { name: "Sizes" })).toBeVisible();
  await expectAccessible(page);
  const save = page.getByRole("button", { name: "Save" });
  await expect(save).toBeDisabled();

  const rate = page.getByLabel("At most, for 360p (Mbit/s)");
  await expect(rate).toHaveValue("0.8");
  await rate.fill("9");
  await expect(rate).toHaveAttribute("aria-invalid", "true");
  await expect(page.getByText("A number from 0.2 to 3.2.")).toBeVisible();
  await expect(save).toBeDisabled();
  await expectAccessible(page);
  await rate.fill("0.5");
  for (const size of ["480p", "720p", "1080p"]) await page.getByRole("checkbox", { name: size }).uncheck();
  await page.getByRole("checkbox", { name: "360p" }).uncheck();
  await expect(page.getByText("Choose at least one size.")).toBeVisible();
  await expect(save).toBeDisabled();
  await page.getByRole("checkbox", { name: "360p" }).check();
  await page.getByRole("radio", { name: /^AV1/u }).check();
  const loudness = page.getByLabel("How loud videos are");
  await expect(loudness).toHaveValue("");
  await loudness.selectOption({ label: "−16 LUFS, usual for speech" });
  await save.click();
  await expect(page.getByText("Saved")).toBeVisible();
  await page.reload();
  await expect(rate).toHaveValue("0.5");
  await expect(page.getByRole("checkbox", { name: "480p" })).not.toBeChecked();
  await expect(page.getByRole("radio", { name: /^AV1/u })).toBeChecked();
  await expect(loudness).toHaveValue("-16");
  await look("encoding");
  await loudness.selectOption({ label: "As it is" });
  await save.click();
  await expect(page.getByText("Saved")).toBeVisible();
  await page.reload();
  await expect(loudness).toHaveValue("");

  await chooseFiles(page, [sample("video-call.mp4")]);
  await expect(trayRow(page, "video-call.mp4")).toContainText("Ready", { timeout: PROCESSING_MS });
  await page.getByRole("button", { name: "Clear finished" }).click();
  const { items } = (await (await page.request.get("/api/v1/assets?kind=video")).json()) as { items: { id: string }[] };
  await page.goto(`/files/${items[0]?.id ?? ""}`);
  const list = page.getByRole("list", { name: "Made from it" });
  for (const name of ["720p, H.264, as uploaded", "360p, H.264", "360p, AV1", "Playlist of all versions", "Waveform"]) {
    await expect(list.getByRole("listitem").filter({ hasText: name }).first()).toBeVisible();
  }
  await expect(list.getByRole("listitem").filter({ hasText: "360p, AV1" })).toContainText(/640 × 360 · [\d,.]+ kbit\/s · /u);
  await expectAccessible(page);

  const make = page.getByRole("button", { name: "Make the file" });
  await page.getByLabel("Sound file").selectOption("MP3");
  await page.getByRole("checkbox", { name: /usual loudness of speech/u }).check();
  await make.click();
  const sound = list.getByRole("listitem").filter({ hasText: "Sound as MP3, at −16 LUFS" });
  await expect(sound).toBeVisible({ timeout: 60_000 });
  // It is there, so it is not made again.
  await expect(make).toBeDisabled();
  const download = page.waitForEvent("download");
  await sound.getByRole("link", { name: /^Download/u }).click();
  expect((await download).suggestedFilename()).toBe("video-call.mp3");
  await expectAccessible(page);
  await look("renditions");
});

test("a video keeps what it is when its recording is replaced, and says what the new one does", async ({ page }) => {
  test.setTimeout(PROCESSING_MS * 2 + 60_000);
  await signUp(page, newAccount());
  await page.goto("/library");
  await chooseFiles(page, [sample("sonnet.mp3")]);
  await expect(trayRow(page, "sonnet.mp3")).toContainText("Ready", { timeout: PROCESSING_MS });
  await trayRow(page, "sonnet.mp3").getByRole("link", { name: "Open" }).click();
  const video = page.url();
  const transcript = page.locator(".panel__body--transcript");
  await expect(transcript).toContainText("fairest creatures");
  await page.getByRole("button", { name: "Clear finished" }).click();

  await page.getByRole("button", { name: "More" }).click();
  await page.getByRole("menuitem", { name: "File and versions" }).click();
  const replace = page.getByRole("button", { name: "Replace file…" });
  const dialog = page.getByRole("dialog", { name: "Replace “sonnet.mp3”?" });
  const choose = async (file: string | { name: string; mimeType: string; buffer: Buffer }): Promise<void> => {
    await replace.click();
    const chooser = page.waitForEvent("filechooser");
    await dialog.getByRole("button", { name: "Choose a file…" }).click();
    await (await chooser).setFiles(file);
    await expect(dialog).toHaveCount(0);
  };
  await replace.click();
  await expect(dialog).toContainText("goes, with its transcript");
  await expectAccessible(page);
  for (const { name, colorScheme, width, height } of LOOKS) {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width, height });
    await page.waitForTimeout(400);
    await page.screenshot({ path: `e2e/screenshots/replace-recording-${name}.png` });
  }
  await page.emulateMedia({ colorScheme: "light" });
  await page.setViewportSize({ width: 1440, height: 900 });
  await dialog.getByRole("button", { name: "Cancel" }).click();

  // What is no recording replaces none, and the video goes on.
  await choose({ name: "broken.mp4", mimeType: "video/mp4", buffer: Buffer.from("no recording") });
  await expect(page.getByRole("alert").filter({ hasText: "The file was not replaced" })).toBeVisible();
  await expect(trayRow(page, "broken.mp4")).toContainText("not a recording");
  // Somebody has it open meanwhile.
  const watcher = await page.context().newPage();
  await watcher.goto(video);
  const duration = (): Promise<number> =>
    watcher.locator("video").evaluate((media: HTMLVideoElement) => Math.round(media.duration));
  await expect.poll(duration).toBe(53);
  await expect(watcher.locator(".panel__body--transcript")).toContainText("fairest creatures");
  await choose(sample("two-voices.wav"));
  await expect(page.getByRole("alert")).toHaveCount(0, { timeout: PROCESSING_MS });
  await expect(trayRow(page, "two-voices.wav")).toContainText("Ready", { timeout: PROCESSING_MS });
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("sonnet.wav");
  await expect.poll(duration).toBe(20);
  await expect(watcher.locator(".panel__body--transcript")).not.toContainText("fairest creatures");
  await expect(watcher.getByRole("alert")).toHaveCount(0);
  await watcher.close();
  await expect(page.getByRole("list", { name: "Made from it" }).getByRole("listitem").filter({ hasText: "Waveform" })).toBeVisible();
  await expectAccessible(page);
  await trayRow(page, "two-voices.wav").getByRole("link", { name: "Open" }).click();
  await expect(page).toHaveURL(video);
  await expect(transcript).toBeVisible();
  await expect(transcript).not.toContainText("fairest creatures");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("sonnet");
});
