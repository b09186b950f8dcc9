import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readWindowState, writeWindowState } from "../../../electron/shell/window-state.ts";

const screens = [
  { x: 0, y: 0, width: 1_920, height: 1_080 },
  { x: 1_920, y: -200, width: 1_280, height: 1_024 },
];
const state = { x: 10, y: 20, width: 1_280, height: 820, maximized: false };
let folder = "";
let path = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "deckhand-window-"));
  path = join(folder, "window.json");
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("where the window was", () => {
  it("is found again, and is nobody else's to read", () => {
    writeWindowState(path, state);
    expect(readWindowState(path, screens)).toEqual(state);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(["window.json"]);
  });

  it("is unknown before the first time", () => {
    expect(readWindowState(path, screens)).toBeNull();
  });

  it.each([
    "",
    "{",
    "null",
    "[]",
    "\u0000",
    JSON.stringify({ ...state, width: 1 }),
    JSON.stringify({ ...state, x: "10" }),
    JSON.stringify({ ...state, x: 1.5 }),
    JSON.stringify({ ...state, height: 1e9 }),
    JSON.stringify({ x: 1, y: 1 }),
  ])("is forgotten when the file holds %j", (text) => {
    writeFileSync(path, text);
    expect(readWindowState(path, screens)).toBeNull();
    expect(existsSync(path)).toBe(false);
  });

  it.each([
    ["on the second screen", { x: 2_000, y: -150 }, true],
    ["half off the left edge", { x: -700, y: 10 }, true],
    ["beyond every screen", { x: 5_000, y: 10 }, false],
    ["with its title bar above the screen", { x: 10, y: -60 }, false],
    ["with its title bar below the screen", { x: 10, y: 1_060 }, false],
    ["with a sliver left", { x: -1_200, y: 10 }, false],
  ])("is used only where it can be reached: %s", (_where, place, used) => {
    writeWindowState(path, { ...state, ...place });
    expect(readWindowState(path, screens) !== null).toBe(used);
  });
});
