import { expect } from "@playwright/test";
import { expectAccessible, newAccount, signUp, test } from "./helpers";

test("what is asked of the server is counted, shown and taken along", async ({ page }) => {
  test.setTimeout(180_000);
  await signUp(page, newAccount());
  await page.goto("/settings");
  const headers = { "X-Memoreel-Request": "1" };
  await page.request.post("/api/v1/channels", { headers, data: { name: "Board" } });
  const refused = await page.request.post("/api/v1/channels", { headers, data: { name: "" } });
  expect(refused.status()).toBe(422);
  await page.getByRole("link", { name: "Traffic" }).click();
  const totals = page.locator(".figures");
  // The log is written within a second or so.
  await expect(async () => {
    await page.reload();
    await expect(totals).toContainText("Requests", { timeout: 3000 });
    await expect(page.getByRole("region", { name: "Routes" }).last()).toContainText("POST /api/v1/channels", { timeout: 3000 });
  }).toPass({ timeout: 30_000 });
  await expect(page.getByText("Nothing is kept yet.")).toBeVisible();

  const plot = page.locator("figure").first();
  await plot.getByText("As a table").focus();
  await page.keyboard.press("Enter");
  await expect(plot.getByRole("row")).toHaveCount(26);
  await expect(plot.getByRole("columnheader", { name: "Refused" })).toBeVisible();
  await expectAccessible(page);

  let arrive = (): void => undefined;
  const arrived = new Promise<void>((resolve) => (arrive = resolve));
  await page.route("**/api/v1/analytics/*?*", async (route) => {
    await arrived;
    await route.continue();
  });
  await page.getByLabel("Show").selectOption("30 days");
  await expect(page).toHaveURL(/range=month/u);
  const former = page.locator(".stale[aria-busy=true]");
  await expect(former, "the numbers and the routes of the span before").toHaveCount(2);
  arrive();
  await expect(former).toHaveCount(0);
  await expect(plot.getByRole("row")).toHaveCount(32);
  await page.getByLabel("First").selectOption("Those asked most");
  await expect(page).toHaveURL(/range=month.*sort=requests|sort=requests.*range=month/u);

  const file = page.waitForEvent("download");
  await page.getByRole("button", { name: "Export" }).click();
  await page.getByRole("menuitem", { name: "Requests as CSV" }).click();
  expect((await file).suggestedFilename()).toBe("requests.csv");
});
