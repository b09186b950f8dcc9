import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { silentLogger } from "../../../../electron/core/lib/logger.ts";
import { AuditLog } from "../../../../electron/core/store/audit-log.ts";
import { openDatabase } from "../../../../electron/core/store/database.ts";
import { acquireHostLock } from "../../../../electron/core/store/host-lock.ts";
import { settingsSchema } from "#shared/schema/settings.ts";
import { SettingsStore } from "../../../../electron/core/store/settings-store.ts";

let folder = "";
const now = () => 1_700_000_000_000;
const path = () => join(folder, "deckhand.db");

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "deckhand-store-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function withDatabase<Value>(use: (database: ReturnType<typeof openDatabase>["database"]) => Value): Value {
  const { database } = openDatabase(path(), now);
  try {
    return use(database);
  } finally {
    database.close();
  }
}

describe("the store", () => {
  it("keeps settings over a restart, and gives defaults for what was never set", () => {
    withDatabase((database) => {
      const settings = new SettingsStore({ database, logger: silentLogger });
      expect(settings.get()).toEqual(settingsSchema.parse({}));
      settings.change({ theme: "dark" });
    });
    withDatabase((database) => {
      expect(new SettingsStore({ database, logger: silentLogger }).get()).toMatchObject({
        theme: "dark",
        serverWithEnvironment: true,
      });
    });
  });

  it("treats a stored setting that no longer fits as not set, and keeps the others", () => {
    withDatabase((database) => {
      const write = database.prepare("INSERT INTO settings (key, value) VALUES (?, ?)");
      write.run("theme", '"pink"');
      write.run("serverWithEnvironment", "false");
      write.run("opencodeBinary", "{not json");
      write.run("server", JSON.stringify({ port: 99, host: "0.0.0.0", stopGraceSeconds: 9, debug: true, gone: 1 }));
      expect(new SettingsStore({ database, logger: silentLogger }).get()).toEqual(
        settingsSchema.parse({
          serverWithEnvironment: false,
          // Of the server's, too, only those that do not fit.
          server: { stopGraceSeconds: 9, debug: true },
        }),
      );
    });
  });

  it("changes only the fields of the server that a change names, and refuses what does not fit", () => {
    withDatabase((database) => {
      const settings = new SettingsStore({ database, logger: silentLogger });
      settings.change({ server: { port: 4_100, environment: { A: "1" } } });
      settings.change({ server: { debug: true } });
      expect(() => settings.change({ server: { port: 80 } })).toThrow();
      expect(settings.get().server).toMatchObject({ port: 4_100, environment: { A: "1" }, debug: true });
    });
    withDatabase((database) => {
      const { server } = new SettingsStore({ database, logger: silentLogger }).get();
      expect(server).toMatchObject({ port: 4_100, environment: { A: "1" }, debug: true, stopGraceSeconds: 5 });
    });
  });

  it("treats server settings that are no object as not set", () => {
    withDatabase((database) => {
      database.prepare("INSERT INTO settings (key, value) VALUES ('server', '7')").run();
      expect(new SettingsStore({ database, logger: silentLogger }).get()).toEqual(settingsSchema.parse({}));
    });
  });

  it("uses WAL with full sync", () => {
    withDatabase((database) => {
      expect(database.prepare("PRAGMA journal_mode").get()).toMatchObject({ journal_mode: "wal" });
      expect(database.prepare("PRAGMA synchronous").get()).toMatchObject({ synchronous: 2 });
    });
  });

  it("sets a damaged file aside whole, starts afresh, and says where it is", () => {
    writeFileSync(path(), "this is no database ".repeat(500));
    const { database, quarantined } = openDatabase(path(), now);
    database.close();
    expect(quarantined).toBe(`${path()}.damaged-${now()}`);
    expect(readFileSync(quarantined ?? "", "utf8")).toContain("this is no database");
  });

  it("sets aside a file of a newer version instead of guessing at it", () => {
    withDatabase((database) => database.exec("PRAGMA user_version = 999"));
    const { database, quarantined } = openDatabase(path(), now);
    database.close();
    expect(quarantined).not.toBeNull();
  });

  it("opens whatever bytes lie at its path: as a store, or set aside; never a crash, never a lost file", () => {
    withDatabase((database) => new SettingsStore({ database, logger: silentLogger }).change({ theme: "light" }));
    const sound = readFileSync(path());
    fc.assert(
      fc.property(fc.nat(sound.length - 1), fc.uint8Array({ minLength: 1, maxLength: 64 }), (offset, bytes) => {
        const mutated = Buffer.from(sound);
        mutated.set(bytes.slice(0, sound.length - offset), offset);
        rmSync(folder, { recursive: true, force: true });
        folder = mkdtempSync(join(tmpdir(), "deckhand-store-"));
        writeFileSync(path(), mutated);
        const { database, quarantined } = openDatabase(path(), now);
        const settings = new SettingsStore({ database, logger: silentLogger });
        settings.change({ theme: "dark" });
        database.close();
        if (quarantined !== null) expect(readdirSync(folder)).toContain(`deckhand.db.damaged-${now()}`);
      }),
      // The schema format of the header: 5 is one that SQLite does not know.
      { numRuns: 200, examples: [[43, Uint8Array.from([0, 0, 0, 0, 5])]] },
    );
  });

  it("lists audit entries oldest first, since a time, at most so many", () => {
    withDatabase((database) => {
      let time = Date.parse("2026-01-01T00:00:00Z");
      const errors: unknown[] = [];
      const audit = new AuditLog({ database, now: () => time, onListenerError: (error) => errors.push(error) });
      const entry = {
        actor: "user",
        workspace: null,
        service: null,
        generation: null,
        from: null,
        to: null,
        reason: null,
      } as const;
      for (const action of ["one", "two", "three"]) {
        audit.add({ ...entry, action });
        time += 1_000;
      }
      expect(audit.list({ limit: 2 }).map((each) => each.action)).toEqual(["two", "three"]);
      expect(audit.list({ since: "2026-01-01T01:00:01+01:00", limit: 9 }).map((each) => each.action)).toEqual([
        "two",
        "three",
      ]);
    });
  });

  it("follows the audit of one workspace: what is there, then what comes, whatever another listener does", () => {
    withDatabase((database) => {
      const errors: unknown[] = [];
      const audit = new AuditLog({ database, now, onListenerError: (error) => errors.push(error) });
      const add = (workspace: string, service: string | null, action: string) =>
        audit.add({ actor: "user", action, workspace, service, generation: null, from: null, to: null, reason: null });
      add("one", "api", "first");
      add("two", "api", "other");
      add("one", "web", "second");
      const heard: string[] = [];
      audit.follow({ workspace: "one", limit: 9 }, ({ action }) => {
        if (action === "third") throw new Error("a listener's own trouble");
      });
      const leave = audit.follow({ workspace: "one", limit: 1 }, ({ action }) => heard.push(action));
      add("two", "api", "not mine");
      add("one", null, "third");
      leave();
      add("one", null, "too late");
      expect(heard).toEqual(["second", "third"]);
      expect(errors).toHaveLength(1);
      expect(audit.list({ workspace: "one", service: "api", limit: 9 }).map(({ action }) => action)).toEqual(["first"]);
    });
  });

  it("lets one host into a home, and the next as soon as it has left", () => {
    const lockPath = join(folder, "host.lock");
    const first = acquireHostLock(lockPath);
    expect(first).not.toBeNull();
    expect(acquireHostLock(lockPath)).toBeNull();
    first?.release();
    const second = acquireHostLock(lockPath);
    expect(second).not.toBeNull();
    second?.release();
  });

  it("says cause and next step where the folder cannot hold a store", () => {
    const file = join(folder, "file");
    writeFileSync(file, "");
    expect(() => openDatabase(join(file, "deckhand.db"), now)).toThrow(
      expect.objectContaining({ code: "state_unwritable", next: expect.stringContaining("folder") }) as Error,
    );
  });
});
