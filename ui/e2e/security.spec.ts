import { expect, type Page } from "@playwright/test";
import { readFile } from "node:fs/promises";
import { codeOf } from "./authenticator";
import { expectAccessible, mailedPath, newAccount, signIn, signUp, test, type Account } from "./helpers";

async function enterPassword(page: Page, account: Account): Promise<void> {
  await page.goto("/sign-in");
  await page.getByLabel("E-mail").fill(account.email);
  await page.getByLabel("Password", { exact: true }).fill(account.password);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
}

async function enterCode(page: Page, code: string): Promise<void> {
  await page.getByLabel("Code", { exact: true }).fill(code);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
}

const inside = (page: Page) => page.getByRole("navigation", { name: "Main" });

test("an authenticator app is turned on, asked for, stood in for by recovery codes, and turned off", async ({ page }) => {
  const account = newAccount();
  await signUp(page, account);
  await page.goto("/settings/security");
  await expect(page.getByTestId("totp-state")).toHaveText("Off");
  await page.getByRole("button", { name: "Set up" }).click();
  await expect(page.getByRole("img", { name: "QR code for the authenticator app" })).toBeVisible();
  const secret = (await page.getByTestId("totp-secret").innerText()).replaceAll(" ", "");
  await page.getByLabel("Code the app shows").fill("000000");
  await page.getByRole("button", { name: "Turn on" }).click();
  await expect(page.getByLabel("Code the app shows")).toHaveAttribute("aria-invalid", "true");
  await expectAccessible(page);
  // An app may be half a minute behind; the codes after this one are still to come.
  await page.getByLabel("Code the app shows").fill(codeOf(secret, -1));
  await page.getByRole("button", { name: "Turn on" }).click();

  const shown = page.getByTestId("recovery-codes").getByRole("listitem");
  await expect(shown).toHaveCount(10);
  const codes = await shown.allInnerTexts();
  expect(new Set(codes).size).toBe(10);
  await expectAccessible(page);
  const download = page.waitForEvent("download");
  await page.getByRole("button", { name: "Download" }).click();
  const file = await (await download).path();
  expect(await readFile(file, "utf8")).toBe(`${codes.join("\n")}\n`);
  await page.getByRole("button", { name: "I have kept them" }).click();
  await expect(page.getByTestId("totp-state")).toHaveText("On");
  await expect(page.getByTestId("recovery-codes")).toHaveCount(0);

  await page.context().clearCookies();
  await enterPassword(page, account);
  await enterCode(page, codeOf(secret));
  await expect(inside(page)).toBeVisible();

  await page.context().clearCookies();
  await enterPassword(page, account);
  await enterCode(page, codes[0] ?? "");
  await expect(inside(page)).toBeVisible();

  await page.goto("/settings/security");
  await page.getByRole("button", { name: "New recovery codes" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("button", { name: "Make new ones" }).click();
  await expect(shown).toHaveCount(10);
  const fresh = await shown.allInnerTexts();
  expect(fresh.some((code) => codes.includes(code))).toBe(false);

  await page.context().clearCookies();
  await enterPassword(page, account);
  await enterCode(page, codes[1] ?? "");
  await expect(page.getByLabel("Code", { exact: true })).toHaveAttribute("aria-invalid", "true");
  await enterCode(page, fresh[0] ?? "");
  await expect(inside(page)).toBeVisible();

  await page.goto("/settings/security");
  await page.getByRole("button", { name: "Turn off" }).click();
  await dialog.getByRole("button", { name: "Turn off" }).click();
  await expect(page.getByTestId("totp-state")).toHaveText("Off");
  await page.context().clearCookies();
  await signIn(page, account);
});

test("a password is changed by whoever knows it, and other devices are signed out", async ({ page, browser, baseURL }) => {
  const account = newAccount();
  const renewed = { ...account, password: "seven herons by the river" };
  await signUp(page, account);
  const elsewhere = await browser.newContext({ baseURL: baseURL ?? "" });
  const phone = await elsewhere.newPage();
  await signIn(phone, account);

  await page.goto("/settings");
  const current = page.getByLabel("Current password");
  const next = page.getByLabel("New password", { exact: true });
  await current.fill("not the password");
  await next.fill("password123");
  await expect(page.getByText("Guessed at once")).toBeVisible();
  await page.getByRole("button", { name: "Change the password" }).click();
  await expect(current).toHaveAttribute("aria-invalid", "true");
  await expect(current).toBeFocused();
  await current.fill(account.password);
  await page.getByRole("button", { name: "Change the password" }).click();
  await expect(next).toHaveAttribute("aria-invalid", "true");
  await expectAccessible(page);
  await next.fill(renewed.password);
  await expect(page.getByText("Strong", { exact: true })).toBeVisible();
  await page.getByRole("button", { name: "Change the password" }).click();
  await expect(page.getByText("Your password is changed")).toBeVisible();
  await expect(current).toHaveValue("");

  await page.reload();
  await expect(inside(page)).toBeVisible();
  await phone.goto("/library");
  await expect(phone).toHaveURL(/\/sign-in/u);
  await elsewhere.close();
  await page.context().clearCookies();
  await enterPassword(page, account);
  await expect(page.getByRole("alert")).toBeVisible();
  await signIn(page, renewed);
});

test("a change of address shows who has yet to agree, and can be left", async ({ page }) => {
  const account = newAccount();
  const moved = newAccount();
  await signUp(page, account);
  await page.goto(await mailedPath(page, account, "Confirm your e-mail address"));
  await expect(page.getByRole("heading", { name: "Your address is confirmed" })).toBeVisible();

  const ask = async (): Promise<void> => {
    await page.goto("/settings");
    await page.getByLabel("New address").fill(moved.email);
    await page.getByLabel("Your password").fill(account.password);
    await page.getByRole("button", { name: "Change the address" }).click();
    await expect(page.getByText(`Your address is to become ${moved.email}`)).toBeVisible();
  };
  await ask();
  await expect(page.getByText("Not yet")).toHaveCount(2);
  await expectAccessible(page);
  await page.getByRole("button", { name: "Leave it as it is" }).click();
  await expect(page.getByLabel("New address")).toBeVisible();

  await ask();
  await page.goto(await mailedPath(page, account, "Confirm the change of your e-mail address"));
  await page.getByRole("button", { name: "Agree to the change" }).click();
  await expect(page.getByRole("heading", { name: "One more address to go" })).toBeVisible();
  await page.goto("/settings");
  await expect(page.getByText("Agreed")).toHaveCount(1);
  await expect(page.getByText("Not yet")).toHaveCount(1);
});

test("preferences take effect at once, survive a reload, and follow their person", async ({ page, browser, baseURL }) => {
  const account = newAccount();
  await signUp(page, account);
  await page.goto("/settings/preferences");
  const root = page.locator("html");
  await page.getByLabel("Theme").selectOption("dark");
  await expect(root).toHaveAttribute("data-theme", "dark");
  await page.getByLabel("Time zone").selectOption("Pacific/Kiritimati");
  await page.getByLabel("Language and country").selectOption("de-DE");
  const expected = new Intl.DateTimeFormat("de-DE", { dateStyle: "medium", timeZone: "Pacific/Kiritimati" }).format(new Date());
  await expect(page.getByText(`Now it is ${expected}`)).toBeVisible();
  await page.getByLabel("Mail notifications").selectOption("weekly");
  // The change before is answered meanwhile; what counts is where it ends.
  await page.getByLabel("Show notifications in Memoreel").click();
  await expect(page.getByLabel("Show notifications in Memoreel")).not.toBeChecked();
  await expectAccessible(page);

  const kept = async (on: Page): Promise<void> => {
    await expect(on.locator("html")).toHaveAttribute("data-theme", "dark");
    await expect(on.getByLabel("Theme")).toHaveValue("dark");
    await expect(on.getByLabel("Time zone")).toHaveValue("Pacific/Kiritimati");
    await expect(on.getByLabel("Language and country")).toHaveValue("de-DE");
    await expect(on.getByLabel("Mail notifications")).toHaveValue("weekly");
    await expect(on.getByLabel("Show notifications in Memoreel")).not.toBeChecked();
    await expect(on.getByText(`Now it is ${expected}`)).toBeVisible();
  };
  // What was sent last has arrived.
  await expect
    .poll(async () => ((await (await page.request.get("/api/v1/me/preferences")).json()) as { notify_in_app: boolean }).notify_in_app)
    .toBe(false);
  await page.reload();
  await kept(page);
  const elsewhere = await browser.newContext({ baseURL: baseURL ?? "" });
  const phone = await elsewhere.newPage();
  await signIn(phone, account);
  await phone.goto("/settings/preferences");
  await kept(phone);
  await elsewhere.close();

  // Another page writes its dates so, too, and the menu changes the same theme.
  await page.goto("/settings");
  await expect(page.getByText(expected)).toBeVisible();
  await page.getByRole("button", { name: "Account" }).click();
  await page.getByRole("menuitemradio", { name: "Light" }).click();
  await expect(root).toHaveAttribute("data-theme", "light");
  await page.keyboard.press("Escape");
  await page.goto("/settings/preferences");
  await expect(page.getByLabel("Theme")).toHaveValue("light");
});
