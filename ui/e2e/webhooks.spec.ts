import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, type Page } from "@playwright/test";
import { expectAccessible, inEveryLook, keepLook, newAccount, signUp, test } from "./helpers";

/** Somebody who is told, on this machine: the server of these tests may send there. */
class Receiver {
  readonly bodies: string[] = [];
  status = 204;
  private readonly server: Server;

  private constructor() {
    this.server = createServer((request, response) => {
      let body = "";
      request.setEncoding("utf8");
      request.on("data", (chunk: string) => (body += chunk));
      request.on("end", () => {
        this.bodies.push(body);
        response.writeHead(this.status, { "Content-Type": "text/plain" });
        response.end(this.status === 204 ? undefined : "out of order");
      });
    });
  }

  static async start(): Promise<Receiver> {
    const receiver = new Receiver();
    await new Promise<void>((resolve) => receiver.server.listen(0, "127.0.0.1", resolve));
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/hook`;
  }

  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
  }
}

/** Adds an endpoint in the settings and returns its secret. */
async function addEndpoint(page: Page, url: string, description: string): Promise<string> {
  await page.goto("/settings/webhooks");
  await page.getByRole("button", { name: "Add endpoint" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Address").fill(url);
  await dialog.getByLabel("Description").fill(description);
  // What is ready or failed is offered first; a video without a file is ready at once.
  await dialog.getByRole("checkbox", { name: /^A video is ready/u }).uncheck();
  await dialog.getByRole("checkbox", { name: /^The processing of a video failed/u }).uncheck();
  await dialog.getByRole("checkbox", { name: /^A video changed/u }).check();
  await dialog.getByRole("button", { name: "Add" }).click();
  const secret = await dialog.locator(".settings__secret").innerText();
  await dialog.getByRole("button", { name: "Done" }).click();
  return secret;
}

/** Something happens that endpoints are told. */
async function changeVideo(page: Page, title: string): Promise<void> {
  const headers = { "X-Memoreel-Request": "1" };
  const made = await page.request.post("/api/v1/videos", { headers, data: { title: "Draft" } });
  expect(made.status(), await made.text()).toBe(201);
  const { id } = (await made.json()) as { id: string };
  const changed = await page.request.patch(`/api/v1/videos/${id}`, { headers, data: { title } });
  expect(changed.ok(), await changed.text()).toBe(true);
}

test("an endpoint is added, tested, told, and told again", async ({ page }) => {
  const receiver = await Receiver.start();
  await signUp(page, newAccount());
  await page.goto("/settings");
  await page.getByRole("link", { name: "Webhooks" }).click();
  await expect(page.getByRole("heading", { name: "Nobody is told yet" })).toBeVisible();
  await expectAccessible(page);

  // What cannot be is refused at its field.
  await page.getByRole("button", { name: "Add endpoint" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Address").fill("http://169.254.169.254/latest");
  await dialog.getByRole("button", { name: "Add" }).click();
  await expect(dialog.getByLabel("Address")).toHaveAttribute("aria-invalid", "true");
  await expect(dialog).toContainText("private network");
  await dialog.getByRole("checkbox", { name: "All of them" }).check();
  await dialog.getByRole("checkbox", { name: "All of them" }).uncheck();
  await expect(dialog).toContainText("Choose at least one.");
  await expect(dialog.getByRole("button", { name: "Add" })).toBeDisabled();
  await expectAccessible(page);
  await page.keyboard.press("Escape");

  const secret = await addEndpoint(page, receiver.url, "Our mirror");
  expect(secret).toMatch(/^whsec_[\w+/]{43}=$/u);
  const list = page.getByRole("list", { name: "Webhooks" });
  await expect(list.getByRole("listitem")).toHaveCount(1);
  await expect(list).toContainText("Our mirror");
  await expect(list).toContainText("1 event");
  await list.getByRole("link").click();
  await expect(page.getByRole("heading", { name: receiver.url })).toBeVisible();
  await expect(page.getByText("Nothing yet.")).toBeVisible();
  await expect(page.getByText(secret)).toHaveCount(0);

  const told = page.getByRole("list", { name: "Deliveries" });
  await page.getByRole("button", { name: "Send a test" }).click();
  await expect(told.getByRole("listitem").first()).toContainText("Delivered");
  await expect(told.getByRole("listitem").first()).toContainText("A test");
  expect(receiver.bodies).toHaveLength(1);

  receiver.status = 500;
  await changeVideo(page, "Weekly sync");
  await page.getByRole("button", { name: "Refresh" }).click();
  // Making it and naming it are two changes.
  await expect(told.getByRole("listitem")).toHaveCount(3);
  const changed = told.getByRole("listitem").first();
  await expect(changed).toContainText("answered 500");
  await expect(changed).toContainText("Retrying");
  await changed.locator("summary").focus();
  await page.keyboard.press("Enter");
  await expect(changed.getByRole("region", { name: "Message" })).toContainText('"title": "Weekly sync"');
  await expect(changed.getByRole("region", { name: "Answer" })).toContainText("out of order");
  await expectAccessible(page);
  receiver.status = 204;
  await changed.getByRole("button", { name: "Send again" }).click();
  await expect(changed).toContainText("Delivered");

  await page.getByLabel("Show").selectOption("Failed");
  await expect(page).toHaveURL(/status=failed/u);
  await expect(page.getByText("Nothing that fits.")).toBeVisible();
  await page.getByLabel("Show").selectOption("Everything");
  await expect(told.getByRole("listitem")).toHaveCount(3);
  receiver.stop();
});

test("an endpoint is changed, switched off by its receiver, switched on, and deleted", async ({ page }) => {
  const receiver = await Receiver.start();
  await signUp(page, newAccount());
  const first = await addEndpoint(page, receiver.url, "Our mirror");
  await page.getByRole("list", { name: "Webhooks" }).getByRole("link").click();

  await page.getByRole("button", { name: "Change" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Description").fill("The new mirror");
  await dialog.getByRole("checkbox", { name: "All of them" }).check();
  await dialog.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("The new mirror")).toBeVisible();
  await expect(page.getByRole("list", { name: "Tell it when" }).getByRole("listitem")).toHaveCount(14);

  await page.getByRole("button", { name: "Replace secret" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Replace secret" }).click();
  const second = await page.locator(".settings__secret").innerText();
  expect(second).not.toBe(first);
  await page.getByRole("button", { name: "Done" }).click();
  await expect(page.getByText(/^.*The former secret signs until/u)).toBeVisible();

  receiver.status = 410;
  await page.getByRole("button", { name: "Send a test" }).click();
  const told = page.getByRole("list", { name: "Deliveries" });
  await expect(told.getByRole("listitem").first()).toContainText("Failed");
  // That it is switched off is seen without a reload.
  await expect(page.getByRole("alert")).toContainText("it answered that it is gone");
  await expect(page.getByRole("button", { name: "Send a test" })).toBeDisabled();
  await expectAccessible(page);
  receiver.status = 204;
  await page.getByRole("button", { name: "Switch on" }).click();
  await expect(page.getByRole("alert")).toHaveCount(0);
  await page.getByRole("button", { name: "Send failed ones again" }).click();
  await expect(page.getByText("1 is sent again")).toBeVisible();
  await expect(told.getByRole("listitem").first()).toContainText("Delivered");

  await page.getByRole("button", { name: "Delete" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await expect(page).toHaveURL(/\/settings\/webhooks$/u);
  await expect(page.getByRole("heading", { name: "Nobody is told yet" })).toBeVisible();
  receiver.stop();
});

test("webhooks look as they did, in light, dark and on a phone", async ({ page }) => {
  test.setTimeout(180_000);
  const receiver = await Receiver.start();
  await signUp(page, newAccount());
  await addEndpoint(page, receiver.url, "The search of our intranet");
  await page.getByRole("list", { name: "Webhooks" }).getByRole("link").click();
  const address = page.url();
  await page.getByRole("button", { name: "Send a test" }).click();
  const told = page.getByRole("list", { name: "Deliveries" });
  await expect(told).toContainText("Delivered");
  receiver.status = 503;
  await changeVideo(page, "Weekly sync");
  await page.getByRole("button", { name: "Refresh" }).click();
  await expect(told).toContainText("answered 503");
  await inEveryLook([page], async (look) => {
    for (const name of ["webhooks", "webhook", "webhook-new"]) {
      await page.goto(name === "webhook" ? address : "/settings/webhooks");
      await page.locator(".lines > li").first().waitFor();
      if (name === "webhook") await told.locator("summary").first().click();
      if (name === "webhook-new") await page.getByRole("button", { name: "Add endpoint" }).click();
      await keepLook(page, `${name}-${look}`, { fullPage: name === "webhook" });
    }
  });
  receiver.stop();
});
