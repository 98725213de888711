import { expect } from "@playwright/test";
import { chooseFiles, inEveryLook, keepLook, newAccount, PROCESSING_MS, signUp, test, trayRow, widthOf } from "./helpers";

const RULES = `<title>Rules</title>
  <h1>Rules of the harbour</h1><p>Boats keep to starboard.</p>
  <h1 style="break-before: page">Rules of the quay</h1><p>Nobody feeds the walrus.</p>`;

test("a document shows its first page among the files, and is found and opened at the page that says it", async ({ page, context }, info) => {
  const printer = await context.newPage();
  await printer.setContent(RULES);
  const path = info.outputPath("rules.pdf");
  await printer.pdf({ path, format: "A4" });
  await printer.close();

  await signUp(page, newAccount());
  await page.goto("/media");
  await chooseFiles(page, [path]);
  await expect(trayRow(page, "rules.pdf")).toContainText("Ready", { timeout: PROCESSING_MS });
  await page.getByRole("button", { name: "Clear finished" }).click();
  const tile = page.getByRole("list", { name: "Files" }).getByRole("listitem").filter({ hasText: "rules.pdf" });
  await expect.poll(() => widthOf(tile.locator("img"))).toBeGreaterThan(0);
  await inEveryLook([page], (look) => keepLook(page, `media-document-${look}`));

  await page.setViewportSize({ width: 1440, height: 900 });
  await expect(async () => {
    await page.goto("/search?q=walrus&mode=keyword");
    await expect(page.getByRole("link", { name: /Rules/u })).toBeVisible({ timeout: 3_000 });
  }).toPass({ timeout: PROCESSING_MS });
  await page.getByRole("link", { name: /Rules/u }).click();
  const pages = page.getByRole("region", { name: "What is in it" }).getByRole("listitem");
  await expect(pages).toHaveCount(2);
  await expect(page.locator("[aria-current='location']")).toContainText("Nobody feeds the walrus.");
  await expect.poll(() => widthOf(pages.nth(1).locator("img"))).toBeGreaterThan(0);
});
