import { expect } from "@playwright/test";
import { expectAccessible, newAccount, signIn, signUp, test } from "./helpers";

test("a visitor is sent to sign in and comes back to where they wanted to go", async ({ page }) => {
  const account = newAccount();
  await page.goto("/library?sort=title");
  await expect(page).toHaveURL(/\/sign-in\?next=/u);
  await page.getByRole("link", { name: "Create account" }).click();
  await page.getByLabel("Name").fill(account.name);
  await page.getByLabel("E-mail").fill(account.email);
  await page.getByLabel("Password", { exact: true }).fill(account.password);
  await page.getByRole("button", { name: "Create account" }).click();
  await expect(page).toHaveURL(/\/library\?sort=title$/u);
});

test("a wrong password is refused with words, a right one opens the app", async ({ page }) => {
  const account = newAccount();
  await signUp(page, account);
  await page.getByRole("button", { name: "Account" }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await expect(page).toHaveURL(/\/sign-in/u);

  await page.getByLabel("E-mail").fill(account.email);
  await page.getByLabel("Password", { exact: true }).fill("not the password");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("alert")).toBeVisible();
  await expect(page).toHaveURL(/\/sign-in/u);
  await expectAccessible(page);

  await signIn(page, account);
  await expect(page.getByRole("heading", { name: "Drop a recording to begin" })).toBeVisible();
});

test("a short password and a taken address are explained at their fields", async ({ page }) => {
  const account = newAccount();
  await signUp(page, account);
  await page.context().clearCookies();
  await page.goto("/sign-up");
  await page.getByLabel("Name").fill(account.name);
  await page.getByLabel("E-mail").fill(account.email);
  await page.getByLabel("Password", { exact: true }).fill("short");
  await page.getByRole("button", { name: "Create account" }).click();
  await expect(page.getByLabel("Password", { exact: true })).toHaveAttribute("aria-invalid", "true");
  await page.getByLabel("Password", { exact: true }).fill(account.password);
  await page.getByRole("button", { name: "Create account" }).click();
  await expect(page.getByLabel("E-mail")).toHaveAttribute("aria-invalid", "true");
  await expect(page.getByLabel("E-mail")).toBeFocused();
});

test("an API key is shown once, works, and stops working when it is removed", async ({ page, playwright, baseURL }) => {
  await signUp(page, newAccount());
  await page.goto("/settings/keys");
  await page.getByLabel("What is it for?").fill("Browser test");
  await page.getByRole("button", { name: "Create key" }).click();
  const secret = await page.locator(".settings__secret").innerText();
  expect(secret).toMatch(/^mrl_/u);

  const outside = await playwright.request.newContext({
    baseURL: baseURL ?? "",
    extraHTTPHeaders: { Authorization: `Bearer ${secret}` },
  });
  expect((await outside.get("/api/v1/me")).status()).toBe(200);

  await page.reload();
  await expect(page.getByText("Browser test")).toBeVisible();
  await expect(page.getByText(secret)).toHaveCount(0);
  await page.getByRole("button", { name: "Remove the key Browser test" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
  await expect(page.getByText("No keys yet")).toBeVisible();
  expect((await outside.get("/api/v1/me")).status()).toBe(401);
  await outside.dispose();
});
