import { expect } from "@playwright/test";
import { chooseFiles, FILES, newAccount, PROCESSING_MS, sample, SESSION, signUp, trayRow, test } from "./helpers";

test("real recordings are uploaded through the file chooser and are processed to the end", async ({ page }) => {
  test.setTimeout(PROCESSING_MS * 2 + 60_000);
  await signUp(page, newAccount());
  await page.goto("/library");
  await chooseFiles(page, FILES.map(sample));
  const tray = page.getByRole("region", { name: "Uploads" });
  await expect(tray).toBeVisible();

  // Progress is seen moving, not only the end of it.
  const seen = new Set<string>();
  await expect
    .poll(
      async () => {
        for (const line of await tray.getByRole("listitem").allInnerTexts()) seen.add(line);
        return tray.getByText("Ready", { exact: true }).count();
      },
      { timeout: PROCESSING_MS * 2, intervals: [150] },
    )
    .toBe(FILES.length);
  expect(seen.size, "the tray told of stages on the way").toBeGreaterThan(FILES.length);
  await expect(tray.getByRole("heading")).toHaveText("Uploads finished");
  for (const file of FILES) await expect(trayRow(page, file).getByRole("link", { name: "Open" })).toBeVisible();
  await tray.getByRole("button", { name: "Clear finished" }).click();
  await expect(tray).toHaveCount(0);
  await page.context().storageState({ path: SESSION });
});
