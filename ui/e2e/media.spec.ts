import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, type Locator, type Page } from "@playwright/test";
import { chooseFiles, expectAccessible, inEveryLook, keepLook, newAccount, PROCESSING_MS, sample, signUp, test, trayRow, widthOf } from "./helpers";

const files = (page: Page): Locator => page.getByRole("list", { name: "Files" }).getByRole("listitem");
const file = (page: Page, name: string): Locator => files(page).filter({ hasText: name });
const toast = (page: Page, text: string): Locator => page.locator(".toast").filter({ hasText: text });
const places = (page: Page): Locator => page.getByRole("navigation", { name: "Folders" });

/** Draws images in the browser and drops them on the window, as from the desktop. */
async function dropImages(page: Page, names: readonly string[]): Promise<void> {
  // Nothing takes them before the frame of the app is there.
  await expect(page.getByRole("banner").getByRole("button", { name: "Upload" })).toBeVisible();
  await page.evaluate(async (names) => {
    const transfer = new DataTransfer();
    for (const [index, name] of names.entries()) {
      const canvas = document.createElement("canvas");
      [canvas.width, canvas.height] = [640, 480];
      const pen = canvas.getContext("2d");
      if (!pen) throw new Error("there is no canvas");
      const sky = pen.createLinearGradient(0, 0, 640, 480);
      sky.addColorStop(0, `hsl(${index * 70 + 20} 70% 60%)`);
      sky.addColorStop(1, `hsl(${index * 70 + 120} 60% 30%)`);
      pen.fillStyle = sky;
      pen.fillRect(0, 0, 640, 480);
      pen.fillStyle = "white";
      pen.fillRect(80 + index * 40, 120, 160, 160);
      const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, "image/png"));
      transfer.items.add(new File([blob ?? ""], name, { type: "image/png" }));
    }
    for (const type of ["dragenter", "dragover", "drop"]) {
      document.body.dispatchEvent(new DragEvent(type, { dataTransfer: transfer, bubbles: true, cancelable: true }));
    }
  }, names);
  for (const name of names) await expect(trayRow(page, name)).toContainText("Ready");
  await page.getByRole("button", { name: "Clear finished" }).click();
}

async function makeFolder(page: Page, name: string): Promise<void> {
  await places(page).getByRole("button", { name: "New folder" }).click();
  await page.getByRole("dialog").getByLabel("Name").fill(name);
  await page.getByRole("dialog").getByRole("button", { name: "Create" }).click();
  await expect(places(page).getByRole("link", { name: new RegExp(`^${name},`, "u") })).toBeVisible();
}

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

