import { expect, type Page } from "@playwright/test";
import { mkdirSync } from "node:fs";
import { expectAccessible, newAccount, signUp, test, trayRow, widthOf } from "./helpers";

const LOOKS = [
  { name: "light", colorScheme: "light", width: 1440, height: 900 },
  { name: "dark", colorScheme: "dark", width: 1440, height: 900 },
  { name: "phone", colorScheme: "light", width: 375, height: 760 },
] as const;

/** How long it may take to look for text, and to index what was found. */
const READING_MS = 60_000;

interface Picture {
  name: string;
  mimeType: string;
  buffer: Buffer;
}

/** A sign with these lines, as a PNG. */
async function sign(page: Page, name: string, lines: string[], width = 900): Promise<Picture> {
  const data = await page.evaluate(
    ([lines, width]) => {
      const canvas = document.createElement("canvas");
      [canvas.width, canvas.height] = [width, 600];
      const pen = canvas.getContext("2d");
      if (!pen) throw new Error("there is no canvas");
      pen.fillStyle = "#fdf6e3";
      pen.fillRect(0, 0, width, 600);
      pen.fillStyle = "#1d3557";
      pen.font = "56px sans-serif";
      for (const [at, line] of lines.entries()) pen.fillText(line, 60, 160 + at * 110);
      return canvas.toDataURL("image/png");
    },
    [lines, width] as const,
  );
  return { name, mimeType: "image/png", buffer: Buffer.from(data.slice(data.indexOf(",") + 1), "base64") };
}

async function choose(page: Page, button: string, picture: Picture): Promise<void> {
  const chooser = page.waitForEvent("filechooser");
  await page.getByRole("button", { name: button }).first().click();
  await (await chooser).setFiles(picture);
}

const hits = (page: Page) => page.getByRole("list", { name: "Search" }).getByRole("listitem");

test("an image is found by its text and description, and its file is replaced", async ({ page }) => {
  test.setTimeout(READING_MS * 4);
  await signUp(page, newAccount());
  await page.goto("/media");
  await choose(page, "Upload", await sign(page, "sign.png", ["Northern quay", "The zeppelin lands at noon"]));
  await expect(trayRow(page, "sign.png")).toContainText("Ready");
  await trayRow(page, "sign.png").getByRole("link", { name: "Open" }).click();
  const text = page.getByRole("region", { name: "Text in the picture" });
  await expect(text).toContainText("zeppelin lands at noon", { timeout: READING_MS });
  await page.getByRole("button", { name: "Clear finished" }).click();

  // What people say of it is what screen readers say.
  await page.getByLabel("Description").fill("A walrus beside a lighthouse");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await expect(page.getByText("Saved", { exact: true })).toBeVisible();
  const preview = page.getByRole("figure").getByRole("img", { name: "A walrus beside a lighthouse" });
  await expect.poll(() => widthOf(preview)).toBeGreaterThan(0);
  await expectAccessible(page);
  const address = page.url();

  await expect(async () => {
    await page.goto("/search?q=zeppelin&mode=keyword");
    await expect(hits(page)).toHaveCount(1, { timeout: 3_000 });
    await page.goto("/search?q=walrus&mode=keyword");
    await expect(hits(page)).toHaveCount(1, { timeout: 3_000 });
  }).toPass({ timeout: READING_MS });
  await expect(hits(page)).toContainText("Description");
  await page.goto("/search?q=zeppelin&mode=keyword");
  await expect(hits(page)).toContainText("In the picture");
  const thumbnail = hits(page).locator("img");
  await expect.poll(() => widthOf(thumbnail)).toBeGreaterThan(0);
  await page.getByLabel("Where to search").selectOption("Documents");
  await expect(page).toHaveURL(/kind=document/u);
  await expect(page.getByRole("heading", { name: /^Nothing found/u })).toBeVisible();
  await page.getByLabel("Where to search").selectOption("Images");
  await expect(hits(page)).toHaveCount(1);
  mkdirSync("e2e/screenshots", { recursive: true });
  for (const look of LOOKS) {
    await page.emulateMedia({ colorScheme: look.colorScheme });
    await page.setViewportSize({ width: look.width, height: look.height });
    await page.waitForTimeout(400);
    await page.screenshot({ path: `e2e/screenshots/search-image-${look.name}.png` });
    await test.step(look.name, () => expectAccessible(page));
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    expect(overflow, "it does not scroll sideways").toBeLessThanOrEqual(0);
  }
  await page.setViewportSize({ width: 1440, height: 900 });
  await page.getByRole("link", { name: "Open the image sign.png" }).click();
  await expect(page).toHaveURL(address);

  // The palette leads there, too.
  await page.goto("/library");
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  await page.keyboard.press("Control+k");
  await page.getByRole("dialog").getByRole("combobox").fill("zeppelin");
  await page.getByRole("option", { name: /zeppelin lands/u }).click();
  await expect(page).toHaveURL(address);

  // Another file: everything else stays.
  await expect(page.getByText("900 × 600 pixels").first()).toBeVisible();
  const before = await preview.getAttribute("src");
  await choose(page, "Replace file…", await sign(page, "other.png", ["A glacier melts"], 700));
  await expect(page.getByText("700 × 600 pixels").first()).toBeVisible({ timeout: READING_MS });
  await expect(trayRow(page, "other.png")).toContainText("Ready");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("sign.png");
  await expect(page.getByLabel("Description")).toHaveValue("A walrus beside a lighthouse");
  await expect.poll(() => preview.getAttribute("src")).not.toBe(before);
  await expect(text).toContainText("glacier", { timeout: READING_MS });
  await expectAccessible(page);
  await expect(async () => {
    await page.goto("/search?q=glacier&mode=keyword");
    await expect(hits(page)).toHaveCount(1, { timeout: 3_000 });
  }).toPass({ timeout: READING_MS });
  await page.goto("/search?q=zeppelin&mode=keyword");
  await expect(page.getByRole("heading", { name: /^Nothing found/u })).toBeVisible();

  // What is no image replaces none, and is told.
  await page.goto(address);
  await choose(page, "Replace file…", { name: "broken.png", mimeType: "image/png", buffer: Buffer.from("no image") });
  await expect(page.getByRole("alert").filter({ hasText: "The file was not replaced" })).toBeVisible({ timeout: READING_MS });
  await expect(page.getByText("700 × 600 pixels").first()).toBeVisible();
  await expectAccessible(page);
});
