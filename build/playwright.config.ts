import { join } from "node:path";
import { defineConfig } from "@playwright/test";
import { findChromium } from "./machine.mjs";

const top = join(import.meta.dirname, "..");
const chromium = findChromium();

/**
 * The same specs drive the app in Electron and the headless host in Chromium; `electron-*.spec.ts` are about the desktop
 * alone. One worker: every test starts real hosts, and the machine is shared.
 */
export default defineConfig({
  testDir: join(top, "test", "e2e"),
  outputDir: join(top, "test-results"),
  workers: 1,
  timeout: 90_000,
  expect: { timeout: 15_000 },
  forbidOnly: process.env["CI"] !== undefined,
  reporter: "list",
  use: { screenshot: "only-on-failure", trace: "retain-on-failure", viewport: { width: 1_280, height: 820 } },
  projects: [
    { name: "electron" },
    {
      name: "chromium",
      testIgnore: "**/electron-*.spec.ts",
      use: {
        browserName: "chromium",
        launchOptions: {
          ...(chromium === undefined ? {} : { executablePath: chromium }),
          // Root has no sandbox, and a container's /dev/shm is too small for Chromium.
          args: ["--disable-dev-shm-usage", ...(process.getuid?.() === 0 ? ["--no-sandbox"] : [])],
        },
      },
    },
  ],
});
