import { expect, type Page } from "@playwright/test";
import { addDevice } from "./authenticator";
import { expectAccessible, newAccount, signUp, test } from "./helpers";

// A passkey belongs to a name; this machine has one.
test.use({ baseURL: (process.env["MEMOREEL_URL"] ?? "http://127.0.0.1:8080").replace("127.0.0.1", "localhost") });

async function signOut(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Account" }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await expect(page).toHaveURL(/\/sign-in/u);
}

const passkeys = (page: Page) => page.getByRole("list", { name: "Passkeys" }).getByRole("listitem");
const button = (page: Page) => page.getByRole("button", { name: "Sign in with a passkey" });

test("a passkey is added, opens the app without typing, is renamed, and opens nothing once it is removed", async ({ page }) => {
  // What the page would offer by itself waits here, so that the button is what is tried.
  await page.addInitScript(() => {
    PublicKeyCredential.isConditionalMediationAvailable = () => Promise.resolve(false);
  });
  const device = await addDevice(page);
  const account = newAccount();
  await signUp(page, account);
  await page.goto("/settings/security");
  await expect(page.getByText("You have no passkey yet.")).toBeVisible();
  await page.getByRole("button", { name: "Add a passkey" }).click();
  await expect(passkeys(page)).toHaveCount(1);
  await expect(passkeys(page)).toContainText("Chrome on Linux");
  await expect(passkeys(page)).toContainText("Never used");
  expect(await device.passkeys()).toBe(1);
  await expectAccessible(page);

  // The same device has one already, and says so.
  await page.getByRole("button", { name: "Add a passkey" }).click();
  await expect(page.getByText("This device has a passkey for your account already.")).toBeVisible();

  await signOut(page);
  await expectAccessible(page);
  await button(page).click();
  await expect(page.getByRole("navigation", { name: "Main" })).toBeVisible();
  await expect(page.getByRole("button", { name: "Account" })).toBeVisible();

  await page.goto("/settings/security");
  await expect(passkeys(page)).toContainText("Last used");
  await page.getByRole("button", { name: "Rename the passkey Chrome on Linux" }).click();
  await page.getByRole("dialog").getByLabel("Name").fill("Old laptop");
  await expectAccessible(page);
  await page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
  await expect(passkeys(page)).toContainText("Old laptop");

  await page.getByRole("button", { name: "Remove the passkey Old laptop" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
  await expect(page.getByText("You have no passkey yet.")).toBeVisible();
  await signOut(page);
  await button(page).click();
  await expect(page.getByRole("alert")).toContainText("does not open an account");
  await expect(page).toHaveURL(/\/sign-in/u);
});

test("the field of the address offers the passkey by itself, and leads to where one wanted to go", async ({ page }) => {
  await addDevice(page);
  await signUp(page, newAccount());
  await page.goto("/settings/security");
  await page.getByRole("button", { name: "Add a passkey" }).click();
  await expect(passkeys(page)).toHaveCount(1);
  await page.context().clearCookies();
  await page.goto("/library?sort=title");
  await expect(page.getByLabel("E-mail")).toHaveAttribute("autocomplete", "username webauthn");
  // Chromium's device agrees to what is offered as soon as it is.
  await expect(page).toHaveURL(/\/library\?sort=title$/u);
});

test("a passkey that was begun a while after signing in asks for the password", async ({ page }) => {
  await addDevice(page);
  const account = newAccount();
  await signUp(page, account);
  let asked = 0;
  // The server's clock cannot be moved: its first answer is what it would say then.
  await page.route("**/api/v1/passkeys/begin", async (route) => {
    asked += 1;
    if (asked > 1) return route.continue();
    return route.fulfill({
      status: 403,
      contentType: "application/problem+json",
      json: { type: "about:blank", title: "Forbidden", status: 403, code: "recent_sign_in_required", detail: "", request_id: "x" },
    });
  });
  await page.goto("/settings/security");
  await page.getByRole("button", { name: "Add a passkey" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Your password").fill("not the password");
  await dialog.getByRole("button", { name: "Go on" }).click();
  await expect(dialog.getByLabel("Your password")).toHaveAttribute("aria-invalid", "true");
  await expectAccessible(page);
  await dialog.getByLabel("Your password").fill(account.password);
  await dialog.getByRole("button", { name: "Go on" }).click();
  await expect(passkeys(page)).toHaveCount(1);
});

test("a page that was opened by a network address says why it has no passkeys", async ({ page, baseURL }) => {
  const elsewhere = (baseURL ?? "").replace("localhost", "127.0.0.1");
  await signUp(page, newAccount(), elsewhere);
  await page.goto(`${elsewhere}/settings/security`);
  await expect(page.getByText("Passkeys need a page that is reached by a name")).toBeVisible();
  await expect(page.getByRole("button", { name: "Add a passkey" })).toHaveCount(0);
});
