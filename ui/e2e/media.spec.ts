import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, type Locator, type Page } from "@playwright/test";
import { dropImages, file, files, makeFolder, places, toast } from "./files";
import { chooseFiles, expectAccessible, inEveryLook, keepLook, newAccount, sample, signUp, test, trayRow, widthOf } from "./helpers";

test("a file is imported from a link, and a link that leads nowhere says so", async ({ page }) => {
  // The server of these tests may fetch from this machine.
  const photo = readFileSync(sample("still-photo.heic"));
  const elsewhere = createServer((request, response) => {
    const known = request.url?.startsWith("/harbour.heic") === true;
    response.writeHead(known ? 200 : 404, { "Content-Type": "application/octet-stream" });
    response.end(known ? photo : undefined);
  });
  await new Promise<void>((resolve) => elsewhere.listen(0, "127.0.0.1", resolve));
  const at = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}`;
  await signUp(page, newAccount());
  await page.goto("/media");

  await page.getByRole("button", { name: "Import from a link" }).click();
  const dialog = page.getByRole("dialog", { name: "Import from a link" });
  await dialog.getByLabel("Link to the file").fill("https://169.254.169.254/harbour.heic");
  await dialog.getByRole("button", { name: "Import" }).click();
  await expect(dialog.getByLabel("Link to the file")).toHaveAttribute("aria-invalid", "true");
  await expectAccessible(page);

  await dialog.getByLabel("Link to the file").fill(`${at}/harbour.heic?signature=1`);
  await expect(dialog.getByLabel("It becomes")).toHaveValue("image");
  await dialog.getByRole("button", { name: "Import" }).click();
  await expect(dialog).toBeHidden();
  await expect(trayRow(page, "harbour.heic")).toContainText("Ready");
  await expect(file(page, "harbour.heic")).toBeVisible();

  await page.keyboard.press("ControlOrMeta+k");
  await page.getByRole("combobox", { name: "Find anything" }).fill("import");
  await page.getByRole("option", { name: "Import from a link" }).click();
  await dialog.getByLabel("Link to the file").fill(`${at}/nothing.png`);
  await dialog.getByLabel("Link to the file").press("Enter");
  await expect(trayRow(page, "nothing.png")).toContainText("404");
  elsewhere.close();
});

test("files are dropped into a folder, moved, copied, deleted and taken back", async ({ page }) => {
  await signUp(page, newAccount());
  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Media" }).click();
  await expect(page.getByRole("heading", { name: "No files yet" })).toBeVisible();
  await expectAccessible(page);

  await makeFolder(page, "Harbour");
  await makeFolder(page, "Boats");
  // Two beside each other cannot have one name.
  await places(page).getByRole("button", { name: "New folder" }).click();
  await page.getByRole("dialog").getByLabel("Name").fill("harbour");
  await page.getByRole("dialog").getByRole("button", { name: "Create" }).click();
  await expect(page.getByRole("dialog").getByLabel("Name")).toHaveAttribute("aria-invalid", "true");
  await page.keyboard.press("Escape");

  await places(page).getByRole("link", { name: /^Harbour/u }).click();
  await expect(page).toHaveURL(/folder=/u);
  // What comes from elsewhere says where it goes.
  await page.getByRole("button", { name: "Import from a link" }).click();
  await expect(page.getByRole("dialog")).toContainText("It goes into the folder “Harbour”.");
  await page.keyboard.press("Escape");
  await page.evaluate(() => {
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File(["a"], "quay.png"));
    for (const type of ["dragenter", "dragleave", "dragenter"]) document.body.dispatchEvent(new DragEvent(type, { dataTransfer, bubbles: true }));
  });
  await expect(page.getByText("Drop to upload into “Harbour”")).toBeVisible();
  await dropImages(page, ["quay.png", "crane.png", "gull.png"]);
  await expect(page.getByText("Drop to upload into “Harbour”")).toHaveCount(0);
  await expect(files(page)).toHaveCount(3);
  await expect(places(page).getByRole("link", { name: "Harbour, 3 files" })).toBeVisible();
  await expect.poll(() => widthOf(file(page, "quay.png").locator("img"))).toBeGreaterThan(0);

  // One is dragged onto a folder, back, and there again.
  const toBoats = async (): Promise<void> => {
    await file(page, "gull.png").getByRole("link").dragTo(places(page).getByRole("link", { name: /^Boats/u }));
    await expect(toast(page, "1 file moved to Boats")).toBeVisible();
    await expect(files(page)).toHaveCount(2);
  };
  await toBoats();
  await toast(page, "1 file moved to Boats").getByRole("button", { name: "Undo" }).click();
  await expect(toast(page, "1 file moved back")).toBeVisible();
  await expect(files(page)).toHaveCount(3);
  await toBoats();
  await expect(places(page).getByRole("link", { name: "Boats, 1 file" })).toBeVisible();

  // Several are chosen with Shift and moved by the bar.
  await page.getByRole("checkbox", { name: "Select crane.png" }).check();
  await file(page, "quay.png").getByRole("link").click({ modifiers: ["Shift"] });
  const bar = page.getByRole("toolbar", { name: "What to do with the selection" });
  await expect(bar).toContainText("2 files selected");
  await expectAccessible(page);
  await bar.getByRole("button", { name: "Copy" }).click();
  await page.getByRole("dialog").getByLabel("To").selectOption("Boats");
  await page.getByRole("dialog").getByRole("button", { name: "Copy" }).click();
  await expect(page.getByText("2 files copied to Boats")).toBeVisible();
  await expect(places(page).getByRole("link", { name: "Boats, 3 files" })).toBeVisible();

  // By keyboard alone: all are chosen, deleted, and undone.
  await files(page).first().getByRole("link").focus();
  await page.keyboard.press("ArrowRight");
  await expect(files(page).nth(1).getByRole("link")).toBeFocused();
  await page.keyboard.press("Control+a");
  await expect(bar).toContainText("2 files selected");
  await page.keyboard.press("Delete");
  await expect(page.getByRole("heading", { name: "This folder is empty" })).toBeVisible();
  await toast(page, "2 files deleted").getByRole("button", { name: "Undo" }).click();
  await expect(files(page)).toHaveCount(2);

  // What is deleted lies in the bin, and goes from there for good.
  await page.getByRole("checkbox", { name: "Select quay.png" }).check();
  await bar.getByRole("button", { name: "Delete" }).click();
  await expect(files(page)).toHaveCount(1);
  await expect(files(page).first().getByRole("link")).toBeFocused();
  await places(page).getByRole("link", { name: "Bin" }).click();
  await expect(files(page)).toHaveCount(1);
  await expectAccessible(page);
  // Until when is told in every view, also on a phone.
  await page.setViewportSize({ width: 375, height: 760 });
  await page.getByRole("button", { name: "List", exact: true }).click();
  await expect(files(page).getByText(/^Until /u)).toBeVisible();
  await page.getByRole("button", { name: "Grid", exact: true }).click();
  const until = files(page).getByText(/^Until /u);
  await expect(until).toBeVisible();
  expect(await until.evaluate((element) => element.scrollWidth - element.clientWidth), "the whole date is there").toBe(0);
  await page.setViewportSize({ width: 1440, height: 900 });
  await page.getByRole("checkbox", { name: "Select quay.png" }).check();
  await bar.getByRole("button", { name: "Restore" }).click();
  await expect(page.getByRole("heading", { name: "The bin is empty" })).toBeVisible();
  await places(page).getByRole("link", { name: "Harbour, 2 files" }).click();
  await page.getByRole("checkbox", { name: "Select quay.png" }).check();
  await bar.getByRole("button", { name: "Delete" }).click();
  await places(page).getByRole("link", { name: "Bin" }).click();
  await page.getByRole("checkbox", { name: "Select quay.png" }).check();
  await bar.getByRole("button", { name: "Delete for good" }).click();
  const asked = page.getByRole("dialog", { name: "Delete “quay.png” for good?" });
  await asked.getByRole("button", { name: "Delete for good" }).click();
  await expect(page.getByText("1 file deleted for good")).toBeVisible();
  await expect(page.getByRole("heading", { name: "The bin is empty" })).toBeVisible();
});

test("the bin is emptied at once, and says of how many files", async ({ page }) => {
  await signUp(page, newAccount());
  await page.goto("/media");
  await dropImages(page, ["quay.png", "crane.png", "boat.png"]);
  await places(page).getByRole("link", { name: "Bin" }).click();
  await expect(page.getByRole("heading", { name: "The bin is empty" })).toBeVisible();
  await expect(page.getByRole("button", { name: "Empty the bin" })).toHaveCount(0);
  await places(page).getByRole("link", { name: "All files" }).click();
  for (const name of ["quay.png", "crane.png"]) await page.getByRole("checkbox", { name: `Select ${name}` }).check();
  await page.getByRole("toolbar", { name: "What to do with the selection" }).getByRole("button", { name: "Delete" }).click();
  await places(page).getByRole("link", { name: "Bin" }).click();
  await expect(files(page)).toHaveCount(2);
  // What is looked for is not all there is.
  await page.getByLabel("Find by name").fill("quay");
  await expect(files(page)).toHaveCount(1);
  await expect(page.getByRole("button", { name: "Empty the bin" })).toHaveCount(0);
  await page.getByRole("button", { name: "Clear filters" }).click();
  await page.getByRole("button", { name: "Empty the bin" }).click();
  const asked = page.getByRole("dialog", { name: "Delete 2 files for good?" });
  await expectAccessible(page);
  await asked.getByRole("button", { name: "Cancel" }).click();
  await expect(files(page)).toHaveCount(2);
  await page.getByRole("button", { name: "Empty the bin" }).click();
  await asked.getByRole("button", { name: "Delete for good" }).click();
  await expect(page.getByText("2 files deleted for good")).toBeVisible();
  await expect(page.getByRole("heading", { name: "The bin is empty" })).toBeVisible();
  await places(page).getByRole("link", { name: "All files" }).click();
  await expect(files(page)).toHaveCount(1);
});

test("a file whose folder is deleted while it waits is kept all the same", async ({ page }) => {
  await signUp(page, newAccount());
  await page.goto("/media");
  await makeFolder(page, "Harbour");
  await places(page).getByRole("link", { name: /^Harbour/u }).click();
  await expect(page).toHaveURL(/folder=/u);
  const folder = new URL(page.url()).searchParams.get("folder");
  await page.route(
    "**/api/v1/uploads",
    async (route) => {
      const deleted = await page.request.delete(`/api/v1/folders/${folder}`, { headers: { "X-Memoreel-Request": "1" } });
      expect(deleted.ok(), await deleted.text()).toBe(true);
      await route.continue();
    },
    { times: 1 },
  );
  await dropImages(page, ["quay.png"]);
  await expect(page.getByText("The folder for “quay.png” was deleted.")).toBeVisible();
  await page.goto("/media");
  await expect(file(page, "quay.png")).toBeVisible();
  await expect(places(page).getByRole("link", { name: /^Harbour/u })).toHaveCount(0);
});

test("folders are renamed, moved and deleted, and what is looked for stands in the address", async ({ page }) => {
  await signUp(page, newAccount());
  await page.goto("/media");
  await makeFolder(page, "Harbour");
  await makeFolder(page, "Boats");
  const act = async (folder: string, action: string): Promise<void> => {
    await places(page).getByRole("button", { name: `Actions for the folder ${folder}` }).click();
    await page.getByRole("menuitem", { name: action }).click();
  };
  await act("Boats", "Rename");
  await page.getByRole("dialog").getByLabel("Name").fill("Ships");
  await page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
  await act("Ships", "Move");
  await page.getByRole("dialog").getByLabel("To").selectOption("Harbour");
  await page.getByRole("dialog").getByRole("button", { name: "Move" }).click();
  await places(page).getByRole("button", { name: "Hide what is in Harbour" }).click();
  await expect(places(page).getByRole("link", { name: /^Ships/u })).toHaveCount(0);
  await places(page).getByRole("button", { name: "Show what is in Harbour" }).click();
  await places(page).getByRole("link", { name: /^Ships/u }).click();
  await expect(page.getByRole("navigation", { name: "Where you are" })).toHaveText("All filesHarbourShips");
  // A folder shows those that lie in it, and a new one lies in the one that is open.
  await makeFolder(page, "Barges");
  await places(page).getByRole("link", { name: /^Harbour/u }).click();
  await expect(page.getByRole("heading", { name: "Only folders here" })).toBeVisible();
  await page.getByRole("list", { name: "Folders in Harbour" }).getByRole("link", { name: /^Ships/u }).click();
  await expect(page.getByRole("list", { name: "Folders in Ships" }).getByRole("link", { name: /^Barges/u })).toBeVisible();
  await act("Barges", "Delete");
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await expect(page.getByRole("list", { name: "Folders in Ships" })).toHaveCount(0);

  await dropImages(page, ["quay.png", "crane.png"]);
  await chooseFiles(page, [sample("sonnet.mp3")]);
  await expect(file(page, "sonnet.mp3")).toBeVisible();
  await page.getByLabel("Find by name").fill("QUAY");
  await expect(files(page)).toHaveCount(1);
  await expect(page).toHaveURL(/q=QUAY/u);
  await page.reload();
  await expect(files(page)).toHaveCount(1);
  await page.getByLabel("Find by name").fill("nothing like it");
  await expect(page.getByRole("heading", { name: "No file matches" })).toBeVisible();
  await page.locator(".empty").getByRole("button", { name: "Clear filters" }).click();
  await page.getByLabel("Kind").selectOption("Images");
  await expect(files(page)).toHaveCount(2);
  await page.getByRole("button", { name: "List", exact: true }).click();
  await page.reload();
  await expect(page.getByRole("button", { name: "List", exact: true })).toHaveAttribute("aria-pressed", "true");
  await expect(files(page)).toHaveCount(2);
  await expectAccessible(page);

  await act("Ships", "Delete");
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await expect(page.getByRole("dialog").getByRole("alert")).toContainText("Move or delete what is in it first.");
  await page.keyboard.press("Escape");
});

test("files are sorted beside the filters and by what stands over the list, and stay so from place to place", async ({ page }) => {
  await signUp(page, newAccount());
  await page.goto("/media");
  await makeFolder(page, "Harbour");
  for (const name of ["quay.png", "Boat.png"]) await dropImages(page, [name]);
  await chooseFiles(page, [sample("sonnet.mp3")]);
  const names = page.getByRole("list", { name: "Files" }).locator(".asset__name");
  await expect(names).toHaveText(["sonnet.mp3", "Boat.png", "quay.png"]);
  const { items } = (await (await page.request.get("/api/v1/assets")).json()) as { items: { filename: string; size_bytes: number }[] };
  const largest = items.toSorted((one, other) => other.size_bytes - one.size_bytes).map((file) => file.filename);

  const sort = page.getByRole("combobox", { name: "Sort" });
  await sort.selectOption("Name");
  await expect(names).toHaveText(["Boat.png", "quay.png", "sonnet.mp3"]);
  await expect(page).toHaveURL(/sort=filename/u);
  await page.reload();
  await expect(names).toHaveText(["Boat.png", "quay.png", "sonnet.mp3"]);

  await page.getByRole("button", { name: "List", exact: true }).click();
  const columns = page.getByRole("group", { name: "Columns" });
  const column = (name: string): Locator => columns.getByRole("button", { name });
  await expect(column("Name")).toHaveAttribute("aria-pressed", "true");
  await column("Size").click();
  await expect(names).toHaveText(largest);
  await expect(column("Name")).toHaveAttribute("aria-pressed", "false");
  await expect(sort).toHaveValue("largest");
  await expectAccessible(page);
  // By keyboard, which stays where it is.
  await column("Added").focus();
  await page.keyboard.press("Enter");
  await expect(names).toHaveText(["sonnet.mp3", "Boat.png", "quay.png"]);
  await expect(page).not.toHaveURL(/sort=/u);
  await page.keyboard.press("Enter");
  await expect(names).toHaveText(["quay.png", "Boat.png", "sonnet.mp3"]);
  await expect(column("Added Oldest first")).toBeFocused();

  // What is looked for is cleared; the order goes along into folders and the bin.
  await page.getByLabel("Find by name").fill("quay");
  await expect(names).toHaveText(["quay.png"]);
  await page.getByRole("button", { name: "Clear filters" }).click();
  await expect(names).toHaveText(["quay.png", "Boat.png", "sonnet.mp3"]);
  for (const place of [/^Harbour/u, "Bin", "All files"]) {
    await places(page).getByRole("link", { name: place }).click();
    await expect(sort).toHaveValue("oldest");
  }
  await page.setViewportSize({ width: 375, height: 760 });
  await expect(columns).toBeHidden();
  await sort.selectOption("Largest first");
  await expect(names).toHaveText(largest);
});

/** Copies the one file there is until there are so many, each with a name that says when it came. */
async function copyUntil(page: Page, count: number): Promise<void> {
  const headers = { "X-Memoreel-Request": "1" };
  const { items } = (await (await page.request.get("/api/v1/assets")).json()) as { items: { id: string }[] };
  const ids = [items[0]?.id ?? ""];
  while (ids.length < count) {
    const some = ids.slice(0, Math.min(50, count - ids.length));
    const copied = await page.request.post("/api/v1/assets/batch", { headers, data: { action: "copy", ids: some } });
    expect(copied.ok(), await copied.text()).toBe(true);
    ids.push(...((await copied.json()) as { items: { copy_id: string }[] }).items.map((item) => item.copy_id));
  }
}

/** Where in the whole list what has the focus stands. */
function focusedPlace(page: Page): Promise<number> {
  return page.evaluate(() => Number(document.activeElement?.closest("li")?.getAttribute("aria-posinset") ?? 0));
}

test("a list of many files reads on by itself, and holds only what is in view", async ({ page }) => {
  test.setTimeout(180_000);
  await signUp(page, newAccount());
  await page.goto("/media");
  await dropImages(page, ["quay.png"]);
  await expect(files(page)).toHaveCount(1);
  await copyUntil(page, 230);
  const main = page.getByRole("main");
  const scrolled = (): Promise<number> => main.evaluate((element) => element.scrollTop);
  for (const view of ["Grid", "List"]) {
    await page.goto("/media");
    await page.getByRole("button", { name: view, exact: true }).click();
    await expect(files(page).first()).toHaveAttribute("aria-posinset", "1");
    await expect(files(page).first()).toHaveAttribute("aria-setsize", "-1");
    // Scrolled to the end, it reads on until there is no more.
    await expect(async () => {
      await main.evaluate((element) => element.scrollTo(0, element.scrollHeight));
      await expect(files(page).last()).toHaveAttribute("aria-posinset", "230", { timeout: 500 });
    }).toPass({ timeout: 30_000 });
    await expect(files(page).last()).toHaveAttribute("aria-setsize", "230");
    await expect(page.getByRole("button", { name: "Show more" })).toHaveCount(0);
    expect(await files(page).count(), `${view} holds what is in view`).toBeLessThan(90);

    // Whoever comes back is where they were.
    const before = await scrolled();
    expect(before).toBeGreaterThan(1000);
    await files(page).last().getByRole("link").click();
    await expect(page).toHaveURL(/\/files\//u);
    await page.getByRole("heading", { name: "Details" }).waitFor();
    await page.goBack();
    await expect(files(page).last()).toHaveAttribute("aria-posinset", "230");
    await expect.poll(scrolled).toBeGreaterThan(before - 4);
    await expect(files(page).last()).toBeInViewport();

    // Keys go through all of it, and what has the focus keeps it when it is scrolled away.
    await files(page).last().getByRole("link").focus();
    await page.keyboard.press("Home");
    await expect.poll(() => focusedPlace(page)).toBe(1);
    await expect(page.locator(":focus")).toBeInViewport();
    for (let step = 0; step < 30; step += 1) await page.keyboard.press("ArrowDown");
    const after = await focusedPlace(page);
    expect(after, "thirty rows on").toBeGreaterThan(30);
    await expect(page.locator(":focus")).toBeInViewport();
    await main.evaluate((element) => element.scrollTo(0, 0));
    await expect(files(page).first()).toHaveAttribute("aria-posinset", "1");
    expect(await focusedPlace(page)).toBe(after);
    await page.keyboard.press("ArrowUp");
    expect(await focusedPlace(page)).toBeLessThan(after);
    await expect(page.locator(":focus")).toBeInViewport();

    // A stretch from one end to the other; nothing moves when the bar comes.
    const bar = page.getByRole("toolbar", { name: "What to do with the selection" });
    await page.keyboard.press("Home");
    const top = await files(page).first().evaluate((element) => element.getBoundingClientRect().top);
    await page.keyboard.press("Space");
    await expect(bar).toContainText("1 file selected");
    expect(await files(page).first().evaluate((element) => element.getBoundingClientRect().top)).toBe(top);
    await page.keyboard.press("Shift+End");
    await expect(bar).toContainText("230 files selected");
    await expectAccessible(page);
    await page.keyboard.press("Escape");
    await expect(bar).toHaveCount(0);
  }

  // All are chosen before all are read, more than one request takes are deleted at once, and come back at once.
  await page.reload();
  await files(page).first().getByRole("link").focus();
  await page.keyboard.press("Control+a");
  await expect(page.getByRole("toolbar", { name: "What to do with the selection" })).toContainText("230 files selected");
  await page.keyboard.press("Delete");
  await expect(page.getByText("230 files deleted")).toBeVisible();
  await expect(page.getByRole("heading", { name: "No files yet" })).toBeVisible();
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(page.getByText("230 files restored")).toBeVisible();
  await expect(files(page).first()).toBeVisible();

  // Where one was deleted, the next has the focus.
  await files(page).nth(2).getByRole("link").focus();
  await page.keyboard.press("Space");
  await page.keyboard.press("Delete");
  await expect(page.getByText("1 file deleted")).toBeVisible();
  await expect.poll(() => focusedPlace(page)).toBe(3);
});

test("a server that is away is told of once", async ({ page }) => {
  await signUp(page, newAccount());
  await page.route(/\/api\/v1\/(assets|folders)/u, (route) => route.abort());
  await page.goto("/media");
  await expect(page.getByRole("alert")).toHaveCount(1);
  await page.waitForTimeout(1000);
  await expect(page.getByRole("alert")).toHaveCount(1);
  await page.unroute(/\/api\/v1\/(assets|folders)/u);
  await page.getByRole("alert").getByRole("button", { name: "Try again" }).click();
  await expect(page.getByRole("alert")).toHaveCount(0);
});

test("the media browser looks as it did, in light, dark and on a phone", async ({ page }) => {
  test.setTimeout(180_000);
  await signUp(page, newAccount());
  await page.goto("/media");
  await makeFolder(page, "Harbour");
  await chooseFiles(page, [sample("still-photo.heic"), sample("sonnet.mp3")]);
  await expect(trayRow(page, "still-photo.heic")).toContainText("Ready");
  await dropImages(page, ["quay.png", "crane.png", "gull over the old harbour at noon.png"]);
  await expect(files(page)).toHaveCount(5);
  await inEveryLook([page], async (look) => {
    for (const view of ["Grid", "List"]) {
      await page.goto("/media");
      await page.getByRole("button", { name: view, exact: true }).click();
      await page.getByRole("checkbox", { name: "Select crane.png" }).check();
      await keepLook(page, `media-${view.toLowerCase()}-${look}`);
    }
  });
});