test("the page of a file shows it, and takes its name, tags and metadata", async ({ page }) => {
  await signUp(page, newAccount());
  await page.goto("/media");
  await makeFolder(page, "Harbour");
  await dropImages(page, ["quay.png"]);
  await file(page, "quay.png").getByRole("link").click();
  await expect(page).toHaveURL(/\/files\//u);
  // The address is a page of its own.
  await page.reload();
  const preview = page.getByRole("figure").getByRole("img", { name: "quay.png" });
  await expect.poll(() => widthOf(preview)).toBeGreaterThan(0);
  await expect(page.getByText("640 × 480 pixels").first()).toBeVisible();
  await expect(page.getByText(/^[0-9a-f]{64}$/u)).toBeVisible();
  await expectAccessible(page);

  await page.getByRole("button", { name: "quay.png" }).click();
  await page.getByLabel("Name", { exact: true }).fill("the quay.png");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("the quay.png");

  await page.getByLabel("Add a tag").fill("Evening");
  await page.keyboard.press("Enter");
  const tags = page.getByRole("list", { name: "Tags" });
  await expect(tags).toHaveText("evening");
  await page.getByLabel("Add a tag").fill("north");
  await page.keyboard.press("Enter");
  await expect(tags.getByRole("listitem")).toHaveCount(2);
  await tags.getByRole("button", { name: "Remove the tag north" }).click();
  await expect(tags.getByRole("listitem")).toHaveCount(1);

  const metadata = page.getByLabel("Metadata");
  await metadata.fill("[1]");
  await expect(metadata).toHaveAttribute("aria-invalid", "true");
  await expect(page.getByRole("button", { name: "Save", exact: true })).toBeDisabled();
  await metadata.fill('{"project": "Harbour"}');
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await expect(page.getByText("Saved", { exact: true })).toBeVisible();

  await page.getByRole("button", { name: "Keep for a day" }).click();
  await page.getByRole("button", { name: "Keep for good" }).click();
  await expect(page.getByRole("button", { name: "Keep for a day" })).toBeVisible();
  await page.getByRole("button", { name: "Move", exact: true }).click();
  await page.getByRole("dialog").getByLabel("To").selectOption("Harbour");
  await page.getByRole("dialog").getByRole("button", { name: "Move" }).click();
  await expect(page.getByRole("main").getByRole("link", { name: "Harbour" })).toBeVisible();
  const download = page.waitForEvent("download");
  await page.getByRole("link", { name: "Download" }).click();
  expect((await download).suggestedFilename()).toBe("the quay.png");

  await page.reload();
  await expect(page.getByLabel("Metadata")).toHaveValue('{\n  "project": "Harbour"\n}');
  await tags.getByRole("link", { name: "evening" }).click();
  await expect(page).toHaveURL(/tag=evening/u);
  await expect(files(page)).toHaveCount(1);
  await file(page, "the quay.png").getByRole("link").click();
  await page.getByRole("button", { name: "Delete", exact: true }).click();
  await expect(page).toHaveURL(/\/media\?folder=/u);
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(file(page, "the quay.png")).toBeVisible();

  await page.goto("/files/00000000-0000-7000-8000-000000000000");
  await expect(page.getByRole("heading", { name: "There is no such file" })).toBeVisible();
});

test("the page of a file has its heading while it is read, and nothing moves when it is there", async ({ page }) => {
  await signUp(page, newAccount());
  await page.goto("/media");
  await dropImages(page, ["quay.png"]);
  await file(page, "quay.png").getByRole("link").click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("quay.png");
  const heading = page.getByRole("heading", { level: 1 });
  const top = (): Promise<number | undefined> => page.locator(".file__columns").evaluate((element) => element.getBoundingClientRect().top);
  for (const [width, height] of [[1440, 900], [375, 760]] as const) {
    await page.setViewportSize({ width, height });
    let letGo = (): void => undefined;
    const held = new Promise<void>((resolve) => (letGo = resolve));
    await page.route(/\/api\/v1\/assets\/[^/]+$/u, async (route) => {
      await held;
      await route.continue();
    });
    await page.reload();
    await expect(heading).toHaveText("File");
    if (width === 375) await expectAccessible(page);
    const before = { heading: await heading.boundingBox(), columns: await top() };
    letGo();
    await expect(heading).toHaveText("quay.png");
    expect({ heading: await heading.boundingBox(), columns: await top() }, `at ${width} pixels`).toEqual(before);
    await page.unrouteAll({ behavior: "wait" });
  }
});

test("on a phone what an image is comes before what can be made of it", async ({ page }) => {
  await signUp(page, newAccount());
  await page.goto("/media");
  await dropImages(page, ["quay.png"]);
  await page.setViewportSize({ width: 375, height: 760 });
  await file(page, "quay.png").getByRole("link").click();
  await page.getByRole("heading", { name: "Transform" }).waitFor();
  const parts = await page
    .getByRole("main")
    .getByRole("heading", { level: 2 })
    .evaluateAll((headings) => headings.map((one) => ({ name: one.textContent, top: one.getBoundingClientRect().top })));
  expect(parts.at(0)?.name).toBe("Description");
  expect(parts.at(-1)?.name).toBe("Transform");
  // Keys and screen readers go through them as the eye does.
  expect(parts).toEqual([...parts].sort((one, other) => one.top - other.top));
});

test("what can be made of an image is tried, kept as a preset, and copied for a page", async ({ page }) => {
  await signUp(page, newAccount());
  await page.goto("/media");
  await dropImages(page, ["quay.png"]);
  await file(page, "quay.png").getByRole("link").click();
  const play = page.getByRole("region", { name: "Transform" });
  const result = play.getByRole("img", { name: "Result: quay.png" });
  const size = (): Promise<number[]> =>
    result.evaluate((image: HTMLImageElement) => [image.naturalWidth, image.naturalHeight]);
  const code = (name: string): Locator => play.getByRole("region", { name, exact: true });
  await expect(play.getByRole("status")).toHaveText("640 × 480 pixels");
  const before = await result.getAttribute("src");

  await play.getByLabel("Width").fill("300");
  await play.getByLabel("Height").fill("300");
  await play.getByLabel("Fit").selectOption("Cut to the box (crop)");
  await play.getByLabel("Focus").selectOption("Left");
  await play.getByLabel("Format").selectOption("WebP");
  await play.getByLabel("Blur").fill("2.5");
  await play.getByLabel("Rotate").selectOption("90°");
  await expect(code("Options")).toHaveText("w=300,h=300,fit=crop,focus=left,rotate=90,blur=2.5,format=webp");
  await expect(play.getByRole("status")).toHaveText("300 × 300 pixels");
  await expect.poll(size).toEqual([300, 300]);
  expect(await result.getAttribute("src")).not.toBe(before);
  const answer = await page.request.get((await result.getAttribute("src")) ?? "");
  expect(answer.headers()["content-type"]).toBe("image/webp");

  await expect(code("For a page")).toContainText("300w");
  await expect(code("For a page")).toContainText('width="300" height="300"');
  await expect(code("Signed address")).toHaveText(/^http:\/\/[^ ]+\/i\//u);

  // What cannot be is told at its field, and the last picture that could be stays.
  const good = (await result.getAttribute("src")) ?? "";
  await play.getByLabel("Width").fill("9000");
  await expect(play.getByLabel("Width")).toHaveAttribute("aria-invalid", "true");
  await expect(play.getByText("A whole number of 1 to 8192.")).toBeVisible();
  await expect(play.getByRole("status")).toHaveText(/^The last picture that could be made/u);
  await page.waitForTimeout(700);
  await expect(result).toHaveAttribute("src", good);
  await expect(code("Options")).toContainText("w=300,");
  await expectAccessible(page);
  await play.getByLabel("Width").fill("300");
  await expect(play.getByRole("status")).toHaveText("300 × 300 pixels");
  await play.getByLabel("Blur").fill("");

  await play.getByRole("button", { name: "Save as preset" }).click();
  await page.getByRole("dialog").getByLabel("Name").fill("square");
  await page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("Saved as p=square")).toBeVisible();
  await play.getByRole("button", { name: "Start over" }).click();
  await expect(code("Options")).toHaveText("w=640");
  await play.getByLabel("Preset").selectOption({ value: "square" });
  await expect(code("Options")).toHaveText("p=square");
  await expect.poll(size).toEqual([300, 300]);
});

test("the page of a file looks as it did, in light, dark and on a phone", async ({ page }) => {
  test.setTimeout(120_000 + PROCESSING_MS);
  await signUp(page, newAccount());
  await page.goto("/media");
  const shownFiles = ["still-photo.heic", "two-voices.wav", "video-call.mp4"];
  await chooseFiles(page, shownFiles.map(sample));
  for (const name of shownFiles) await expect(trayRow(page, name)).toContainText("Ready", { timeout: PROCESSING_MS });
  await page.getByRole("button", { name: "Clear finished" }).click();
  // A video has its poster, here and on its page.
  await page.reload();
  await expect.poll(() => widthOf(file(page, "video-call.mp4").locator("img"))).toBeGreaterThan(0);
  const addresses: [string, string][] = [];
  for (const [name, shown] of [["file-image", "still-photo.heic"], ["file-audio", "two-voices.wav"], ["file-video", "video-call.mp4"]] as const) {
    await page.goto("/media");
    await file(page, shown).getByRole("link").click();
    await expect(page.getByRole("heading", { level: 1 })).toHaveText(shown);
    addresses.push([name, page.url()]);
  }
  await inEveryLook([page], async (look) => {
    for (const [name, address] of addresses) {
      await page.goto(address);
      await page.getByRole("heading", { name: "Details" }).waitFor();
      await page.waitForTimeout(1000);
      await keepLook(page, `${name}-${look}`);
      if (name === "file-image") {
        await page.getByRole("heading", { name: "Transform" }).scrollIntoViewIfNeeded();
        await page.getByRole("region", { name: "Transform" }).screenshot({ path: `e2e/screenshots/playground-${look}.png` });
        // What has the focus is not behind the picture, which stays in sight on a phone.
        await page.getByRole("button", { name: "Copy the address" }).focus();
        for (let step = 0; step < 8; step += 1) await page.keyboard.press("Shift+Tab");
        const focused = page.locator(".play__controls :focus");
        const isSeen = (element: HTMLElement | SVGElement): boolean => {
          const { left, top, height } = element.getBoundingClientRect();
          return document.elementFromPoint(left + 8, top + height / 2) === element;
        };
        await expect.poll(() => focused.evaluate(isSeen), { message: `the focus is seen (${look})` }).toBe(true);
      }
    }
  });
});
