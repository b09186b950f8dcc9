/** S: state files that lie, are damaged, or are not files at all. */
import { execFile, spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import Libsql from "libsql";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readHostFile, writeHostFile } from "../../electron/api/host-file.ts";
import { silentLogger } from "../../electron/core/lib/logger.ts";
import { LeaseStore } from "../../electron/core/process/lease-store.ts";
import { homeIdOf } from "../../electron/core/process/marker.ts";
import { signalGroup, signalProcess } from "../../electron/core/process/signals.ts";
import { openDatabase } from "../../electron/core/store/database.ts";
import { SettingsStore } from "../../electron/core/store/settings-store.ts";
import { readWindowState, writeWindowState } from "../../electron/shell/window-state.ts";
import { faultCase } from "../support/fault-case.ts";
import { begin, isAlive, noProcessIds, outputOf, ownProcessIds, programs, source } from "../support/fault-programs.ts";
import type { Stage } from "../support/fault-stage.ts";
import { collectGarbage } from "../support/garbage.ts";
import { bundleProgram } from "../support/guardian-bundle.ts";

let reuser: Awaited<ReturnType<typeof bundleProgram>>;
beforeAll(async () => {
  reuser = await bundleProgram(join(programs, "reused-pid.ts"));
  // The library of the store keeps descriptors from its first use on; the check of the state after a round is no leak.
  new Libsql(":memory:").close();
});
afterAll(() => reuser.remove());

/** A stranger's process, and a lease of a dead run that claims it. */
async function claimed(stage: Stage, change: (pid: number) => Record<string, unknown>): Promise<number> {
  const stranger = spawn("sleep", ["600"], { stdio: "ignore", detached: true });
  const gone = new Promise((resolve) => stranger.once("exit", resolve));
  stage.defer(async () => {
    stranger.kill("SIGKILL");
    await gone;
  });
  const pid = stranger.pid ?? 0;
  writeLease(stage, lease(stage, pid, change(pid)));
  return pid;
}

function lease(stage: Stage, pid: number, change: Record<string, unknown>): Record<string, unknown> {
  return {
    version: 1,
    id: "claim",
    kind: "service",
    name: "web",
    workspace: "w",
    argv0: "sleep",
    pid,
    pgid: pid,
    sid: pid,
    startTime: source.read(pid)?.startTime ?? "1",
    startOrder: 1,
    bootId: source.bootId,
    ownerPid: 4_000_000,
    ownerStartTime: "1",
    marker: `${homeIdOf(stage.home)}.dead.claim`,
    ports: [],
    stopSignal: "SIGTERM",
    graceMs: 100,
    startedAt: 1,
    ...change,
  };
}

function writeLease(stage: Stage, content: Record<string, unknown>): void {
  mkdirSync(join(stage.home, "leases"), { recursive: true });
  writeFileSync(join(stage.home, "leases", "claim.json"), JSON.stringify(content));
}

faultCase("S03", "a lease that points at somebody else's process harms nobody and is dropped", async (stage) => {
  const pid = await claimed(stage, () => ({ startTime: "1" }));
  expect(await stage.openKeeper().settle()).toMatchObject({ ended: ["claim"], survivors: [] });
  expect(isAlive(pid)).toBe(true);
  expect(readdirSync(join(stage.home, "leases"))).toEqual([]);
});

if (noProcessIds !== null) test.skip(`S04 is not played: ${noProcessIds}`, () => undefined);
else {
  faultCase("S04", "a pid that the kernel gave to somebody else is neither signalled nor settled", async (stage) => {
    const argv = [...ownProcessIds, process.execPath, reuser.path, stage.home];
    expect(JSON.parse(await outputOf(stage, argv))).toMatchObject({
      same: true,
      signals: ["gone", "gone"],
      report: { ended: ["lease"], survivors: [] },
      alive: true,
    });
  });
}

