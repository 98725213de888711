import { expect } from "@playwright/test";
import { expectAccessible, newAccount, signUp, test } from "./helpers";

const NOBODY = "00000000-0000-7000-8000-000000000000";

test("a page whose part does not come leaves the frame, which leads elsewhere", async ({ page }) => {
  await signUp(page, newAccount());
  await page.route("**/*SearchPage*", (route) => route.abort());
  const rail = page.getByRole("navigation", { name: "Main" });
  await rail.getByRole("link", { name: "Search" }).click();
  await expect(page.getByRole("heading", { name: "This page stopped working" })).toBeVisible();
  await rail.getByRole("link", { name: "Library" }).click();
  await expect(page.getByRole("heading", { name: "Library" })).toBeVisible();
});

test("a page that takes its time says that it is on its way", async ({ page }) => {
  await signUp(page, newAccount());
  let arrive = (): void => undefined;
  const arrived = new Promise<void>((resolve) => (arrive = resolve));
  await page.route("**/*SearchPage*", async (route) => {
    await arrived;
    await route.continue();
  });
  const onItsWay = page.getByRole("progressbar", { name: "Loading the page" });
  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Search" }).click();
  await expect(onItsWay).toBeVisible();
  arrive();
  await expect(page.getByRole("searchbox")).toBeFocused();
  await expect(onItsWay).toHaveCount(0);
});

test("on a phone the settings begin with what they are about, and their other pages are one touch away", async ({ page }) => {
  await page.setViewportSize({ width: 375, height: 760 });
  await signUp(page, newAccount());
  await page.goto("/settings/keys");
  const heading = page.getByRole("heading", { name: "API keys" });
  await expect(heading).toBeVisible();
  expect((await heading.boundingBox())?.y).toBeLessThan(250);
  await page.getByRole("main").getByText("API keys", { exact: true }).first().click();
  await page.getByRole("link", { name: "Members" }).click();
  await expect(page.getByRole("heading", { name: "Members" })).toBeVisible();
  await expect(page.getByRole("link", { name: "Preferences" })).toBeHidden();
});

test("an empty home offers to choose files and to fetch one from a link", async ({ page }) => {
  await signUp(page, newAccount());
  await expect(page.getByRole("main").getByRole("button", { name: "Choose files" })).toBeVisible();
  await page.getByRole("main").getByRole("button", { name: "Import from a link" }).click();
  await expect(page.getByRole("dialog", { name: "Import from a link" })).toBeVisible();
});

test("whoever opens the app while the server is away is told that, and not that the page broke", async ({ page }) => {
  await signUp(page, newAccount());
  await page.route("**/api/v1/me", (route) => route.abort());
  await page.reload();
  await expect(page.getByRole("heading", { name: "Memoreel could not be opened" })).toBeVisible();
  await expect(page.getByRole("alert")).toContainText("The server cannot be reached");
  await page.unroute("**/api/v1/me");
  await page.getByRole("button", { name: "Reload" }).click();
  await expect(page.getByRole("navigation", { name: "Main" })).toBeVisible();
});

test("what is not there is named as such, on the page and above it", async ({ page }) => {
  await signUp(page, newAccount());
  const here = page.getByRole("navigation", { name: "Breadcrumbs" }).locator("li[aria-current=page]");
  for (const path of [`/videos/${NOBODY}`, `/files/${NOBODY}`, `/settings/webhooks/${NOBODY}`]) {
    await page.goto(path);
    await expect(here, path).toHaveText("Not found");
    await expect(page.getByRole("heading", { level: 1 }), path).toHaveCount(1);
  }
  for (const path of ["/nowhere", "/settings/nowhere", "/nowhere/at/all"]) {
    await page.goto(path);
    await expect(here, path).toHaveText("Not found");
    await expect(page.getByRole("heading", { level: 1, name: "There is no such page" }), path).toBeVisible();
    await expect(page.getByRole("main"), path).toHaveCount(1);
  }
  await expectAccessible(page);
  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Library" }).click();
  await expect(page.getByRole("heading", { name: "Library" })).toBeVisible();
});

test("an address that leads nowhere asks nobody to sign in", async ({ page }) => {
  await page.goto("/nowhere");
  await expect(page.getByRole("heading", { level: 1, name: "There is no such page" })).toBeVisible();
  await expect(page).toHaveURL(/\/nowhere$/u);
  await expect(page.getByRole("main")).toHaveCount(1);
  await expect(page.getByRole("navigation", { name: "Main" })).toHaveCount(0);
  await expectAccessible(page);
});

test("what a dialog came from has the focus again when it closes, and the heading where that is gone", async ({ page }) => {
  await signUp(page, newAccount());
  const opener = page.getByRole("button", { name: /^Organization: / });
  await opener.click();
  await page.getByRole("menuitem", { name: "New organization" }).click();
  await expect(page.getByRole("dialog")).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(opener).toBeFocused();
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox").waitFor();
  await page.keyboard.press("Escape");
  await expect(opener).toBeFocused();
  await page.goto("/settings/keys");
  await page.getByLabel("What is it for?").fill("Nightly");
  await page.keyboard.press("Enter");
  const key = page.getByRole("button", { name: /^Remove the key/u });
  await key.click();
  await page.getByRole("dialog").getByRole("button", { name: "Cancel" }).click();
  await expect(key).toBeFocused();
  await key.click();
  await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
  await expect(key).toHaveCount(0);
  await expect(page.getByRole("heading", { level: 1 })).toBeFocused();
});

test("the keyboard comes to the rail before the page, and skips both at once", async ({ page }) => {
  await signUp(page, newAccount());
  await page.goto("/settings");
  await page.getByRole("heading", { name: "Settings" }).waitFor();
  await page.keyboard.press("Tab");
  await expect(page.getByRole("link", { name: "Skip to content" })).toBeFocused();
  await page.keyboard.press("Tab");
  await expect(page.getByRole("link", { name: "Memoreel: Home" })).toBeFocused();
  await page.keyboard.press("Shift+Tab");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  await expect(page.getByRole("main").getByRole("link", { name: "Account" })).toBeFocused();
});

test("a page that was come to is read out, once", async ({ page }) => {
  await signUp(page, newAccount());
  const arrived = page.getByTestId("arrived");
  await expect(arrived).toHaveText("");
  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Search" }).click();
  await expect(arrived).toHaveText("Search · Memoreel");
  await page.getByRole("searchbox").fill("harbour");
  await expect(page).toHaveTitle("harbour · Search · Memoreel");
  await expect(arrived).toHaveText("Search · Memoreel");
  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Library" }).click();
  await expect(arrived).toHaveText("Library · Memoreel");
});
