import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, type Page } from "@playwright/test";
import { expectAccessible, inEveryLook, keepLook, newAccount, PROCESSING_MS, sample, signUp, test } from "./helpers";

async function choose(page: Page, name: string, buffer: Buffer): Promise<void> {
  const chooser = page.waitForEvent("filechooser");
  await page.getByRole("banner").getByRole("button", { name: "Upload" }).click();
  await (await chooser).setFiles({ name, mimeType: "video/mp4", buffer });
}

/** A film that takes long to encode. */
function longFilm(folder: string): Buffer {
  const file = path.join(folder, "film.mp4");
  const source = ["-f", "lavfi", "-i", "testsrc2=s=1280x720:r=30:d=90", "-vf", "noise=alls=20:allf=t"];
  const made = ["-c:v", "libx264", "-preset", "ultrafast", "-crf", "36", "-pix_fmt", "yuv420p", "-g", "60", file];
  execFileSync("ffmpeg", ["-nostdin", "-v", "error", "-y", ...source, ...made]);
  return readFileSync(file);
}

test("what failed says why, and is found, explained and started again", async ({ page }) => {
  test.setTimeout(PROCESSING_MS + 60_000);
  await signUp(page, newAccount());
  await page.goto("/settings");
  await page.getByRole("link", { name: "Tasks" }).click();
  await expect(page.getByRole("heading", { name: "Nothing to do yet" })).toBeVisible();
  await expectAccessible(page);

  await choose(page, "Torn.mp4", readFileSync(sample("video-call.mp4")).subarray(0, 2000));
  const list = page.getByRole("list", { name: "Tasks" });
  const failed = list.getByRole("listitem").filter({ hasText: "Failed" }).first();
  // It appears by itself.
  await expect(failed).toContainText("Torn", { timeout: PROCESSING_MS });
  await page.getByRole("link", { name: /^\d+ failed: show/u }).click();
  await expect(page).toHaveURL(/status=failed/u);
  await expect(page.getByRole("combobox", { name: "Status" })).toHaveValue("failed");
  await expect(list.getByRole("listitem").filter({ hasText: "Torn" })).toHaveCount(1);
  await failed.locator("summary").focus();
  await page.keyboard.press("Enter");
  await expect(failed.getByRole("list", { name: "What happened" }).getByRole("listitem")).toHaveCount(1);
  await expect(failed).toContainText("upload it again");
  await expectAccessible(page);
  await failed.getByRole("button", { name: "Start again" }).click();
  await expect(page.getByText("Started again")).toBeVisible();
  // It leaves the list, and comes back when it has failed again.
  const tries = failed.getByRole("list", { name: "What happened" }).getByRole("listitem");
  await expect(async () => {
    if ((await tries.count()) === 0) await failed.locator("summary").click({ timeout: 2000 });
    await expect(tries).toHaveCount(2, { timeout: 2000 });
  }).toPass({ timeout: 60_000 });

  // So does all that failed, at once.
  await page.getByRole("button", { name: "Start all failed again" }).click();
  const dialog = page.getByRole("dialog", { name: "Start 1 failed task again?" });
  await expectAccessible(page);
  await dialog.getByRole("button", { name: "Start again" }).click();
  await expect(page.getByText("1 task started again")).toBeVisible();
  await expect(dialog).toBeHidden();
  await expect(async () => {
    if ((await tries.count()) === 0) await failed.locator("summary").click({ timeout: 2000 });
    await expect(tries).toHaveCount(3, { timeout: 2000 });
  }).toPass({ timeout: 60_000 });

  await page.getByRole("combobox", { name: "Step" }).selectOption("Encoding");
  await expect(page).toHaveURL(/kind=encode/u);
  await expect(page.getByRole("button", { name: "Start all failed again" })).toHaveAttribute("aria-disabled", "true");
  await expect(page.getByText("Nothing that fits.")).toBeVisible();
  await page.reload();
  await expect(page.getByRole("combobox", { name: "Step" })).toHaveValue("encode");
  await expect(page.getByText("Nothing that fits.")).toBeVisible();

  // Its file is kept, and says the same.
  await page.goto("/media");
  const file = page.getByRole("list", { name: "Files" }).getByRole("listitem").filter({ hasText: "Torn.mp4" });
  await expect(file).toContainText("Failed");
  await file.getByRole("link").click();
  await expect(page.getByRole("alert")).toContainText("Processing failed");
  await expect(page.getByRole("link", { name: "Open the recording" })).toHaveCount(0);
  await expectAccessible(page);
});

test("what runs shows how far it is, is stopped and goes on when asked", async ({ page }, info) => {
  test.setTimeout(2 * PROCESSING_MS);
  mkdirSync(info.outputDir, { recursive: true });
  const film = longFilm(info.outputDir);
  await signUp(page, newAccount());
  await page.goto("/settings/tasks?kind=encode&status=running");
  await choose(page, "Harbour.mp4", film);
  const list = page.getByRole("list", { name: "Tasks" });
  const encode = list.getByRole("listitem").first();
  await expect(encode).toContainText("Encoding", { timeout: PROCESSING_MS });
  await expect(encode.getByRole("progressbar", { name: "Progress of Encoding" })).toBeVisible();
  await encode.locator("summary").click();
  await encode.getByRole("button", { name: "Stop" }).click();
  const dialog = page.getByRole("dialog");
  await expect(dialog).toContainText("What it has done so far is lost");
  await expectAccessible(page);
  await dialog.getByRole("button", { name: "Stop" }).click();
  // It runs no more.
  await expect(page.getByText("Nothing that fits.")).toBeVisible({ timeout: 15_000 });
  await page.getByRole("combobox", { name: "Status" }).selectOption("Cancelled");
  await expect(encode).toContainText("Harbour");
  await encode.locator("summary").click();
  await expect(encode.getByRole("list", { name: "What happened" })).toContainText("Stopped");
  await encode.getByRole("button", { name: "Start again" }).click();
  await page.getByRole("combobox", { name: "Status" }).selectOption("Running");
  await expect(encode).toContainText("Harbour", { timeout: PROCESSING_MS });

  await inEveryLook([page], async (look) => {
    await page.goto("/settings/tasks");
    await list.getByRole("listitem").first().waitFor();
    await list.locator("summary").first().click();
    await page.getByText("By step, in the last 24 hours").click();
    await keepLook(page, `tasks-${look}`, { fullPage: true });
  });
});
