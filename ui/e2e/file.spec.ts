import { expect, type Locator } from "@playwright/test";
import { dropImages, file, files, makeFolder } from "./files";
import { chooseFiles, expectAccessible, inEveryLook, keepLook, newAccount, PROCESSING_MS, sample, signUp, test, trayRow, widthOf } from "./helpers";

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

  // What it was called does not come back while the new name is on its way.
  let letGo = (): void => undefined;
  const held = new Promise<void>((resolve) => (letGo = resolve));
  await page.route(/\/api\/v1\/assets\/[^/]+$/u, async (route) => {
    if (route.request().method() === "PATCH") await held;
    await route.continue();
  });
  await page.getByRole("button", { name: "quay.png" }).click();
  await page.getByLabel("Name", { exact: true }).fill("the quay.png");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("the quay.png");
  letGo();
  await expect(page.getByRole("navigation", { name: "Breadcrumbs" })).toContainText("the quay.png");
  await page.unrouteAll({ behavior: "wait" });

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
