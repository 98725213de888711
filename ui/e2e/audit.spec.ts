import { expect, test } from "@playwright/test";
import { readFileSync } from "node:fs";
import { expectAccessible, newAccount, signUp } from "./helpers";

test("an owner reads who changed what, narrows it down and takes it along", async ({ page }) => {
  const account = newAccount();
  await signUp(page, account);
  const headers = { "X-Memoreel-Request": "1" };
  const made = await page.request.post("/api/v1/channels", { headers, data: { name: "Harbour" } });
  const { id } = (await made.json()) as { id: string };
  await page.request.patch(`/api/v1/channels/${id}`, { headers, data: { name: "Harbour board" } });

  await page.goto("/settings");
  await page.getByRole("link", { name: "Audit log" }).click();
  const log = page.getByRole("list", { name: "Audit log" });
  await expect(log.getByRole("listitem").first()).toContainText(`${account.name} changed the channel “Harbour board”`);
  await expect(log).toContainText(`${account.name} signed in`);

  await page.getByLabel("Show").selectOption("Channels");
  await expect(page).toHaveURL(/kind=channel/u);
  await expect(log.getByRole("listitem")).toHaveCount(2);
  await log.locator("summary", { hasText: "changed the channel" }).focus();
  await page.keyboard.press("Enter");
  await expect(log.getByRole("row", { name: "name Harbour Harbour board" })).toBeVisible();
  await expect(log).toContainText("From 127.0.0.1");
  await expectAccessible(page);

  await page.getByRole("button", { name: "Export" }).click();
  const download = page.waitForEvent("download");
  await page.getByRole("menuitem", { name: "As a table (CSV)" }).click();
  const table = readFileSync(await (await download).path(), "utf8");
  expect(table.trimEnd().split("\r\n")).toHaveLength(3);
  expect(table).toContain("channel.updated");
});
