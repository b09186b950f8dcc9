import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createAppLog, type AppLogOptions } from "../../../../electron/core/lib/app-log.ts";
import { ManualClock } from "../../../support/manual-clock.ts";

let folder = "";
const complaints: string[] = [];
/** One of the longest lines written here. */
const LINE_BYTES = 160;

beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), "deckhand-app-log-")), "app");
  complaints.length = 0;
});
afterEach(() => rmSync(join(folder, ".."), { recursive: true, force: true }));

const open = (more: Partial<AppLogOptions> = {}) =>
  createAppLog({
    folder,
    level: "info",
    clock: new ManualClock(0),
    onUnwritable: (why) => complaints.push(why),
    ...more,
  });
const lines = (file = "app.log") =>
  readFileSync(join(folder, file), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe("the app's log", () => {
  it("writes one JSON object a line, on disk when the call returns, for the owner's eyes only", () => {
    open().warn("a\nb\u2028c", { service: "web", nested: { port: 3000 } });
    expect(lines()).toEqual([
      { at: "1970-01-01T00:00:00.000Z", level: "warn", message: "a\nb\u2028c", service: "web", nested: { port: 3000 } },
    ]);
    expect(statSync(join(folder, "app.log")).mode & 0o777).toBe(0o600);
  });

  it("leaves out what is below its level", () => {
    const log = open({ level: "warn" });
    log.debug("d");
    log.info("i");
    log.warn("w");
    log.error("e");
    expect(lines().map(({ level }) => level)).toEqual(["warn", "error"]);
  });

  it("lets no fact stand in for its own fields", () => {
    open().info("real", { level: "fake", message: "fake", at: "fake" });
    expect(lines()[0]).toMatchObject({ level: "info", message: "real", level_: "fake", message_: "fake", at_: "fake" });
  });

  it("keeps five files of bounded size (the bound, and the line that passed it) and drops the oldest", () => {
    const log = open({ maxFileBytes: 300 });
    for (let line = 0; line < 60; line += 1) log.info(`line ${String(line).padStart(3, "0")}`, { pad: "x".repeat(60) });
    expect(readdirSync(folder).sort()).toEqual(["app.1.log", "app.2.log", "app.3.log", "app.4.log", "app.log"]);
    for (const file of readdirSync(folder))
      expect(statSync(join(folder, file)).size).toBeLessThanOrEqual(300 + LINE_BYTES);
    expect(lines().at(-1)?.["message"]).toBe("line 059");
    const kept = ["app.4.log", "app.3.log", "app.2.log", "app.1.log", "app.log"].flatMap((file) => lines(file));
    const numbers = kept.map(({ message }) => Number(String(message).slice(5)));
    expect(numbers).toEqual(Array.from(numbers, (_, index) => 60 - numbers.length + index));
  });

  it("goes on after the lines of an earlier run", () => {
    open().info("first");
    open().info("second");
    expect(lines().map(({ message }) => message)).toEqual(["first", "second"]);
  });

  it("costs the line and not the app when the disk cannot be written, says so once, and recovers", () => {
    mkdirSync(join(folder, "app.log"), { recursive: true });
    const log = open();
    log.info("lost");
    log.info("lost as well");
    expect(complaints).toHaveLength(1);
    rmSync(join(folder, "app.log"), { recursive: true });
    log.info("written");
    expect(lines().map(({ message }) => message)).toEqual(["written"]);
  });

  it("complains when its folder is a file", () => {
    writeFileSync(folder, "");
    open().info("lost");
    expect(complaints).toHaveLength(1);
  });
});
