import { expect } from "@playwright/test";
import { setUpAuthenticator } from "./authenticator";
import { expectAccessible, mailedPath, newAccount, signIn, signUp, test } from "./helpers";

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
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await expect(page.getByRole("alert")).toBeVisible();
  await expect(page).toHaveURL(/\/sign-in/u);
  await expect(page.getByLabel("Password", { exact: true })).toBeFocused();
  await expectAccessible(page);

  await signIn(page, account);
  await expect(page.getByRole("heading", { name: "Drop a recording to begin" })).toBeVisible();
});

test("signing out that fails says so and stays, and works once the server can be reached", async ({ page, context }) => {
  await signUp(page, newAccount());
  await context.setOffline(true);
  const signOut = async (): Promise<void> => {
    await page.getByRole("button", { name: "Account" }).click();
    await page.getByRole("menuitem", { name: "Sign out" }).click();
  };
  await signOut();
  await expect(page.getByText(/You are still signed in\./u)).toBeVisible();
  await expect(page).not.toHaveURL(/\/sign-in/u);
  await context.setOffline(false);
  await signOut();
  await expect(page).toHaveURL(/\/sign-in/u);
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

test("where a mailed link opens the session, signing up says to look for it", async ({ page }) => {
  const account = newAccount();
  // As a server with a mail server answers, whether the address is taken or not.
  await page.route("**/api/v1/users", (route) => route.fulfill({ status: 202 }));
  await page.goto("/sign-up");
  await page.getByLabel("Name").fill(account.name);
  await page.getByLabel("E-mail").fill(account.email);
  await page.getByLabel("Password", { exact: true }).fill(account.password);
  await page.getByRole("button", { name: "Create account" }).click();
  await expect(page.getByRole("heading", { name: "Look into your mail" })).toBeVisible();
  await expect(page.getByText(account.email)).toBeVisible();
  await expectAccessible(page);
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

test("an API key has the role and the expiry that were chosen, and says when it has expired", async ({ page }) => {
  await signUp(page, newAccount());
  await page.goto("/settings/keys");
  await expect(page.getByLabel("Role")).toHaveValue("owner");
  await expect(page.getByLabel("Expires")).toHaveValue("90");
  const made = page.waitForRequest((request) => request.method() === "POST" && request.url().endsWith("/api-keys"));
  await page.getByLabel("What is it for?").fill("Reader");
  await page.getByLabel("Role").selectOption("Viewer");
  await page.getByRole("button", { name: "Create key" }).click();
  const { role, expires_at } = (await made).postDataJSON() as { role: string; expires_at: string };
  expect(role).toBe("viewer");
  expect(Math.round((Date.parse(expires_at) - Date.now()) / 86_400_000)).toBe(90);
  const row = (name: string) => page.getByRole("list", { name: "API keys" }).getByRole("listitem").filter({ hasText: name });
  await expect(row("Reader")).toContainText("Viewer · expires");

  await page.getByLabel("What is it for?").fill("Today");
  await page.getByLabel("Expires").selectOption("On a date…");
  await expect(page.getByRole("button", { name: "Create key" })).toBeDisabled();
  await page.getByLabel("Last day").fill("2020-01-31");
  await page.getByRole("button", { name: "Create key" }).click();
  await expect(page.getByLabel("Last day")).toHaveAttribute("aria-invalid", "true");
  await expectAccessible(page);
  await page.getByLabel("Expires").selectOption("Never");
  await expect(page.getByText("Whoever gets hold of it can use it until you remove it.")).toBeVisible();
  await page.getByRole("button", { name: "Create key" }).click();
  await expect(row("Today")).toContainText("never expires");

  await page.clock.setFixedTime(Date.now() + 91 * 86_400_000);
  await page.reload();
  await expect(row("Reader").getByText("Expired", { exact: true })).toBeVisible();
  await expect(row("Today").getByText("Expired", { exact: true })).toHaveCount(0);
  await expectAccessible(page);
});

test("a password is reset by the mailed link, which works once, and the new password opens the app", async ({ page }) => {
  const account = newAccount();
  const renewed = { ...account, password: "seven herons by the river" };
  await signUp(page, account);
  await page.context().clearCookies();
  await page.goto("/sign-in");
  await page.getByRole("link", { name: "Forgot password?" }).click();
  await page.getByRole("button", { name: "Send the link" }).click();
  await expect(page.getByLabel("E-mail")).toHaveAttribute("aria-invalid", "true");
  await page.getByLabel("E-mail").fill(account.email);
  await page.getByRole("button", { name: "Send the link" }).click();
  // There is no mail server here.
  await expect(page.getByRole("heading", { name: "Ask for your link" })).toBeVisible();

  const link = await mailedPath(page, account, "Choose a new password");
  await page.goto(link);
  const field = page.getByLabel("New password", { exact: true });
  await field.fill("short");
  await page.getByRole("button", { name: "Set the password" }).click();
  await expect(field).toHaveAttribute("aria-invalid", "true");
  await expectAccessible(page);
  await field.fill(renewed.password);
  await page.getByRole("button", { name: "Set the password" }).click();
  await expect(page.getByRole("heading", { name: "Your password is set" })).toBeVisible();

  await page.getByRole("link", { name: "Sign in" }).click();
  await page.getByLabel("E-mail").fill(account.email);
  await page.getByLabel("Password", { exact: true }).fill(account.password);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await expect(page.getByRole("alert")).toBeVisible();
  await signIn(page, renewed);

  await page.goto(link);
  await field.fill("nine otters in the snow");
  await page.getByRole("button", { name: "Set the password" }).click();
  await expect(page.getByRole("heading", { name: "This link is not valid" })).toBeVisible();
});

test("whoever has no account is answered like everybody else", async ({ page }) => {
  const { email } = newAccount();
  // As where there is a mail server.
  await page.route("**/api/v1/auth/providers", async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, json: { ...((await response.json()) as object), sends_mail: true } });
  });
  await page.goto("/forgot-password");
  await page.getByLabel("E-mail").fill(email);
  await page.getByRole("button", { name: "Send the link" }).click();
  await expect(page.getByRole("heading", { name: "Look into your mail" })).toBeVisible();
  await expect(page.getByText(`If there is an account with ${email}`)).toBeVisible();
});

test("the settings ask to confirm the address until the mailed link did", async ({ page }) => {
  const account = newAccount();
  await signUp(page, account);
  await page.goto("/settings");
  await expect(page.getByText("Your address is not confirmed")).toBeVisible();
  await expect(page.getByText("ask whoever runs it for the link")).toBeVisible();
  await page.getByRole("button", { name: "Write another" }).click();
  await expect(page.getByText("It was written, and kept on the server")).toBeVisible();

  await page.goto("/confirm-email#nonsense");
  await expect(page.getByRole("heading", { name: "This link is not valid" })).toBeVisible();
  await page.goto(await mailedPath(page, account, "Confirm your e-mail address"));
  await expect(page.getByRole("heading", { name: "Your address is confirmed" })).toBeVisible();
  await expectAccessible(page);

  await page.goto("/settings");
  await expect(page.getByText(account.email)).toBeVisible();
  await expect(page.getByText("Your address is not confirmed")).toHaveCount(0);
});

test("whoever follows the link elsewhere shows by the password that the account is theirs", async ({ page, context }) => {
  const account = newAccount();
  await signUp(page, account);
  const link = await mailedPath(page, account, "Confirm your e-mail address");
  await context.clearCookies();
  await page.goto(link);
  const field = page.getByLabel("Password", { exact: true });
  await expect(page.getByRole("button", { name: "Confirm", exact: true })).toBeVisible();
  await expectAccessible(page);
  await page.getByRole("button", { name: "Confirm", exact: true }).click();
  await expect(page.getByText("Type your password.")).toBeVisible();
  await expect(field).toBeFocused();
  await field.fill("not the password of it");
  await field.press("Enter");
  await expect(field).toHaveAttribute("aria-invalid", "true");
  await field.fill(account.password);
  await field.press("Enter");
  await expect(page.getByRole("heading", { name: "Your address is confirmed" })).toBeVisible();
});

test("both addresses agree to a change before it happens", async ({ page }) => {
  const account = newAccount();
  const moved = newAccount();
  await signUp(page, account);
  await page.goto(await mailedPath(page, account, "Confirm your e-mail address"));
  await expect(page.getByRole("heading", { name: "Your address is confirmed" })).toBeVisible();
  const asked = await page.request.put("/api/v1/me/email", {
    headers: { "X-Memoreel-Request": "1" },
    data: { email: moved.email, password: account.password },
  });
  expect(asked.status(), await asked.text()).toBe(202);

  await page.goto(await mailedPath(page, account, "Confirm the change of your e-mail address"));
  await expectAccessible(page);
  await page.getByRole("button", { name: "Agree to the change" }).click();
  await expect(page.getByRole("heading", { name: "One more address to go" })).toBeVisible();
  await page.goto(await mailedPath(page, moved, "Confirm the change of your e-mail address"));
  await page.getByRole("button", { name: "Agree to the change" }).click();
  await expect(page.getByRole("heading", { name: "Your address is changed" })).toBeVisible();

  await page.context().clearCookies();
  await signIn(page, moved);
});

test("an account with an authenticator app is asked for a code, and a recovery code will do", async ({ page }) => {
  const account = newAccount();
  await signUp(page, account);
  const [recoveryCode] = await setUpAuthenticator(page);
  await page.context().clearCookies();

  await page.goto("/sign-in");
  await expect(page.getByLabel("Code", { exact: true })).toHaveCount(0);
  await page.getByLabel("E-mail").fill(account.email);
  await page.getByLabel("Password", { exact: true }).fill(account.password);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  const field = page.getByLabel("Code", { exact: true });
  await expect(field).toBeFocused();
  await expect(page.getByRole("alert")).toHaveCount(0);
  await expectAccessible(page);

  await field.fill("nonsense");
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await expect(field).toHaveAttribute("aria-invalid", "true");
  await field.fill(recoveryCode ?? "");
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await expect(page.getByRole("navigation", { name: "Main" })).toBeVisible();
});
