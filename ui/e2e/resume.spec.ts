import { expect } from "@playwright/test";
import { mkdtempSync, openSync, rmSync, writeSync, closeSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { chooseFiles, newAccount, sample, signUp, trayRow, test } from "./helpers";

/** Two pieces of the uploader's size and a rest, so that there is a confirmed point to continue from. */
const SIZE_BYTES = 40 * 1024 * 1024;

let folder: string;
let file: string;

test.beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), "memoreel-e2e-"));
  file = path.join(folder, "long-call.mp4");
  const real = readFileSync(sample("video-call.mp4"));
  const handle = openSync(file, "w");
  writeSync(handle, real);
  // A box of type `free` is skipped by every reader of MP4, so the padded file is still a valid recording.
  const padding = Buffer.alloc(SIZE_BYTES - real.length);
  padding.writeUInt32BE(padding.length, 0);
  padding.write("free", 4, "ascii");
  writeSync(handle, padding);
  closeSync(handle);
});

test.afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("an upload survives a lost connection and continues where it stopped", async ({ page, context }) => {
  test.setTimeout(300_000);
  await signUp(page, newAccount());
  await page.goto("/library");
  const offsets: number[] = [];
  let cut = false;
  page.on("request", (request) => {
    const offset = request.headers()["upload-offset"];
    if (request.method() === "PATCH" && offset !== undefined) offsets.push(Number(offset));
  });
  // The connection breaks while the second piece is on its way.
  await page.route("**/api/v1/uploads/*", async (route) => {
    const offset = Number(route.request().headers()["upload-offset"] ?? 0);
    if (!cut && route.request().method() === "PATCH" && offset > 0) {
      cut = true;
      await context.setOffline(true);
      await route.abort("internetdisconnected");
      return;
    }
    await route.continue();
  });

  await chooseFiles(page, [file]);
  const row = trayRow(page, "long-call.mp4");
  await expect(row.getByText(/Connection lost/u)).toBeVisible({ timeout: 60_000 });
  await context.setOffline(false);
  await expect(row.getByText("Ready", { exact: true })).toBeVisible({ timeout: 200_000 });
  expect(offsets.filter((offset) => offset === 0), "the first piece was sent once").toHaveLength(1);
});

test("an upload continues after a reload with the same file", async ({ page }) => {
  test.setTimeout(300_000);
  await signUp(page, newAccount());
  await page.goto("/library");
  let blocked = true;
  const offsets: number[] = [];
  await page.route("**/api/v1/uploads/*", async (route) => {
    const offset = route.request().headers()["upload-offset"];
    if (route.request().method() === "PATCH" && offset !== undefined) {
      if (blocked && Number(offset) > 0) return route.abort("connectionreset");
      offsets.push(Number(offset));
    }
    return route.continue();
  });
  await chooseFiles(page, [file]);
  const row = trayRow(page, "long-call.mp4");
  await expect.poll(() => offsets.length, { timeout: 60_000 }).toBe(1);
  await expect
    .poll(() => page.evaluate(() => localStorage.getItem("memoreel.uploads") ?? ""), { timeout: 60_000 })
    .toMatch(/"sent_bytes":16777216/u);

  await page.reload();
  blocked = false;
  await expect(row.getByText(/Interrupted/u)).toBeVisible();
  const chooser = page.waitForEvent("filechooser");
  await row.getByRole("button", { name: "Choose the file" }).click();
  await (await chooser).setFiles([file]);
  await expect(row.getByText("Ready", { exact: true })).toBeVisible({ timeout: 200_000 });
  expect(offsets.filter((offset) => offset === 0), "the first piece was not sent again").toHaveLength(1);
});

test("an upload can be paused, resumed and cancelled", async ({ page }) => {
  test.setTimeout(120_000);
  await signUp(page, newAccount());
  await page.goto("/library");
  // The second piece is held back, so that there is time to act.
  let held = true;
  const removed: string[] = [];
  await page.route("**/api/v1/uploads/*", async (route) => {
    const request = route.request();
    if (request.method() === "DELETE") removed.push(request.url());
    if (held && request.method() === "PATCH" && request.headers()["upload-offset"] !== "0") return;
    await route.continue();
  });
  await chooseFiles(page, [file]);
  const row = trayRow(page, "long-call.mp4");
  await expect
    .poll(() => page.evaluate(() => localStorage.getItem("memoreel.uploads") ?? ""), { timeout: 60_000 })
    .toMatch(/"sent_bytes":16777216/u);
  await row.getByRole("button", { name: "Pause" }).click();
  await expect(row.getByText(/^Paused/u)).toBeVisible();
  await row.getByRole("button", { name: "Resume" }).click();
  await expect(row.getByText(/^Paused/u)).toHaveCount(0);
  held = false;
  await row.getByRole("button", { name: "Pause" }).click();
  await row.getByRole("button", { name: "Cancel the upload" }).click();
  await expect(row).toHaveCount(0);
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(row.getByText(/^Paused/u)).toBeVisible();
  await row.getByRole("button", { name: "Cancel the upload" }).click();
  await expect(row).toHaveCount(0);
  expect(removed).toEqual([]);
  await expect.poll(() => removed.length, { timeout: 20_000 }).toBe(1);
  expect(await page.evaluate(() => localStorage.getItem("memoreel.uploads"))).toBe("[]");
});
