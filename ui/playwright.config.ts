import { defineConfig } from "@playwright/test";

/** Runs against a server that is already up; `MEMOREEL_URL` says where. */
export default defineConfig({
  testDir: "e2e",
  outputDir: "test-results",
  // One person uses one server from beginning to end, so the files run in order and one at a time.
  workers: 1,
  fullyParallel: false,
  // Chance stops no change, and is not forgotten either: the end of the run names what passed only the second time (`flaky`).
  retries: 1,
  timeout: 90_000,
  expect: { timeout: 15_000 },
  reporter: [["list"]],
  projects: [
    { name: "upload", testMatch: /upload\.setup\.ts$/u },
    { name: "account", testMatch: /(?<!library)\.spec\.ts$/u },
    {
      name: "library",
      testMatch: /library\.spec\.ts$/u,
      dependencies: ["upload"],
      use: { storageState: "e2e/.session.json" },
    },
  ],
  use: {
    baseURL: process.env["MEMOREEL_URL"] ?? "http://127.0.0.1:8080",
    viewport: { width: 1440, height: 900 },
    actionTimeout: 15_000,
    // To record every run took as long again.
    trace: "on-first-retry",
    screenshot: "only-on-failure",
    launchOptions: {
      executablePath: process.env["MEMOREEL_CHROMIUM"] ?? "/usr/bin/chromium",
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--no-first-run",
        "--autoplay-policy=no-user-gesture-required",
      ],
    },
  },
});
