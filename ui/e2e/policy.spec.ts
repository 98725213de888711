import { expect, test } from "@playwright/test";
import { REFUSAL } from "./helpers";

test("what gets into the page from elsewhere neither runs nor paints", async ({ page }) => {
  const refusals: string[] = [];
  page.on("console", (message) => {
    if (REFUSAL.test(message.text())) refusals.push(message.text());
  });
  await page.goto("/sign-in");
  const heading = page.getByRole("heading", { level: 1 });
  await expect(heading).toBeVisible();
  await page.evaluate(() => {
    const script = document.createElement("script");
    script.textContent = "document.title = 'taken over'";
    const style = document.createElement("style");
    style.textContent = "h1 { display: none }";
    document.body.append(script, style);
    document.body.insertAdjacentHTML("beforeend", "<img src='/missing' onerror=\"document.title = 'taken over'\">");
  });
  await expect.poll(() => refusals.length).toBe(3);
  await expect(heading).toBeVisible();
  await expect(page).not.toHaveTitle("taken over");
});