faultCase(
  "S05",
  "a lease of an earlier start of the machine is dropped, even if the process would fit",
  async (stage) => {
    const pid = await claimed(stage, () => ({ bootId: "00000000-0000-0000-0000-000000000000" }));
    expect(await stage.openKeeper().settle()).toMatchObject({ ended: [], dropped: ["claim"], survivors: [] });
    expect(isAlive(pid)).toBe(true);
  },
);

faultCase(
  "S06",
  "pids that would mean everybody, init, ourselves or nobody are refused, in a lease and at the signal",
  async (stage) => {
    for (const pid of [0, -1, 1, 2 ** 31, process.pid, 1.5, Number.NaN, -process.pid]) {
      writeLease(stage, lease(stage, pid, {}));
      const { leases, quarantined } = new LeaseStore(stage.home).readAll(true);
      expect(leases).toEqual([]);
      expect(quarantined).toHaveLength(1);
      const entry = { ...source.read(process.pid)!, pid, pgid: pid };
      expect(signalProcess(source, entry, "SIGKILL")).toBe("refused");
      expect(signalGroup(source, { ...entry, pid: process.pid }, "SIGKILL")).toBe("refused");
    }
    // A child leads its own group: a lease that says otherwise would have us signal strangers.
    writeLease(stage, lease(stage, 4_000_001, { pgid: 4_000_002 }));
    expect(new LeaseStore(stage.home).readAll(true).quarantined).toHaveLength(1);
  },
);

/** What happens to files. */
function mutate(random: () => number, sound: Buffer): Buffer {
  const at = Math.floor(random() * sound.length);
  const copy = Buffer.from(sound);
  switch (Math.floor(random() * 8)) {
    case 0:
      return Buffer.alloc(0);
    case 1:
      return sound.subarray(0, at);
    case 2:
      return Buffer.concat([sound, Buffer.alloc(1 + at)]);
    case 3:
      return Buffer.alloc(sound.length);
    case 4:
      return Buffer.from(Array.from({ length: 1 + at }, () => Math.floor(random() * 256)));
    case 5:
      copy[at] = Math.floor(random() * 256);
      return copy;
    case 6:
      return Buffer.from(sound.toString("latin1").replace(/"?version"?:? ?\d+/, '"version":99'), "latin1");
    default:
      return Buffer.from(JSON.stringify([sound.toString("latin1"), null, { __proto__: 1 }]));
  }
}

faultCase(
  "S08",
  "leases, the host file and the window's place in 200 damaged forms: sound, or set aside; never obeyed",
  async (stage) => {
    const { owned } = await begin(stage, ["sleep", "600"]);
    const leases = join(stage.home, "leases");
    const sound = readFileSync(join(leases, `${owned.id}.json`));
    const other = join(stage.root, "other");
    mkdirSync(join(other, "leases"), { recursive: true });
    const host = { pid: 7, kind: "headless", version: "1", startedAt: "now", port: 1, token: "t".repeat(64) } as const;
    writeHostFile(other, host);
    const hostFile = readFileSync(join(other, "host.json"));
    const place = join(other, "window.json");
    writeWindowState(place, { x: 1, y: 1, width: 800, height: 600, maximized: false });
    const window = readFileSync(place);
    for (let count = 0; count < 200; count += 1) {
      const damaged = mutate(stage.random, sound);
      writeFileSync(join(other, "leases", `${owned.id}.json`), damaged);
      const read = new LeaseStore(other).readAll(true);
      expect(read.leases.length + read.quarantined.length).toBe(1);
      for (const found of read.leases) expect(found).toMatchObject({ id: owned.id, version: 1 });
      writeFileSync(join(other, "host.json"), mutate(stage.random, hostFile), { mode: 0o600 });
      const seen = readHostFile(other);
      if (seen !== null) expect(Object.keys(seen).toSorted()).toEqual(Object.keys(host).toSorted());
      writeFileSync(place, mutate(stage.random, window));
      const state = readWindowState(place, [{ x: 0, y: 0, width: 1_920, height: 1_080 }]);
      if (state !== null) expect(state.width).toBeGreaterThanOrEqual(200);
      if (count % 20 === 19) await new Promise((resolve) => setImmediate(resolve));
    }
    rmSync(join(other, "leases", `${owned.id}.json`), { force: true });
    // A file of 10 MB is none of ours.
    writeFileSync(join(other, "leases", "large.json"), Buffer.alloc(10 * 1_024 * 1_024, " "));
    expect(new LeaseStore(other).readAll(true)).toMatchObject({ leases: [], quarantined: [{ name: "large.json" }] });
    expect(readdirSync(join(other, "leases", "quarantine")).length).toBeLessThanOrEqual(50);
    await owned.stop();
  },
);

