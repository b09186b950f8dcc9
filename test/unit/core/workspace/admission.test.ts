import { mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openDatabase, type Database } from "../../../../electron/core/store/database.ts";
import { Admission } from "../../../../electron/core/workspace/admission.ts";
import { TrustRegister } from "../../../../electron/core/workspace/trust.ts";
import { ManualClock } from "../../../support/manual-clock.ts";

let folder = "";
let database: Database;
let clock: ManualClock;
let admission: Admission;
/** Each reading of the folder asks once. */
/** What the login shell sets. */
let variables: Readonly<Record<string, string>>;

const script = (line: string) => JSON.stringify({ name: "shop", scripts: { dev: line } });
const refused = expect.objectContaining({ code: "not_trusted" }) as Error;

function write(path: string, text: string): void {
  const file = join(folder, "project", path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

function open(at: ManualClock): Admission {
  return new Admission({
    directory: join(folder, "project"),
    trust: new TrustRegister({ database, now: Date.now }),
    shellEnvironment: {
      variables: () => Promise.resolve(variables),
    },
    clock: at,
  });
}

/** As the next wave of a start: later than one look serves for. */
async function check(): Promise<void> {
  clock.advance(1_000);
  await admission.check();
}

beforeEach(async () => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "deckhand-admission-")));
  ({ database } = openDatabase(join(folder, "store.db"), Date.now));
  // Later than everything that is written here, so that a reading is old enough to be relied on.
  clock = new ManualClock(Date.now() + 60_000);
  write("package.json", script("node server.mjs"));
  variables = {};
  admission = open(clock);
  await admission.grant((await admission.review()).contentHash);
  await check();
});
afterEach(() => {
  database.close();
  rmSync(folder, { recursive: true, force: true });
});

test("a folder in which nothing has changed is not read again, for a wave or for a start", async () => {
  const read = await admission.admit({ profile: "dev" });
  await check();
  expect(await admission.admit({ profile: "dev" })).toBe(read);
  write("package.json", script("node server.mjs"));
  expect(await admission.admit({ profile: "dev" })).not.toBe(read);
});

test("it is read again once the login shell sets something else", async () => {
  const read = await admission.admit({ profile: "dev" });
  variables = { PORT: "4100" };
  expect(await admission.admit({ profile: "dev" })).not.toBe(read);
});

test("a changed script is seen, whatever time and length its file claims", async () => {
  const file = join(folder, "project", "package.json");
  const { atime, mtime } = statSync(file);
  write("package.json", script("node stolen.mjs"));
  utimesSync(file, atime, mtime);
  await expect(check()).rejects.toThrow(refused);
  write("package.json", script("node server.mjs"));
  await check();
});

test("so is a file put in its place, a file that was not there, and one in a folder that was listed", async () => {
  write("other.json", script("node stolen.mjs"));
  renameSync(join(folder, "project", "other.json"), join(folder, "project", "package.json"));
  await expect(check()).rejects.toThrow(refused);
  write("package.json", script("node server.mjs"));
  await check();

  write("Procfile", "worker: ruby worker.rb\n");
  await expect(check()).rejects.toThrow(refused);
  rmSync(join(folder, "project", "Procfile"));
  await check();

  write(".opencode/plugin/first.ts", "export const first = 1;\n");
  await admission.grant((await admission.review()).contentHash);
  await check();
  await check();
  write(".opencode/plugin/second.ts", "export const second = 2;\n");
  await expect(check()).rejects.toThrow(refused);
});

test("what was written a moment before it was read is not relied on: the next wave reads it again", async () => {
  const moment = new ManualClock(statSync(join(folder, "project", "package.json")).ctimeMs + 1);
  const another = open(moment);
  const readings = [await another.admit({ profile: "dev" }), await another.admit({ profile: "dev" })];
  moment.advance(300);
  readings.push(await another.admit({ profile: "dev" }));
  expect(new Set(readings).size).toBe(3);
  moment.advance(300);
  expect(await another.admit({ profile: "dev" })).toBe(readings[2]);
});

test("trust that was taken back, or given again, holds at once: without another look at the folder", async () => {
  admission.revoke();
  await expect(admission.check()).rejects.toThrow(refused);
  await admission.grant((await admission.review()).contentHash);
  await admission.check();
});

test("a folder that gave its place to a link to another is refused", async () => {
  renameSync(join(folder, "project"), join(folder, "moved"));
  await expect(check()).rejects.toThrow(expect.objectContaining({ code: "folder_missing" }) as Error);
});
