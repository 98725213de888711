import { expect, type Page } from "@playwright/test";
import { setUpAuthenticator } from "./authenticator";
import { expectAccessible, newAccount, signIn, signUp, test, type Account } from "./helpers";

/** What the provider beside the server is called; `cargo xtask test` starts both. */
const PROVIDER = "Harbour Identity";

/** Signs in at the provider's own page. It asks for any password; "!" says that it does not know whose the address is. */
async function enterAtProvider(page: Page, login: string): Promise<void> {
  await page.getByPlaceholder("Enter any login").fill(login);
  await page.getByPlaceholder("and password").fill("any");
  await page.getByRole("button", { name: "Sign-in" }).click();
}

/** Whoever was signed in at the provider is so no more. */
async function forgetProvider(page: Page): Promise<void> {
  const kept = (await page.context().cookies()).filter((cookie) => cookie.name.startsWith("memoreel"));
  await page.context().clearCookies();
  await page.context().addCookies(kept);
}

async function signOut(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Account" }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await expect(page).toHaveURL(/\/sign-in/u);
}

async function isSignedIn(page: Page, account: Pick<Account, "email">): Promise<void> {
  await expect(page.getByRole("navigation", { name: "Main" })).toBeVisible();
  const me = (await (await page.request.get("/api/v1/me")).json()) as { user: { email: string } };
  expect(me.user.email).toBe(account.email);
}

test("somebody signs up through a provider, signs out, and comes in again to where they wanted to go", async ({ page }) => {
  const account = newAccount();
  await page.goto("/sign-up");
  await expect(page.getByRole("button", { name: `Continue with ${PROVIDER}` })).toBeVisible();
  await expectAccessible(page);
  await page.getByRole("button", { name: `Continue with ${PROVIDER}` }).click();
  await enterAtProvider(page, account.email);
  await isSignedIn(page, account);
  await expect(page).toHaveURL(/\/$/u);
  await signOut(page);

  await page.goto("/library?sort=title");
  await expect(page).toHaveURL(/\/sign-in\?next=/u);
  // The provider still knows who they are and asks nothing.
  await page.getByRole("button", { name: `Continue with ${PROVIDER}` }).click();
  await expect(page).toHaveURL(/\/library\?sort=title$/u);
  await isSignedIn(page, account);
});

test("an account with a password is refused by its address alone, links the provider, and comes in through it", async ({ page }) => {
  const account = newAccount();
  await signUp(page, account);
  await signOut(page);
  await page.getByRole("button", { name: `Continue with ${PROVIDER}` }).click();
  await enterAtProvider(page, account.email);
  await expect(page.getByRole("heading", { name: "You are not signed in" })).toBeVisible();
  await expect(page.getByText(`link ${PROVIDER} in the security settings`)).toBeVisible();
  await expectAccessible(page);
  await page.getByRole("link", { name: "Back to sign in" }).click();

  await signIn(page, account);
  await page.goto("/settings/security");
  await page.getByRole("button", { name: `Link ${PROVIDER}` }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Password").fill("not the password");
  await dialog.getByRole("button", { name: "Continue" }).click();
  await expect(dialog.getByLabel("Password")).toHaveAttribute("aria-invalid", "true");
  await expectAccessible(page);
  await dialog.getByLabel("Password").fill(account.password);
  await dialog.getByRole("button", { name: "Continue" }).click();
  await expect(page).toHaveURL(/\/settings\/security$/u);
  const linked = page.getByRole("list", { name: "Linked accounts" });
  await expect(linked.getByText(PROVIDER)).toBeVisible();
  await expectAccessible(page);

  await signOut(page);
  await page.getByRole("button", { name: `Continue with ${PROVIDER}` }).click();
  await isSignedIn(page, account);

  await page.goto("/settings/security");
  await page.getByRole("button", { name: `Unlink ${PROVIDER}` }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Unlink" }).click();
  await expect(page.getByText("None is linked yet.")).toBeVisible();
});

test("the only way into an account stays", async ({ page }) => {
  await page.goto("/sign-in");
  await page.getByRole("button", { name: `Continue with ${PROVIDER}` }).click();
  await enterAtProvider(page, newAccount().email);
  await expect(page.getByRole("navigation", { name: "Main" })).toBeVisible();
  await page.goto("/settings/security");
  await page.getByRole("button", { name: `Unlink ${PROVIDER}` }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("button", { name: "Unlink" }).click();
  await expect(dialog.getByRole("alert")).toContainText("the only way into your account");
});

test("an authenticator app is asked after the provider, and leads on to where one wanted to go", async ({ page }) => {
  await page.goto("/sign-in");
  await page.getByRole("button", { name: `Continue with ${PROVIDER}` }).click();
  const account = newAccount();
  await enterAtProvider(page, account.email);
  await expect(page.getByRole("navigation", { name: "Main" })).toBeVisible();
  const [recoveryCode] = await setUpAuthenticator(page);
  await signOut(page);
  await page.goto("/search");
  await page.getByRole("button", { name: `Continue with ${PROVIDER}` }).click();
  await expect(page).toHaveURL(/\/sign-in\/code$/u);
  const code = page.getByLabel("Code");
  await expect(code).toBeFocused();
  await expectAccessible(page);
  await code.fill("000000");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(code).toHaveAttribute("aria-invalid", "true");
  await code.fill(recoveryCode ?? "");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page).toHaveURL(/\/search$/u);
  await isSignedIn(page, account);
});

test("whoever goes back at the provider is told so, and a second browser cannot end the trip of the first", async ({ page, browser }) => {
  await page.goto("/sign-in");
  await page.getByRole("button", { name: `Continue with ${PROVIDER}` }).click();
  await page.getByRole("link", { name: /cancel/iu }).click();
  await expect(page.getByText(`${PROVIDER} did not let you in`)).toBeVisible();
  await forgetProvider(page);

  await page.goto("/sign-in");
  await page.getByRole("button", { name: `Continue with ${PROVIDER}` }).click();
  // Held on its way back, and opened elsewhere.
  const back = page.waitForRequest(/\/callback\?/u);
  await page.route(/\/callback\?/u, (route) => route.abort());
  await enterAtProvider(page, newAccount().email);
  const address = (await back).url();
  const other = await (await browser.newContext()).newPage();
  await other.goto(address);
  await expect(other.getByText("This sign-in was begun in another browser")).toBeVisible();
  await other.context().close();
});

test("an owner adds a domain, sees what to record, is told that it is not there yet, and removes it", async ({ page }) => {
  await signUp(page, newAccount());
  await page.goto("/settings/domains");
  await page.getByLabel("Domain", { exact: true }).fill("gmail.com");
  await page.getByRole("button", { name: "Add domain" }).click();
  await expect(page.getByLabel("Domain", { exact: true })).toHaveAttribute("aria-invalid", "true");
  await page.getByLabel("Domain", { exact: true }).fill("Memoreel-Test.invalid");
  await page.getByRole("button", { name: "Add domain" }).click();
  const section = page.getByRole("region", { name: "memoreel-test.invalid" });
  await expect(section.getByText("Not verified")).toBeVisible();
  await expect(section.getByText("_memoreel.memoreel-test.invalid")).toBeVisible();
  await expectAccessible(page);
  await section.getByRole("button", { name: "Check now" }).click();
  await expect(section.getByRole("alert")).toBeVisible({ timeout: 30_000 });
  await section.getByRole("button", { name: "Remove memoreel-test.invalid" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
  await expect(page.getByText("No domains yet")).toBeVisible();
});
