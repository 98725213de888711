import { expect } from "@playwright/test";
import { chooseFiles, currentTime, expectAccessible, inEveryLook, keepLook, newAccount, openVideo, PROCESSING_MS, sample, signUp, test, trayRow, widthOf } from "./helpers";

/** The lecture shows this slide from about a second and a half on. */
const SLIDE_FROM_S = 1.4;
const SLIDE_TO_S = 2.6;

test("slides are listed, play from where they are shown, and are found by what is on them", async ({ page }) => {
  test.setTimeout(PROCESSING_MS + 60_000);
  await signUp(page, newAccount());
  await page.goto("/library");
  await chooseFiles(page, [sample("lecture.mov")]);
  await expect(trayRow(page, "lecture.mov")).toContainText("Ready", { timeout: PROCESSING_MS });

  await openVideo(page, "lecture.mov");
  await page.getByRole("tab", { name: "Transcript" }).focus();
  await page.keyboard.press("ArrowRight");
  await expect(page.getByRole("tab", { name: "On screen" })).toHaveAttribute("aria-selected", "true");
  await expect(page).toHaveURL(/tab=screen/u);
  const slides = page.getByRole("list", { name: "What is on screen" });
  const slide = slides.getByRole("button", { name: /^Play from 1 second: .*Path Expressions/u });
  await expect(slide).toBeVisible();
  await expect.poll(() => widthOf(slide.locator("img"))).toBeGreaterThan(100);
  await slide.focus();
  await page.keyboard.press("Enter");
  await expect.poll(() => currentTime(page)).toBeGreaterThan(SLIDE_FROM_S);
  expect(await currentTime(page)).toBeLessThan(SLIDE_TO_S);
  await expect(slide).toHaveAttribute("aria-current", "true");

  await inEveryLook([page], async (look) => {
    await expect(slide).toBeVisible();
    await keepLook(page, `screen-${look}`);
  });
  await page.emulateMedia({ colorScheme: "light" });
  await page.setViewportSize({ width: 1440, height: 900 });

  await page.goto("/search?q=XQuery%20includes%20XPath");
  const hit = page.getByRole("list", { name: "Search" }).getByRole("listitem").filter({ hasText: "On screen" }).first();
  await expect(hit.locator("mark").first()).toBeVisible();
  await expectAccessible(page);
  await page.screenshot({ path: "e2e/screenshots/screen-search.png" });
  await hit.getByRole("link").click();
  await expect(page).toHaveURL(/tab=screen/u);
  await expect.poll(() => currentTime(page)).toBeGreaterThan(SLIDE_FROM_S);
  expect(await currentTime(page)).toBeLessThan(SLIDE_TO_S);
});

test("sound alone has nothing on screen", async ({ page }) => {
  await signUp(page, newAccount());
  await page.goto("/library");
  await chooseFiles(page, [sample("two-voices.wav")]);
  await expect(trayRow(page, "two-voices.wav")).toContainText("Ready", { timeout: PROCESSING_MS });
  await openVideo(page, "two-voices.wav", "?tab=screen");
  await expect(page.getByRole("tab", { name: "Transcript" })).toHaveAttribute("aria-selected", "true");
  await expect(page.getByRole("tab", { name: "On screen" })).toHaveCount(0);
});
