import { expect } from "@playwright/test";
import { addTranscript, expectAccessible, newAccount, signUp, test } from "./helpers";

/** Captions that say the word once a minute, each time in a passage of its own. */
function captions(word: string, times: number): string {
  const around = "And so it went on for a while with this and that. ".repeat(5);
  const cues = Array.from({ length: times }, (_, minute) => {
    const start = `${String(Math.floor(minute / 60)).padStart(2, "0")}:${String(minute % 60).padStart(2, "0")}`;
    return `${start}:00.000 --> ${start}:09.000\n<v Ana>We saw a ${word}. ${around}\n`;
  });
  return `WEBVTT\n\n${cues.join("\n")}`;
}

test("more of what was found is shown when somebody asks, and read on from there", async ({ page }) => {
  await signUp(page, newAccount());
  await addTranscript(page, "A long watch", captions("narwhal", 45));
  const hits = page.getByRole("list", { name: "Search" }).getByRole("listitem");
  await expect(async () => {
    await page.goto("/search?q=narwhal&mode=keyword");
    await expect(hits).toHaveCount(30, { timeout: 2_000 });
  }).toPass();
  await expect(page.getByRole("status").filter({ hasText: "The best 30 results" })).toBeVisible();
  await page.getByRole("button", { name: "Show more" }).click();
  await expect(hits).toHaveCount(45);
  await expect(hits.nth(30).getByRole("link")).toBeFocused();
  await expect(page.getByRole("button", { name: "Show more" })).toHaveCount(0);
  await expect(page.getByRole("status").filter({ hasText: "45 results" })).toBeVisible();
  await expectAccessible(page);

  // What is asked next begins anew.
  await page.getByRole("searchbox").fill("saw narwhal");
  await expect(hits).toHaveCount(30);
  // What is far from all of it is told to be.
  await page.goto("/search?q=zzqqxx");
  await expect(page.getByText("Nothing has these words or means the same. This comes nearest.")).toBeVisible();
  await expect(hits.first()).toContainText("Nearest");
});

test("where nothing is found, only what was not tried yet is offered", async ({ page }) => {
  await signUp(page, newAccount());
  await page.goto("/search?q=budget");
  await expect(page.getByText("Try other words.", { exact: true })).toBeVisible();
  await expect(page.getByRole("main").getByRole("button", { name: "Clear filters" })).toHaveCount(0);
  await page.goto("/search?q=budget&mode=keyword&kind=image&from=2026-03-01");
  await expect(page.getByText("Try other words, search by meaning or clear the filters.")).toBeVisible();
  await expect(page.getByLabel("To", { exact: true })).toHaveAttribute("min", "2026-03-01");
  await page.locator(".empty").getByRole("button", { name: "Clear filters" }).click();
  await expect(page).toHaveURL(/\/search\?q=budget&mode=keyword$/u);
});
