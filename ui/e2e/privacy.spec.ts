import { expect } from "@playwright/test";
import { statSync } from "node:fs";
import { expectAccessible, newAccount, signIn, signUp, test } from "./helpers";

test("what one agreed to is shown with its date, and news by mail is a switch", async ({ page }) => {
  await signUp(page, newAccount());
  await page.goto("/settings");
  await page.getByRole("link", { name: "Privacy" }).click();
  await expect(page).toHaveURL(/\/settings\/privacy$/u);
  const news = page.getByRole("checkbox", { name: "Mail me news about Memoreel" });
  await expect(news).not.toBeChecked();
  await news.focus();
  await page.keyboard.press("Space");
  await expect(news).toBeChecked();
  await expect(page.getByText(/You agreed to version 1 on/u)).toBeVisible();
  // Nobody is asked to agree to what stands nowhere.
  await expect(page.getByText("Terms of service")).toHaveCount(0);
  await page.route("**/api/v1/me/consents", async (route) => {
    const response = await route.fetch();
    const { documents, ...rest } = (await response.json()) as { documents: { document: string }[] };
    const published = documents.map((one) => (one.document === "terms" ? { ...one, url: "https://example.org/terms" } : one));
    await route.fulfill({ response, json: { ...rest, documents: published } });
  });
  await page.reload();
  await page.getByRole("button", { name: "Agree to: Terms of service" }).click();
  await expect(page.getByText(/You agreed to version 1 on/u)).toHaveCount(2);
  await news.click();
  await expect(page.getByText(/You withdrew this on/u)).toBeVisible();
  await page.getByText("History").click();
  const history = page.getByRole("list", { name: "History" });
  await expect(history.getByRole("listitem")).toHaveCount(3);
  await expect(history.getByRole("listitem").first()).toContainText("Withdrawn");
  await expectAccessible(page);
  await page.reload();
  await expect(news).not.toBeChecked();
});

test("an export is made, fetched and deleted", async ({ page }) => {
  await signUp(page, newAccount());
  await page.goto("/settings/privacy");
  await expect(page.getByText("No exports yet")).toBeVisible();
  await page.getByRole("button", { name: "Make an export" }).click();
  const row = page.getByRole("list", { name: "Your data" }).getByRole("listitem");
  await expect(row).toContainText("Ready", { timeout: 60_000 });
  await expectAccessible(page);
  const download = page.waitForEvent("download");
  await row.getByRole("button", { name: /^Download/u }).click();
  const file = await download;
  expect(file.suggestedFilename()).toBe("memoreel-export.zip");
  expect(statSync(await file.path()).size).toBeGreaterThan(1000);
  await row.getByRole("button", { name: /^Delete/u }).click();
  await page.getByRole("dialog", { name: /^Remove “Export of/u }).getByRole("button", { name: "Remove" }).click();
  await expect(page.getByText("No exports yet")).toBeVisible();
});

test("an account is closed with its address and password, and taken back after signing in", async ({ page }) => {
  const account = newAccount();
  await signUp(page, account);
  await page.goto("/settings/privacy");
  await expect(page.getByText("Your own organization.")).toBeVisible();
  await page.getByRole("button", { name: "Close account…" }).click();
  const dialog = page.getByRole("dialog", { name: "Close your account?" });
  const close = dialog.getByRole("button", { name: "Close account" });
  await expect(close).toBeDisabled();
  await dialog.getByLabel(`Type ${account.email} to confirm`).fill(account.email);
  await dialog.getByLabel("Your password").fill("not the password");
  await close.click();
  await expect(dialog.getByText("This is not your password.")).toBeVisible();
  await expectAccessible(page);
  await dialog.getByLabel("Your password").fill(account.password);
  await close.click();
  await expect(page.getByRole("heading", { name: "Your account is closed" }).first()).toBeAttached();
  await expect(page.getByText(/Until then you can take it back/u)).toBeVisible();
  await expectAccessible(page);

  // Every page says so, also after signing in again.
  await page.goto("/library");
  await expect(page.getByText(/Until then you can take it back/u)).toBeVisible();
  await page.context().clearCookies();
  await signIn(page, account);
  await page.getByRole("button", { name: "Take it back" }).click();
  await expect(page.getByText("Your account is open again")).toBeVisible();
  await expect(page.getByRole("heading", { name: "Drop a recording to begin" })).toBeVisible();
});

test("whoever owns an organization alone is told to hand it over first", async ({ page }) => {
  await signUp(page, newAccount());
  const headers = { "X-Memoreel-Request": "1" };
  const made = await page.request.post("/api/v1/organizations", { headers, data: { name: "Harbour" } });
  expect(made.status()).toBe(201);
  await page.goto("/settings/privacy");
  await expect(page.getByText(/You are the only owner of these organizations/u)).toBeVisible();
  await expect(page.getByRole("listitem").filter({ hasText: "Harbour" })).toBeVisible();
  await expect(page.getByRole("button", { name: "Close account…" })).toHaveCount(0);
});
