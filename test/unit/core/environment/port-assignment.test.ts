/** What services of one environment are given, on the ports of this machine. */
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { ServicePort } from "#shared/schema/service.ts";
import { PortAssignment } from "../../../../electron/core/environment/port-assignment.ts";
import { machineFolder, PortClaims } from "../../../../electron/core/environment/port-claims.ts";
import { PortMemory } from "../../../../electron/core/environment/port-memory.ts";
import { PortRegistry, slotOf } from "../../../../electron/core/environment/ports.ts";
import { silentLogger } from "../../../../electron/core/lib/logger.ts";
import { systemProcesses } from "../../../../electron/core/process/system-processes.ts";
import { freePort, listen } from "../../../support/environment-world.ts";

type Users = Parameters<PortAssignment["assign"]>[0];

let base: string;
let warnings: string[];
const open: PortAssignment[] = [];
const claimed: PortClaims[] = [];
const servers: Awaited<ReturnType<typeof listen>>[] = [];
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "deckhand-ports-"));
  warnings = [];
});
afterEach(async () => {
  for (const each of open.splice(0)) each.releaseAll();
  for (const made of claimed.splice(0)) made.close();
  for (const server of servers.splice(0)) await new Promise((done) => server.close(done));
  rmSync(base, { recursive: true, force: true });
});

const logger = { ...silentLogger, warn: (message: string) => void warnings.push(message) };
const claims = (folder = join(base, "machine")) => {
  const made = new PortClaims({ folder, source: systemProcesses(), logger });
  claimed.push(made);
  return made;
};
const memory = (file = "ports.json") => new PortMemory({ file: join(base, file), logger });

function user(name: string, ports: readonly ServicePort[], kind = "argv", live = false): Users[number] {
  return { name, live, detected: { run: { kind }, plan: { ports } } } as unknown as Users[number];
}
const port = (value: number, more: Partial<ServicePort> = {}): ServicePort => ({
  name: "http",
  port: value,
  env: "PORT",
  ...more,
});

function assignment(
  registry = new PortRegistry({ claims: claims(), memory: memory() }),
  workspace = "wsp_a",
): PortAssignment {
  const holder = { pid: 812, command: "node /x" };
  const made = new PortAssignment({ registry, workspace, keeper: { portHolder: () => Promise.resolve(holder) } });
  open.push(made);
  return made;
}

/** What the services are given, in order. */
async function give(ports: PortAssignment, ...services: Users[number][]): Promise<number[]> {
  await ports.assign(services, services);
  return services.flatMap((service) => ports.portsOf(service).map((one) => one.port));
}

async function occupied(): Promise<number> {
  const held = await freePort();
  servers.push(await listen(held));
  return held;
}

describe("a port", () => {
  test("that may move does, and one that a command fixes does not", async () => {
    const held = await occupied();
    const given = await give(assignment(), user("a", [port(held)]), user("b", [port(held, { env: null })]));
    expect(given[0]).toBeGreaterThan(held);
    expect(given[1]).toBe(held);
  });

  test("that is strict blocks its service and names the holder", async () => {
    const held = await occupied();
    const ports = assignment();
    await give(ports, user("web", [port(held, { strict: true })]));
    expect(ports.failureOf("web")).toMatchObject({
      code: "port_in_use",
      message: `web needs port ${held}, which is used by node /x (pid 812).`,
      details: { holder: { pid: 812 } },
    });
  });

  test("that is strict and spoken for by another workspace names that one", async () => {
    const free = await freePort();
    const registry = new PortRegistry({ claims: null, memory: null });
    await give(assignment(registry, "wsp_a"), user("web", [port(free)]));
    const second = assignment(registry, "wsp_b");
    await give(second, user("web", [port(free, { strict: true })]));
    expect(second.failureOf("web")?.message).toContain(`needs port ${free}, which web of workspace wsp_a has`);
  });

  test("is held until it is handed over, and then can be listened on at once", async () => {
    const ports = assignment();
    const [given = 0] = await give(ports, user("a", [port(await freePort())]));
    await expect(listen(given)).rejects.toMatchObject({ code: "EADDRINUSE" });
    await expect(fetch(`http://127.0.0.1:${given}/`)).rejects.toThrow("fetch failed");
    ports.handOver("a");
    servers.push(await listen(given));
  });

  test("of a container stays where it is told to be by a stranger, and moves for another workspace", async () => {
    const held = await occupied();
    const registry = new PortRegistry({ claims: null, memory: null });
    const db = () => user("db", [port(held, { env: null })], "compose");
    expect(await give(assignment(registry, "wsp_a"), db())).toEqual([held]);
    expect((await give(assignment(registry, "wsp_b"), db()))[0]).toBeGreaterThan(held);
  });

  test("that was given stays while others run, and two assignments at once do not meet", async () => {
    const ports = assignment();
    const wanted = await freePort();
    const other = user("other", [], "argv", true);
    const [first] = await give(ports, user("a", [port(wanted)]));
    await ports.assign([user("a", [port(wanted)])], [other]);
    expect(ports.portsOf(user("a", []))[0]?.port).toBe(first);
    const [x, y] = [user("x", [port(wanted)]), user("y", [port(wanted)])];
    await Promise.all([ports.assign([x], [x]), ports.assign([y], [y])]);
    expect(ports.portsOf(x)[0]?.port).not.toBe(ports.portsOf(y)[0]?.port);
  });

  test("cannot be had where the last of all is taken", async () => {
    const registry = new PortRegistry();
    await registry.take(65_535, "z/z", true);
    const ports = assignment(registry);
    await give(ports, user("late", [port(65_535)]));
    expect(ports.failureOf("late")?.message).toContain("neither 65535 nor any of the next hundred is free");
  });
});