faultCase(
  "S08",
  "a store that is damaged, or of a newer Deckhand, is kept aside and begun afresh; settings that do not fit are defaults",
  async (stage) => {
    await damageStore(stage);
    // Only now nothing refers to the library's objects any more, and their files are closed.
    collectGarbage();
    await turn();
    collectGarbage();
  },
  { maxRounds: 20 },
);

faultCase(
  "S12",
  "a state file that is a link or a pipe is refused at once, and the pipe is not waited for",
  async (stage) => {
    const target = join(stage.root, "elsewhere.json");
    const leases = join(stage.home, "leases");
    mkdirSync(leases);
    const sound = JSON.stringify(lease(stage, 4_000_001, {}));
    writeFileSync(target, sound);
    const makers = [
      (paths: readonly string[]) => Promise.resolve(paths.forEach((path) => symlinkSync(target, path))),
      (paths: readonly string[]) => promisify(execFile)("mkfifo", [...paths]),
    ];
    for (const make of makers) {
      await make([join(leases, "claim.json"), join(stage.home, "host.json"), join(stage.home, "window.json")]);
      // Whoever waited for the pipe would wait for ever.
      const began = performance.now();
      expect(new LeaseStore(stage.home).readAll(true)).toMatchObject({
        leases: [],
        quarantined: [{ name: "claim.json" }],
      });
      expect(readHostFile(stage.home)).toBeNull();
      expect(readWindowState(join(stage.home, "window.json"), [])).toBeNull();
      expect(performance.now() - began).toBeLessThan(1_000);
      for (const name of ["host.json", "window.json"]) rmSync(join(stage.home, name), { force: true });
      rmSync(join(leases, "quarantine"), { recursive: true });
    }
    // What the link led to is as it was.
    expect(readFileSync(target, "utf8")).toBe(sound);
  },
);

/** A host opens its store once, before it shows anything; many of them are not one wait. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

async function damageStore(stage: Stage): Promise<void> {
  const path = join(stage.root, "deckhand.db");
  openDatabase(path, () => 1).database.close();
  // Only then are its files closed, as they are when a host has ended.
  await turn();
  collectGarbage();
  await turn();
  const sound = readFileSync(path);
  const garbage = Buffer.from("not a database, but long enough to be taken for one".repeat(100));
  for (const [index, content] of [garbage, sound].entries()) {
    const damaged = join(stage.root, `damaged-${index}.db`);
    writeFileSync(damaged, content);
    if (content === sound) {
      const newer = new Libsql(damaged);
      newer.exec("PRAGMA user_version = 99");
      newer.close();
    }
    const opened = openDatabase(damaged, () => 1);
    expect(opened.quarantined).toBe(`${damaged}.damaged-1`);
    expect(existsSync(`${damaged}.damaged-1`)).toBe(true);
    opened.database.close();
    await turn();
  }
  const { database } = openDatabase(path, () => 1);
  const fresh = new SettingsStore({ database, logger: silentLogger });
  const defaults = fresh.get();
  fresh.change({});
  const rows = database.prepare("SELECT key, value FROM settings").all() as { key: string; value: string }[];
  const write = database.prepare("UPDATE settings SET value = ? WHERE key = ?");
  for (const { key, value } of rows) write.run(mutate(stage.random, Buffer.from(value)).toString("latin1"), key);
  await turn();
  const settings = new SettingsStore({ database, logger: silentLogger }).get();
  expect(Object.keys(settings).toSorted()).toEqual(Object.keys(defaults).toSorted());
  database.close();
}
