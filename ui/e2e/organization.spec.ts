import { expect, test, type Browser, type Page } from "@playwright/test";
import { readFileSync } from "node:fs";
import { addTranscript, expectAccessible, inEveryLook, keepLook, newAccount, sample, signIn, signUp, trayRow, type Account } from "./helpers";

/** A name no other test uses, so that lists can be asked for it. */
function newName(): string {
  return `Field team ${Math.floor(Math.random() * 1e6).toString(36)}`;
}

function person(name: string): Account {
  return { ...newAccount(), name };
}

async function askForOrganization(page: Page, name: string, slug = ""): Promise<void> {
  await page.getByRole("button", { name: /^Organization:/u }).click();
  await page.getByRole("menuitem", { name: "New organization" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name", { exact: true }).fill(name);
  await dialog.getByLabel("Short name").fill(slug);
  await dialog.getByRole("button", { name: "Create" }).click();
}

async function createOrganization(page: Page, name: string, slug = ""): Promise<void> {
  await askForOrganization(page, name, slug);
  await expect(page.getByRole("button", { name: `Organization: ${name}` })).toBeVisible();
  await expect(page.getByRole("dialog")).toHaveCount(0);
}

/** Invites somebody from the members page of the organization and returns the link. */
async function invite(page: Page, email: string, role: string): Promise<string> {
  await page.goto("/settings/members");
  await page.getByRole("button", { name: "Invite", exact: true }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("E-mail").fill(email);
  await dialog.getByLabel("Role").selectOption(role);
  await dialog.getByRole("button", { name: "Invite" }).click();
  const link = await dialog.locator(".settings__secret").innerText();
  await dialog.getByRole("button", { name: "Done" }).click();
  const { hash, pathname } = new URL(link);
  return pathname + hash;
}

/** Another person in a browser of their own, who joins by the link with a new account. */
async function join(browser: Browser, account: Account, link: string): Promise<Page> {
  const page = await (await browser.newContext()).newPage();
  await signUp(page, account);
  await page.goto(link);
  await page.getByRole("button", { name: "Accept" }).click();
  await expect(page.getByRole("navigation", { name: "Main" })).toBeVisible();
  return page;
}

/** A folder, and an image in it, of the organization of the page; returns the image's id. */
async function addImage(page: Page, folder: string): Promise<string> {
  const organization = await page.evaluate(
    () => (JSON.parse(localStorage.getItem("memoreel.preferences") ?? "{}") as { organizationId?: string }).organizationId ?? "",
  );
  const headers = { "X-Memoreel-Request": "1", "Memoreel-Organization": organization };
  const made = await page.request.post("/api/v1/folders", { headers, data: { name: folder } });
  expect(made.status(), await made.text()).toBe(201);
  const { id: folderId } = (await made.json()) as { id: string };
  const data = readFileSync(sample("still-photo.heic"));
  const metadata = { filename: "still-photo.heic", kind: "image", folder_id: folderId };
  const sent = await page.request.post("/api/v1/uploads", {
    headers: {
      ...headers,
      "Tus-Resumable": "1.0.0",
      "Upload-Length": String(data.length),
      "Upload-Metadata": Object.entries(metadata)
        .map(([name, value]) => `${name} ${Buffer.from(value).toString("base64")}`)
        .join(","),
      "Content-Type": "application/offset+octet-stream",
    },
    data,
  });
  expect(sent.status(), await sent.text()).toBe(201);
  return sent.headers()["memoreel-asset-id"] ?? "";
}

function memberRow(page: Page, email: string) {
  return page.getByRole("list", { name: "Members" }).getByRole("listitem").filter({ hasText: email });
}

test("an organization is made, entered and left for another on the same kind of page", async ({ page }) => {
  const account = newAccount();
  const name = newName();
  await signUp(page, account);
  await createOrganization(page, name);
  await expect(page).toHaveURL(/\/settings\/members$/u);
  await expect(memberRow(page, account.email)).toContainText("Owner");

  await page.goto("/library?sort=title");
  await page.getByRole("button", { name: `Organization: ${name}` }).click();
  const personal = page.getByRole("menuitemradio").filter({ hasText: "Personal" });
  await expect(page.getByRole("menuitemradio").filter({ hasText: name })).toBeChecked();
  await personal.click();
  await expect(page.getByRole("button", { name: `Organization: ${account.name}` })).toBeVisible();
  await expect(page).toHaveURL(/\/library\?sort=title$/u);

  // By keyboard too: the name is typed. The choice outlives the page, and a change of the name reaches the switcher.
  await page.getByRole("button", { name: `Organization: ${account.name}` }).press("Enter");
  await expect(page.getByRole("menuitemradio").first()).toBeFocused();
  await page.keyboard.type("field");
  await expect(page.getByRole("menuitemradio").filter({ hasText: name })).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("button", { name: `Organization: ${name}` })).toBeVisible();
  await page.reload();
  await expect(page.getByRole("button", { name: `Organization: ${name}` })).toBeVisible();
  await page.goto("/settings/organization");
  await page.getByLabel("Name", { exact: true }).fill(`${name} North`);
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByRole("button", { name: `Organization: ${name} North` })).toBeVisible();
});

test("a link to what another of one's organizations has leads into that one, at the same second", async ({ page }) => {
  const account = newAccount();
  const name = newName();
  await signUp(page, account);
  await createOrganization(page, name);
  const id = await addTranscript(page, "About the budget");
  await page.getByRole("button", { name: `Organization: ${name}` }).click();
  await page.getByRole("menuitemradio").filter({ hasText: "Personal" }).click();
  await expect(page.getByRole("button", { name: `Organization: ${account.name}` })).toBeVisible();
  await page.goto(`/videos/${id}?t=1`);
  await expect(page.getByRole("heading", { level: 1, name: "This is in another organization" })).toBeVisible();
  await expectAccessible(page);
  await page.getByRole("button", { name: `Open in ${name}` }).click();
  await expect(page.getByRole("heading", { level: 1, name: "About the budget" })).toBeVisible();
  await expect(page.getByRole("button", { name: `Organization: ${name}` })).toBeVisible();
  await expect(page).toHaveURL(/\?t=1$/u);
});

test("a short name that is taken is refused at its field", async ({ page }) => {
  const slug = `team-${Date.now().toString(36)}`;
  await signUp(page, newAccount());
  await createOrganization(page, newName(), slug);
  await askForOrganization(page, newName(), slug);
  const field = page.getByRole("dialog").getByLabel("Short name");
  await expect(field).toHaveAttribute("aria-invalid", "true");
  await field.fill(`${slug}-2`);
  await page.getByRole("dialog").getByRole("button", { name: "Create" }).click();
  await expect(page.getByRole("dialog")).toHaveCount(0);
});

test("whoever has to sign in again is back in the organization they were in", async ({ page }) => {
  const account = newAccount();
  const name = newName();
  await signUp(page, account);
  await createOrganization(page, name);
  await page.context().clearCookies();
  await signIn(page, account);
  await expect(page.getByRole("button", { name: `Organization: ${name}` })).toBeVisible();
  await page.goto("/settings/members");
  await expect(page.getByRole("list", { name: "Members" }).getByRole("listitem")).toHaveCount(1);
});

test("a person is invited, joins, gets another role, and is removed", async ({ page, browser }) => {
  const name = newName();
  const guest = person("Ana Lima");
  await signUp(page, newAccount());
  await createOrganization(page, name);
  const link = await invite(page, guest.email, "Member");
  expect(link).toMatch(/^\/invitation#/u);
  const invitations = page.getByRole("list", { name: "Invitations" });
  await expect(invitations.getByRole("listitem").filter({ hasText: guest.email })).toContainText("Pending");

  const other = await join(browser, guest, link);
  await expect(other.getByText(`You joined ${name}`)).toBeVisible();
  await expect(other.getByRole("button", { name: `Organization: ${name}` })).toBeVisible();
  await expect(other.getByRole("banner").getByRole("button", { name: "Upload" })).toBeVisible();

  await page.reload();
  await expect(invitations.getByRole("listitem").filter({ hasText: guest.email })).toContainText("Accepted");
  await page.getByRole("combobox", { name: `Role of ${guest.name}` }).selectOption("Viewer");
  await expect(page.getByText(`${guest.name} is now viewer`)).toBeVisible();
  await page.reload();
  await expect(page.getByRole("combobox", { name: `Role of ${guest.name}` })).toHaveValue("viewer");

  await page.getByRole("button", { name: `Actions for ${guest.name}` }).click();
  await page.getByRole("menuitem", { name: "Remove" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
  await expect(memberRow(page, guest.email)).toHaveCount(0);

  // Whoever was removed finds themselves in their own organization.
  await other.getByRole("link", { name: "Library" }).click();
  await expect(other.getByRole("button", { name: `Organization: ${guest.name}` })).toBeVisible();
  await expect(other.getByText(`You are no longer a member of ${name}`)).toBeVisible();
  await expect(other.getByRole("heading", { name: "Nothing here yet" })).toBeVisible();
  await other.context().close();
});

test("a change of role is undone for as long as its note is shown", async ({ page, browser }) => {
  const guest = person("Ana Lima");
  await signUp(page, newAccount());
  await createOrganization(page, newName());
  const other = await join(browser, guest, await invite(page, guest.email, "Viewer"));
  await other.context().close();
  await page.reload();
  const role = page.getByRole("combobox", { name: `Role of ${guest.name}` });
  await role.selectOption("Admin");
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(page.getByText(`${guest.name} is now viewer`)).toBeVisible();
  await page.reload();
  await expect(role).toHaveValue("viewer");
});

test("the last owner cannot leave, and can once another owns the organization", async ({ page, browser }) => {
  const account = newAccount();
  const name = newName();
  const guest = person("Ana Lima");
  await signUp(page, account);
  await createOrganization(page, name);
  const leave = async (): Promise<void> => {
    await page.getByRole("button", { name: `Actions for ${account.name}` }).click();
    await page.getByRole("menuitem", { name: "Leave" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Leave" }).click();
  };
  await leave();
  await expect(page.getByRole("dialog").getByRole("alert")).toContainText("needs an owner");
  await page.getByRole("dialog").getByRole("button", { name: "Cancel" }).click();

  const other = await join(browser, guest, await invite(page, guest.email, "Admin"));
  await other.context().close();
  await page.reload();
  await page.getByRole("button", { name: `Actions for ${guest.name}` }).click();
  await page.getByRole("menuitem", { name: "Transfer ownership" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Transfer" }).click();
  await expect(memberRow(page, account.email)).toContainText("Admin");
  await expect(memberRow(page, guest.email)).toContainText("Owner");
  await leave();
  await expect(page.getByText(`You left ${name}`)).toBeVisible();
  await expect(page.getByRole("button", { name: `Organization: ${account.name}` })).toBeVisible();
});

test("a viewer sees nothing that changes the organization or its recordings", async ({ page, browser }) => {
  const guest = person("Ana Lima");
  await signUp(page, newAccount());
  await createOrganization(page, newName());
  const viewer = await join(browser, guest, await invite(page, guest.email, "Viewer"));

  await expect(viewer.getByRole("heading", { name: "Nothing here yet" })).toBeVisible();
  await expect(viewer.getByRole("button", { name: "Upload" })).toHaveCount(0);
  await expect(viewer.getByRole("button", { name: "Choose files" })).toHaveCount(0);
  await viewer.keyboard.press("/");
  await viewer.getByRole("combobox", { name: "Find anything" }).fill("upload");
  await expect(viewer.getByText("Nothing found")).toBeVisible();
  await viewer.keyboard.press("Escape");

  await viewer.goto("/settings/members");
  await expect(memberRow(viewer, guest.email)).toBeVisible();
  await expect(viewer.getByRole("button", { name: "Invite" })).toHaveCount(0);
  await expect(viewer.getByRole("combobox", { name: /^Role of/u })).toHaveCount(0);
  await expect(viewer.getByRole("list", { name: "Invitations" })).toHaveCount(0);
  await expect(viewer.getByRole("button", { name: /^Actions for/u })).toHaveCount(1);
  await viewer.goto("/settings/organization");
  await expect(viewer.getByText("Your role")).toBeVisible();
  await expect(viewer.getByRole("textbox")).toHaveCount(0);
  await expect(viewer.getByRole("button", { name: "Delete organization" })).toHaveCount(0);

  const id = await addTranscript(page, "Weekly call");
  await viewer.goto("/library");
  await expect(viewer.getByRole("article").filter({ hasText: "Weekly call" })).toBeVisible();
  await expect(viewer.getByRole("button", { name: /^Actions for/u })).toHaveCount(0);
  await viewer.goto(`/videos/${id}?tab=details`);
  await expect(viewer.getByRole("heading", { name: "Weekly call" })).toBeVisible();
  const main = viewer.getByRole("main");
  await expect(main.getByText("Everyone in the organization")).toBeVisible();
  await expect(main.getByRole("button", { name: "Copy link" })).toBeVisible();
  await expect(main.getByRole("textbox")).toHaveCount(0);
  await expect(main.getByRole("combobox")).toHaveCount(0);
  await expect(main.getByRole("button", { name: /^(?:Rename|More)/u })).toHaveCount(0);

  const image = await addImage(page, "Harbour");
  await viewer.goto("/media");
  await expect(main.getByRole("link", { name: /still-photo\.heic/u })).toBeVisible();
  await expect(main.getByRole("link", { name: "Harbour, 1 file" })).toBeVisible();
  await expect(main.getByRole("checkbox")).toHaveCount(0);
  await expect(main.getByRole("button", { name: /^(?:New folder|Actions for)/u })).toHaveCount(0);
  await viewer.goto(`/files/${image}`);
  await expect(main.getByRole("figure").getByRole("img")).toBeVisible();
  await expect(main.getByRole("link", { name: "Download" })).toBeVisible();
  await expect(main.getByRole("region", { name: "Transform" })).toBeVisible();
  await expect(main.getByLabel("Metadata")).toHaveText("{}");
  await expect(main.getByLabel("Add a tag")).toHaveCount(0);
  await expect(main.getByRole("button", { name: /^(?:Move|Copy|Delete|Keep|Save|still-photo)$/u })).toHaveCount(0);
  await viewer.context().close();
});

test("an invitation brings a stranger back after signing up, and tells another account for whom it is", async ({ page, browser }) => {
  const name = newName();
  const guest = person("Ana Lima");
  await signUp(page, newAccount());
  await createOrganization(page, name);
  const link = await invite(page, guest.email, "Member");

  // The one who invited is signed in with another address.
  await page.goto(link);
  await expect(page.getByText(`It is for ${guest.email}.`)).toBeVisible();
  await expect(page.getByRole("button", { name: "Accept" })).toHaveCount(0);
  await expectAccessible(page);

  const other = await (await browser.newContext()).newPage();
  await other.goto(link);
  await expect(other.getByRole("heading", { name: `Join ${name}` })).toBeVisible();
  await expectAccessible(other);
  await other.getByRole("link", { name: "Create account" }).click();
  await expect(other).not.toHaveURL(/#/u);
  await other.getByLabel("Name").fill(guest.name);
  await other.getByLabel("E-mail").fill(guest.email.toUpperCase());
  await other.getByLabel("Password", { exact: true }).fill(guest.password);
  await other.getByRole("button", { name: "Create account" }).click();
  await other.getByRole("button", { name: "Accept" }).click();
  await expect(other.getByRole("button", { name: `Organization: ${name}` })).toBeVisible();
  await other.goto(link);
  await expect(other.getByRole("heading", { name: "You have already joined" })).toBeVisible();
  await other.context().close();
});

test("an invitation can be declined, renewed and revoked", async ({ page, browser }) => {
  const [first, second] = [newAccount(), newAccount()];
  await signUp(page, newAccount());
  await createOrganization(page, newName());
  const stranger = await (await browser.newContext()).newPage();
  await stranger.goto(await invite(page, first.email, "Member"));
  await stranger.getByRole("button", { name: "Decline" }).click();
  await expect(stranger.getByRole("heading", { name: "You declined the invitation" })).toBeVisible();

  const old = await invite(page, second.email, "Member");
  const invitations = page.getByRole("list", { name: "Invitations" });
  await expect(invitations.getByRole("listitem").filter({ hasText: first.email })).toContainText("Declined");
  await page.getByRole("button", { name: `Send ${second.email} a new link` }).click();
  const renewed = new URL(await page.getByRole("dialog").locator(".settings__secret").innerText());
  await page.getByRole("dialog").getByRole("button", { name: "Done" }).click();
  await stranger.goto(old);
  await expect(stranger.getByRole("heading", { name: "This invitation is not valid" })).toBeVisible();

  await page.getByRole("button", { name: `Revoke the invitation of ${second.email}` }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Revoke" }).click();
  await expect(invitations.getByRole("listitem").filter({ hasText: second.email })).toContainText("Revoked");
  await stranger.goto(renewed.pathname + renewed.hash);
  await expect(stranger.getByRole("heading", { name: "This invitation was revoked" })).toBeVisible();
  await stranger.context().close();
});

test("an admin is not offered to renew the invitation of an owner", async ({ page, browser }) => {
  await signUp(page, newAccount());
  await createOrganization(page, newName());
  const [owner, member, admin] = [newAccount(), newAccount(), person("Max Admin")];
  await invite(page, owner.email, "Owner");
  await invite(page, member.email, "Member");
  await expect(page.getByRole("button", { name: `Send ${owner.email} a new link` })).toBeVisible();
  const theirs = await join(browser, admin, await invite(page, admin.email, "Admin"));
  await theirs.goto("/settings/members");
  await expect(theirs.getByRole("button", { name: `Send ${member.email} a new link` })).toBeVisible();
  await expect(theirs.getByRole("button", { name: `Revoke the invitation of ${owner.email}` })).toBeVisible();
  await expect(theirs.getByRole("button", { name: `Send ${owner.email} a new link` })).toHaveCount(0);
  await theirs.context().close();
});

test("an organization is deleted by typing its short name, and restored", async ({ page }) => {
  const name = newName();
  await signUp(page, newAccount());
  await createOrganization(page, name);
  await page.goto("/settings/organization");
  const slug = await page.getByLabel("Short name").inputValue();
  await page.getByRole("button", { name: "Delete organization" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("textbox").fill("another");
  await expect(dialog.getByRole("button", { name: "Delete organization" })).toBeDisabled();
  await dialog.getByRole("textbox").fill(slug);
  await dialog.getByRole("button", { name: "Delete organization" }).click();
  await expect(page.getByRole("heading", { name: `“${name}” was deleted` }).first()).toBeVisible();

  await page.goto("/library");
  await expect(page.getByRole("heading", { name: `“${name}” was deleted` }).first()).toBeVisible();
  await expectAccessible(page);
  await page.getByRole("button", { name: "Restore it" }).click();
  await expect(page.getByRole("heading", { name: "Library" })).toBeVisible();
});

test("an owner says how large images may be, and a larger one is refused with the limit", async ({ page }) => {
  await signUp(page, newAccount());
  await page.goto("/settings/organization");
  const most = page.getByLabel("Largest image", { exact: true });
  await expect(most).toHaveValue("50");
  await most.fill("0.5");
  await expect(page.getByText("From 1 MiB to 50 MiB, as a number.")).toBeVisible();
  await expectAccessible(page);
  await most.fill("1");
  await most.press("Enter");
  await expect(page.getByText("Saved", { exact: true })).toBeVisible();
  await page.reload();
  await expect(most).toHaveValue("1");

  const chooser = page.waitForEvent("filechooser");
  await page.getByRole("banner").getByRole("button", { name: "Upload" }).click();
  await (await chooser).setFiles([{ name: "large.png", mimeType: "image/png", buffer: Buffer.alloc(1024 ** 2 + 1) }]);
  await expect(trayRow(page, "large.png")).toContainText("larger than 1 MiB");
});

test("devices are listed, one of them is signed out, then all others", async ({ page, browser }) => {
  const account = newAccount();
  await signUp(page, account);
  const device = async (userAgent: string): Promise<Page> => {
    const other = await (await browser.newContext({ userAgent })).newPage();
    await signIn(other, account);
    return other;
  };
  const phone = await device(
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1",
  );
  const laptop = await device("Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:143.0) Gecko/20100101 Firefox/143.0");

  await page.goto("/settings/security");
  const devices = page.getByRole("list", { name: "Devices" }).getByRole("listitem");
  await expect(devices).toHaveCount(3);
  await expect(devices.filter({ hasText: "This device" })).toContainText("Chrome on Linux");
  await page.getByRole("button", { name: "Sign out Safari on iPhone" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Sign out" }).click();
  await expect(devices).toHaveCount(2);
  await phone.goto("/library");
  await expect(phone).toHaveURL(/\/sign-in/u);
  await laptop.goto("/library");
  await expect(laptop).toHaveURL(/\/library/u);

  await page.getByRole("button", { name: "Sign out all other devices" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Sign out" }).click();
  await expect(devices).toHaveCount(1);
  await laptop.goto("/library");
  await expect(laptop).toHaveURL(/\/sign-in/u);
  await phone.context().close();
  await laptop.context().close();
});

test("the pages of an organization are accessible and look as they did, in light, dark and on a phone", async ({ page, browser }) => {
  test.setTimeout(180_000);
  const guest = person("Ana Maria de Albuquerque Lima");
  await signUp(page, newAccount());
  await createOrganization(page, "Field team");
  const joined = await invite(page, guest.email, "Admin");
  await (await join(browser, guest, joined)).context().close();
  const open = await invite(page, newAccount().email, "Viewer");
  const stranger = await (await browser.newContext()).newPage();
  const pages: [Page, string, string, string][] = [
    [page, "account", "/settings", ".settings__who"],
    [page, "security", "/settings/security", ".row"],
    [page, "organization", "/settings/organization", ".settings__form"],
    [page, "members", "/settings/members", ".row__role"],
    [stranger, "invitation", open, ".auth__choices"],
  ];
  await inEveryLook([page, stranger], async (look) => {
    for (const [tab, name, address, ready] of pages) {
      await tab.goto(address);
      await tab.locator(ready).first().waitFor();
      await keepLook(tab, `${name}-${look}`);
    }
  });
  await stranger.context().close();
});

test("an owner takes the organization along, and somebody else is not offered to", async ({ page, browser }) => {
  const name = newName();
  await signUp(page, newAccount());
  await createOrganization(page, name);
  await addTranscript(page, "About the budget");
  const guest = person("Max Admin");
  const member = await join(browser, guest, await invite(page, guest.email, "Admin"));
  await page.goto("/settings/organization");
  await expect(page.getByRole("heading", { name: "Take everything along" })).toBeVisible();
  await page.getByRole("button", { name: "Make an export" }).press("Enter");
  const row = page.getByRole("list", { name: "Take everything along" }).getByRole("listitem");
  await expect(row).toContainText("Ready", { timeout: 60_000 });
  await expect(row).toContainText("asked for by");
  await expectAccessible(page);
  const download = page.waitForEvent("download");
  await row.getByRole("button", { name: /^Download/u }).click();
  expect((await download).suggestedFilename()).toBe("memoreel-organization.zip");
  await row.getByRole("button", { name: /^Delete/u }).click();
  await page.getByRole("dialog", { name: /^Remove “Export of/u }).getByRole("button", { name: "Remove" }).click();
  await expect(page.getByText("No exports yet")).toBeVisible();

  await member.goto("/settings/organization");
  await expect(member.getByRole("heading", { name })).toBeVisible();
  await expect(member.getByRole("heading", { name: "Take everything along" })).toHaveCount(0);
});
