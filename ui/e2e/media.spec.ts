import { mkdirSync } from "node:fs";
import { expect, type Locator, type Page } from "@playwright/test";
import { chooseFiles, expectAccessible, newAccount, sample, signUp, test, trayRow } from "./helpers";

const LOOKS = [
  { name: "light", colorScheme: "light", width: 1440, height: 900 },
  { name: "dark", colorScheme: "dark", width: 1440, height: 900 },
  { name: "phone", colorScheme: "light", width: 375, height: 760 },
] as const;

const files = (page: Page): Locator => page.getByRole("list", { name: "Files" }).getByRole("listitem");
const file = (page: Page, name: string): Locator => files(page).filter({ hasText: name });
const places = (page: Page): Locator => page.getByRole("navigation", { name: "Folders" });

/** Draws images in the browser and drops them on the window, as from the desktop. */
async function dropImages(page: Page, names: readonly string[]): Promise<void> {
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
  await dropImages(page, ["quay.png", "crane.png", "gull.png"]);
  await expect(files(page)).toHaveCount(3);
  await expect(places(page).getByRole("link", { name: "Harbour, 3 files" })).toBeVisible();
  await expect
    .poll(() => file(page, "quay.png").locator("img").evaluate((image: HTMLImageElement) => image.naturalWidth))
    .toBeGreaterThan(0);

  // One is dragged onto a folder.
  await file(page, "gull.png").getByRole("link").dragTo(places(page).getByRole("link", { name: /^Boats/u }));
  await expect(page.getByText("1 file moved to Boats")).toBeVisible();
  await expect(files(page)).toHaveCount(2);
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
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(files(page)).toHaveCount(2);

  // What is deleted lies in the bin, and goes from there for good.
  await page.getByRole("checkbox", { name: "Select quay.png" }).check();
  await bar.getByRole("button", { name: "Delete" }).click();
  await expect(files(page)).toHaveCount(1);
  await places(page).getByRole("link", { name: "Bin" }).click();
  await expect(files(page)).toHaveCount(1);
  await expectAccessible(page);
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
  await page.getByRole("button", { name: "Clear filters" }).click();
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

test("the media browser looks as it did, in light, dark and on a phone", async ({ page }) => {
  test.setTimeout(180_000);
  await signUp(page, newAccount());
  await page.goto("/media");
  await makeFolder(page, "Harbour");
  await chooseFiles(page, [sample("still-photo.heic"), sample("sonnet.mp3")]);
  await expect(trayRow(page, "still-photo.heic")).toContainText("Ready");
  await dropImages(page, ["quay.png", "crane.png", "gull over the old harbour at noon.png"]);
  await expect(files(page)).toHaveCount(5);
  mkdirSync("e2e/screenshots", { recursive: true });
  for (const look of LOOKS) {
    await page.emulateMedia({ colorScheme: look.colorScheme });
    await page.setViewportSize({ width: look.width, height: look.height });
    for (const view of ["Grid", "List"]) {
      await page.goto("/media");
      await page.getByRole("button", { name: view, exact: true }).click();
      await page.getByRole("checkbox", { name: "Select crane.png" }).check();
      await page.waitForTimeout(600);
      await page.screenshot({ path: `e2e/screenshots/media-${view.toLowerCase()}-${look.name}.png` });
      await test.step(`${view} in ${look.name}`, () => expectAccessible(page));
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      expect(overflow, "it does not scroll sideways").toBeLessThanOrEqual(0);
    }
  }
});