describe("what a workspace was given", () => {
  test("moves all its services by the same distance, which depends on nothing but its id", () => {
    expect(slotOf("wsp_a")).toBe(slotOf("wsp_a"));
    expect(new Set(["a", "b", "c", "d"].map(slotOf)).size).toBeGreaterThan(1);
  });

  test("survives names of every kind, and is forgotten when something else is wanted", () => {
    const first = memory();
    first.remember("__proto__", "constructor", [{ wanted: 3000, given: 3007 }]);
    first.save();
    expect(memory().recall("__proto__", "constructor", 3000)).toBe(3007);
    expect(memory().recall("__proto__", "constructor", 3001)).toBeNull();
    first.remember("__proto__", "constructor", []);
    first.save();
    expect(memory().recall("__proto__", "constructor", 3000)).toBeNull();
  });

  test.each(["", "{}", "[[1]]", '[["w",[["s",[{"wanted":0,"given":99999}]]]]]', "\0"])("is nothing in %j", (text) => {
    writeFileSync(join(base, "ports.json"), text);
    expect(memory().recall("w", "s", 0)).toBeNull();
    expect(warnings).toHaveLength(1);
    const anew = new PortMemory({ file: join(base, "ports.json"), logger });
    anew.remember("w", "s", [{ wanted: 1, given: 2 }]);
    anew.save();
    expect(memory().recall("w", "s", 1)).toBe(2);
  });

  test("is bounded: the workspace written longest ago goes first", () => {
    const all = memory();
    for (let index = 0; index <= 500; index += 1) all.remember(`w${index}`, "s", [{ wanted: 1, given: 2 }]);
    all.save();
    expect(memory().recall("w0", "s", 1)).toBeNull();
    expect(memory().recall("w1", "s", 1)).toBe(2);
  });

  test("is not lost to the running host where it cannot be written", () => {
    const nowhere = memory("missing/ports.json");
    nowhere.remember("w", "s", [{ wanted: 1, given: 2 }]);
    nowhere.save();
    expect(nowhere.recall("w", "s", 1)).toBe(2);
    expect(warnings).toContain("Ports could not be remembered");
  });
});

describe("the claims of this machine", () => {
  const owner = { workspace: "wsp_a", service: "web" };

  test("are for one service each, taken again by it and free after it", () => {
    const one = claims();
    expect(one.claim(4000, owner)).toBeNull();
    expect(one.claim(4000, owner)).toBeNull();
    expect(one.claim(4000, { ...owner, service: "api" })).toMatchObject({ ...owner, pid: process.pid });
    one.release(4000);
    expect(one.claim(4000, { ...owner, service: "api" })).toBeNull();
  });

  test.each([
    ["another boot of the machine", { boot: "another", start: null, alive: true }, true],
    ["a process that began at another time", { boot: null, start: "1", alive: true }, true],
    ["a dead one", { boot: null, start: null, alive: false }, true],
    ["a living host", { boot: null, start: null, alive: true }, false],
  ])("of %s", (_, was, free) => {
    const source = systemProcesses();
    const other = process.ppid;
    const self = source.read(other)!;
    // As the other host would write it.
    const theirs = new PortClaims({
      folder: join(base, "machine"),
      logger,
      source: { bootId: was.boot ?? source.bootId, read: () => ({ ...self, startTime: was.start ?? self.startTime }) },
    });
    const pid = Object.getOwnPropertyDescriptor(process, "pid")!;
    Object.defineProperty(process, "pid", { value: was.alive ? other : 2 ** 22 + 1, configurable: true });
    try {
      expect(theirs.claim(4000, { workspace: "wsp_b", service: "web" })).toBeNull();
    } finally {
      theirs.close();
      Object.defineProperty(process, "pid", pid);
    }
    expect(claims().claim(4000, owner) === null).toBe(free);
  });

  test("begin anew in a damaged file", () => {
    mkdirSync(join(base, "machine"), { mode: 0o700 });
    writeFileSync(join(base, "machine", "ports.db"), "no database at all, ".repeat(500));
    const one = claims();
    expect(one.claim(4000, owner)).toBeNull();
    expect(one.claim(4000, { ...owner, service: "api" })).not.toBeNull();
    expect(readFileSync(join(base, "machine", "ports.db"), "latin1").slice(0, 15)).toBe("SQLite format 3");
  });

  test("go on in a new file where somebody tidied the old one away", () => {
    const one = claims();
    one.claim(4000, owner);
    rmSync(join(base, "machine"), { recursive: true });
    expect(one.claim(4001, owner)).toBeNull();
    expect(claims().claim(4001, { ...owner, service: "api" })).not.toBeNull();
    expect(warnings).toEqual([]);
  });

  test.each([
    ["others may write", () => chmodSync(join(base, "machine"), 0o777)],
    [
      "is a link",
      () => {
        rmSync(join(base, "machine"), { recursive: true });
        symlinkSync(base, join(base, "machine"));
      },
    ],
  ])("are not kept in a folder that %s; ports are given all the same, and it is said once", async (_, spoil) => {
    mkdirSync(join(base, "machine"));
    spoil();
    const one = claims();
    expect(one.claim(4000, owner)).toBeNull();
    expect(one.claim(4000, { ...owner, service: "api" })).toBeNull();
    expect(warnings).toEqual(["Ports cannot be shared out among the hosts of this machine"]);
  });

  test("are in one folder for all hosts of a person", () => {
    expect(machineFolder(1000)).toBe("/tmp/deckhand-1000");
  });
});
