import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readlinkSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { importBuildScript } from "../../support/build-script.ts";

const { copyProject } = await importBuildScript<{ copyProject(home: string, top: string): string }>("demo-project.mjs");

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "deckhand-demo-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** As much of a checkout as the demo takes. */
function checkout(name: string): string {
  const top = join(folder, name);
  mkdirSync(join(top, "node_modules"), { recursive: true });
  const sample = join(top, "test", "fixtures", "projects", "harbour");
  mkdirSync(sample, { recursive: true });
  writeFileSync(join(sample, "package.json"), `{"name":"${name}"}`);
  return top;
}

test("the demo of a checkout that has moved finds its dependencies again", () => {
  const home = join(folder, "home");
  const first = checkout("first");
  const project = copyProject(home, first);
  renameSync(first, join(folder, "moved"));
  expect(existsSync(join(project, "node_modules"))).toBe(false);
  expect(copyProject(home, join(folder, "moved"))).toBe(project);
  expect(readlinkSync(join(project, "node_modules"))).toBe(join(folder, "moved", "node_modules"));
});

test("what a person added to it stays, dependencies of their own included", () => {
  const home = join(folder, "home");
  const top = checkout("top");
  const project = copyProject(home, top);
  writeFileSync(join(project, "notes.txt"), "mine");
  rmSync(join(project, "node_modules"));
  mkdirSync(join(project, "node_modules"));
  copyProject(home, top);
  expect(lstatSync(join(project, "node_modules")).isDirectory()).toBe(true);
  expect(existsSync(join(project, "notes.txt"))).toBe(true);
});
