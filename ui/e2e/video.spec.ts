import { expect } from "@playwright/test";
import { addTranscript, newAccount, signUp, test } from "./helpers";

test("a description that is refused stays in its field, and is saved once it is taken", async ({ page }) => {
  await signUp(page, newAccount());
  const id = await addTranscript(page, "About the budget");
  await page.route(`**/api/v1/videos/${id}`, (route) =>
    route.request().method() === "PATCH" ? route.fulfill({ status: 500, body: "" }) : route.continue(),
  );
  await page.goto(`/videos/${id}?tab=details`);
  const field = page.getByLabel("Description");
  await field.fill("What we spend next year.");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("The server answered with status 500")).toBeVisible();
  await expect(field).toHaveValue("What we spend next year.");

  await page.unroute(`**/api/v1/videos/${id}`);
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("Saved", { exact: true })).toBeVisible();
  await expect(page.getByRole("button", { name: "Save" })).toHaveCount(0);
  await page.reload();
  await expect(field).toHaveValue("What we spend next year.");
});
