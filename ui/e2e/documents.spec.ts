import { expect, type BrowserContext, type TestInfo } from "@playwright/test";
import {
  chooseFiles,
  expectAccessible,
  inEveryLook,
  keepLook,
  newAccount,
  PROCESSING_MS,
  signUp,
  test,
  trayRow,
  widthOf,
} from "./helpers";

const RULES = `<title>Rules</title>
  <h1>Rules of the harbour</h1><p>Boats keep to starboard.</p>
  <h1 style="break-before: page">Rules of the quay</h1><p>Nobody feeds the walrus.</p>`;

async function rules(context: BrowserContext, info: TestInfo): Promise<string> {
  const printer = await context.newPage();
  await printer.setContent(RULES);
  const path = info.outputPath("rules.pdf");
  await printer.pdf({ path, format: "A4" });
  await printer.close();
  return path;
}

test("a document shows its first page among the files, and is found and opened at the page that says it", async ({ page, context }, info) => {
  const path = await rules(context, info);
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

test("a document is read again when somebody wants it, and shows what was read then", async ({ page, context }, info) => {
  await signUp(page, newAccount());
  await page.goto("/media");
  await chooseFiles(page, [await rules(context, info)]);
  await expect(trayRow(page, "rules.pdf")).toContainText("Ready", { timeout: PROCESSING_MS });
  await page.getByRole("button", { name: "Clear finished" }).click();
  const { items } = (await (await page.request.get("/api/v1/assets?kind=document")).json()) as { items: { id: string }[] };
  await page.goto(`/files/${items[0]?.id ?? ""}`);
  const pages = page.getByRole("region", { name: "What is in it" }).getByRole("listitem");
  await expect(pages).toHaveCount(2);
  const picture = pages.first().locator("img");
  const before = await picture.getAttribute("src");

  const again = page.getByRole("button", { name: "Read again" });
  await again.focus();
  await page.keyboard.press("Enter");
  await expect.poll(() => picture.getAttribute("src"), { timeout: PROCESSING_MS }).not.toBe(before);
  await expect.poll(() => widthOf(picture)).toBeGreaterThan(0);
  await expect(pages).toHaveCount(2);
  await expect(again).toBeEnabled();
  await expect(page.getByRole("alert")).toHaveCount(0);
  await expectAccessible(page);
});
