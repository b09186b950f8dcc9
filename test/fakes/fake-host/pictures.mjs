/**
 * Draws the window over the made-up host, in every state that is worth looking at, light and dark, wide and narrow:
 *
 *     node test/fakes/fake-host/pictures.mjs [FILTER…]
 *
 * They are `out/pictures/STATE-light-wide.png` and so on afterwards, for people to look at; nothing is compared. A filter is a
 * part of that name.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "@playwright/test";
import { build, preview } from "vite";
import { findChromium, sandboxSwitches } from "../../../build/machine.mjs";

const top = join(import.meta.dirname, "../../..");
const folder = join(top, "out", "pictures");
const configFile = join(import.meta.dirname, "vite.config.ts");

const sizes = { wide: { width: 1_280, height: 800 }, narrow: { width: 720, height: 640 } };
const themes = ["light", "dark"];
/** Answers of the made-up host take 25 ms, curves are drawn after them, and late spinners show after 200 ms. */
const SETTLE_MS = 450;

const workspace = "wsp_00000000000000a1";
const as = (environmentView) => ({ environmentView });
const details = (service, detailPart = "overview") => ({ service: { [workspace]: service }, detailPart });
const press =
  (...names) =>
  async (page) => {
    for (const name of names) await page.getByRole("button", { name }).first().click();
  };
const choose = (name) => (page) => page.getByRole("radio", { name, exact: true }).click();
const palette = (title) => async (page) => {
  await page.keyboard.press("ControlOrMeta+k");
  await page.getByRole("combobox").fill(title);
  await page.getByRole("option", { name: title }).first().click();
};
const inOrder =
  (...steps) =>
  async (page) => {
    for (const step of steps) await step(page);
  };

/** Name, scenario, what is on screen, and what is done first. */
const pictures = [
  // The environment as a list.
  ...[
    "three",
    "twenty",
    "twenty-starting",
    "hundred",
    "hundred-starting",
    "hundred-failed",
    "hundred-stopped",
    "stopped",
    "starting",
    "degraded",
    "failed",
    "migration",
    "port",
    "port-ours",
    "docker",
    "docker-missing",
    "crash-loop",
    "hook",
    "disabled",
    "replicas",
    "files-changed",
    "suggestions",
    "long",
    "problems",
    "empty",
    "broken",
    "error",
    "untrusted",
  ].map((scenario) => ({ name: `list-${scenario}`, scenario })),
  // As a graph.
  ...["three", "twenty", "twenty-starting", "hundred", "hundred-starting", "hundred-failed", "migration", "docker"].map(
    (scenario) => ({ name: `graph-${scenario}`, scenario, view: as("graph") }),
  ),
  { name: "graph-long", scenario: "long", view: as("graph") },
  { name: "graph-thousand", scenario: "thousand", view: as("graph") },
  { name: "graph-hundred-chosen", scenario: "hundred-failed", view: { ...as("graph"), ...details("images-7") } },
  // As steps.
  ...[
    "three",
    "twenty",
    "twenty-starting",
    "hundred",
    "hundred-starting",
    "hundred-failed",
    "migration",
    "stopped",
  ].map((scenario) => ({ name: `steps-${scenario}`, scenario, view: as("steps") })),
  { name: "steps-long", scenario: "long", view: as("steps") },
  // As a timeline.
  ...["hundred", "migration", "long"].map((scenario) => ({
    name: `timeline-${scenario}`,
    scenario,
    view: as("timeline"),
  })),
  // The plan, before anything runs.
  { name: "plan-profile", scenario: "stopped", press: press(/^Profile dev/) },
  { name: "plan-profile-hundred", scenario: "hundred-stopped", press: press(/^Profile dev/) },
  { name: "plan-switch", scenario: "ready", press: inOrder(press(/^Profile dev/), choose("test")) },
  { name: "plan-trust", scenario: "untrusted", press: press("Start environment") },
  { name: "plan-save", scenario: "ready", press: palette("Save what was detected as deckhand.yaml") },
  { name: "dialog-adopt", scenario: "stopped", press: palette("Use an OpenCode server that runs already") },
  { name: "dialog-settings", scenario: "desktop", press: press("Settings") },
  // One service.
  ...[
    ["ready", "dev:api"],
    ["ready", "dev:worker"],
    ["migration", "db:migrate"],
    ["migration", "dev:web"],
    ["port", "dev:web"],
    ["port-ours", "dev:web"],
    ["docker", "db"],
    ["crash-loop", "dev:worker"],
    ["starting", "db"],
    ["stopped", "dev:api"],
    ["replicas", "dev:api-1"],
    ["suggestions", "dev:api"],
    ["long", "a-service-with-a-name-of-sixty-characters-for-the-mail-queue"],
    ["long", "another-service-whose-name-does-not-fit-into-its-column-at-all"],
  ].map(([scenario, service]) => ({
    name: `detail-${scenario}-${service.replace(":", "-").slice(0, 16)}`,
    scenario,
    view: details(service),
  })),
  { name: "detail-definition", scenario: "ready", view: details("dev:api", "definition") },
  {
    name: "detail-definition-long",
    scenario: "long",
    view: details("a-service-with-a-name-of-sixty-characters-for-the-mail-queue", "definition"),
  },
  { name: "detail-history-task", scenario: "migration", view: details("db:migrate", "history") },
  { name: "detail-history-process", scenario: "ready", view: details("dev:api", "history") },
  { name: "detail-server", scenario: "ready", view: { server: { [workspace]: true } } },
  { name: "detail-in-graph", scenario: "migration", view: { ...as("graph"), ...details("db:migrate") } },
  { name: "detail-in-steps", scenario: "twenty", view: { ...as("steps"), ...details("auth-3") } },
  { name: "logs", scenario: "ready", view: { page: "logs" } },
];

const filters = process.argv.slice(2);
mkdirSync(folder, { recursive: true });
await build({ configFile, logLevel: "error" });
const server = await preview({ configFile, logLevel: "error", preview: { host: "127.0.0.1", port: 0 } });
const browser = await chromium.launch({ executablePath: findChromium(), args: sandboxSwitches() });
try {
  const [address] = server.resolvedUrls?.local ?? [];
  for (const [size, viewport] of Object.entries(sizes)) {
    for (const colorScheme of themes) {
      for (const { name, scenario, view = {}, press: act } of pictures) {
        const file = `${name}-${colorScheme}-${size}.png`;
        if (filters.length > 0 && !filters.some((filter) => file.includes(filter))) continue;
        const page = await browser.newPage({ viewport, colorScheme, reducedMotion: "reduce" });
        page.on("pageerror", (error) => console.error(`${file}: ${error.message}`));
        await page.addInitScript((kept) => localStorage.setItem("deckhand.view", kept), JSON.stringify(view));
        await page.goto(`${address}?scenario=${scenario}`);
        await page.waitForSelector("main *");
        await page.waitForTimeout(SETTLE_MS);
        if (act) {
          await act(page);
          await page.waitForTimeout(SETTLE_MS);
        }
        await page.screenshot({ path: join(folder, file) });
        await page.close();
        console.log(join("out", "pictures", file));
      }
    }
  }
} finally {
  await browser.close();
  await server.close();
}
