import { expect, type Locator, type Page } from "@playwright/test";
import { trayRow } from "./helpers";

/** What there is in the media browser. */
export const files = (page: Page): Locator => page.getByRole("list", { name: "Files" }).getByRole("listitem");
export const file = (page: Page, name: string): Locator => files(page).filter({ hasText: name });
export const toast = (page: Page, text: string): Locator => page.locator(".toast").filter({ hasText: text });
export const places = (page: Page): Locator => page.getByRole("navigation", { name: "Folders" });

/** Draws images in the browser and drops them on the window, as from the desktop. */
export async function dropImages(page: Page, names: readonly string[]): Promise<void> {
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

export async function makeFolder(page: Page, name: string): Promise<void> {
  await places(page).getByRole("button", { name: "New folder" }).click();
  await page.getByRole("dialog").getByLabel("Name").fill(name);
  await page.getByRole("dialog").getByRole("button", { name: "Create" }).click();
  await expect(places(page).getByRole("link", { name: new RegExp(`^${name},`, "u") })).toBeVisible();
}
