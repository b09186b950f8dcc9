/** The promises of the command line, kept from outside: the built program, a real host, real services, the real OpenCode. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Detection, EnvironmentStatus } from "#shared/schema/environment.ts";
import { detectionSchema, environmentStatusSchema } from "#shared/schema/environment.ts";
import { processListSchema } from "#shared/schema/host.ts";
import { createWorld, type World } from "../support/world.ts";
import { until } from "../support/until.ts";

describe("the command line on the sample project", () => {
  let world: World;
  let harbour = "";
  beforeAll(async () => {
    world = await createWorld();
    harbour = world.project("harbour");
  });
  afterAll(() => world.close());

  it("detects services, order and ports, and starts nothing", async () => {
    const { code, stdout } = await world.deckhand("detect", harbour, "--json");
    expect(code).toBe(0);
    const detection: Detection = detectionSchema.parse(JSON.parse(stdout));
    expect(detection.services.map((service) => service.name).toSorted()).toEqual([
      "db:migrate",
      "db:seed",
      "dev:api",
      "dev:web",
      "dev:worker",
    ]);
    expect(detection.order[0]).toEqual(["db:migrate"]);
    expect(detection.order[1]).toEqual(["db:seed"]);
    expect(detection.order[2]?.toSorted()).toEqual(["dev:api", "dev:web", "dev:worker"]);
    expect(detection.problems).toEqual([]);
    expect(world.processes()).toEqual([]);
  });

  it("refuses to run a folder nobody trusts, with exit code 3 and the list of what would run", async () => {
    const { code, stdout, stderr } = await world.deckhand("up", harbour, "--detach", "--json");
    expect(code).toBe(3);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: "not_trusted" } });
    expect(stderr).toContain("deckhand trust");
    expect((await world.deckhand("trust", harbour)).code).toBe(3);
    expect((await world.deckhand("trust", harbour, "--yes")).code).toBe(0);
  });

  it("brings everything up in order, says so, and keeps to its schema", async () => {
    const { code, stdout, stderr } = await world.deckhand("up", harbour, "--detach", "--json");
    expect(stderr).not.toMatch(/error/i);
    expect(code).toBe(0);
    const status: EnvironmentStatus = environmentStatusSchema.parse(JSON.parse(stdout));
    expect(status.phase).toBe("ready");
    expect(status.services.every((service) => service.ready)).toBe(true);
    const again = await world.deckhand("up", harbour, "--detach", "--json");
    const pids = (document: string) =>
      environmentStatusSchema.parse(JSON.parse(document)).services.map((service) => service.pid);
    expect(pids(again.stdout)).toEqual(pids(stdout));
    const audit = (await world.deckhand("audit", "--json")).json as { entries: { service: string; to: string }[] };
    const firstRun = (name: string) =>
      audit.entries.findIndex((entry) => entry.service === name && ["running", "starting"].includes(entry.to));
    const done = (name: string) =>
      audit.entries.findIndex((entry) => entry.service === name && entry.to === "completed");
    expect(done("db:migrate")).toBeLessThan(firstRun("db:seed"));
    expect(done("db:seed")).toBeLessThan(firstRun("dev:api"));
  });

  it("answers questions about it: status, logs, ps", async () => {
    const status = environmentStatusSchema.parse((await world.deckhand("status", harbour, "--json")).json);
    const api = status.services.find((service) => service.name === "dev:api");
    expect((await fetch(`${api?.url}/healthz`)).status).toBe(200);
    const logs = (await world.deckhand("logs", harbour, "--service", "db:migrate", "--json")).json as {
      lines: { source: string; text: string }[];
    };
    expect(logs.lines.length).toBeGreaterThan(0);
    expect(logs.lines.every((line) => line.source === "db:migrate")).toBe(true);
    const tail = (await world.deckhand("logs", harbour, "--tail", "3", "--json")).json as { lines: unknown[] };
    expect(tail.lines).toHaveLength(3);
    const list = processListSchema.parse((await world.deckhand("ps", "--json")).json);
    expect(list.processes.map((each) => each.name)).toEqual(
      expect.arrayContaining(["dev:api", "dev:worker", "dev:web"]),
    );
  });

  it("restarts one service and no other", async () => {
    const before = environmentStatusSchema.parse((await world.deckhand("status", harbour, "--json")).json);
    const { code, stdout } = await world.deckhand("restart", harbour, "--service", "dev:worker", "--json");
    expect(code).toBe(0);
    const after = environmentStatusSchema.parse(JSON.parse(stdout));
    const pid = (status: EnvironmentStatus, name: string) =>
      status.services.find((service) => service.name === name)?.pid;
    expect(pid(after, "dev:worker")).not.toBe(pid(before, "dev:worker"));
    expect(pid(after, "dev:api")).toBe(pid(before, "dev:api"));
  });

  it("asks an agent, which runs a command once it is allowed, and streams what it says", async () => {
    const { code, stdout, stderr } = await world.deckhand(
      "ask",
      harbour,
      "#bash echo from-the-$((40+2))",
      "--permission",
      "once",
      "--json",
    );
    expect(stderr).toContain("from-the-42");
    expect(code).toBe(0);
    const answer = JSON.parse(stdout) as {
      sessionID: string;
      text: string;
      error: unknown;
      permissions: { reply: string }[];
      parts: { type: string }[];
    };
    expect(answer.error).toBeNull();
    expect(answer.permissions.map((permission) => permission.reply)).toEqual(["once"]);
    expect(answer.parts.some((part) => part.type === "tool")).toBe(true);
    expect(answer.text).toContain("from-the-42");
    const next = await world.deckhand("ask", harbour, "#say and again", "--session", answer.sessionID);
    expect(next.stdout).toContain("and again");
    expect(next.stdout).not.toContain("from-the-42");
  });

  it("reports a turn that fails as a failure", async () => {
    const { code, stdout } = await world.deckhand("ask", harbour, "#fail 401", "--json");
    expect(code).toBe(1);
    expect((JSON.parse(stdout) as { error: { message: string } }).error.message).not.toBe("");
  });

  it("stops everything of the folder, and leaves no process with our marker", async () => {
    const { code, stdout } = await world.deckhand("down", harbour, "--json");
    expect(code).toBe(0);
    expect(environmentStatusSchema.parse(JSON.parse(stdout)).phase).toBe("stopped");
    await until(
      "an empty ps",
      10_000,
      async () => processListSchema.parse((await world.deckhand("ps", "--json")).json).processes.length === 0,
    );
    const left = world.processes().filter(({ command }) => !command.includes("headless.js"));
    expect(left).toEqual([]);
    expect((await world.deckhand("down", harbour)).code).toBe(0);
  });
});

describe("what the command line says to bad input", () => {
  let world: World;
  beforeEach(async () => {
    world = await createWorld();
  });
  afterEach(() => world.close());

  it.each([
    [["nonsense"], 2],
    [["up", "--no-such-option"], 2],
    [["up", "one", "two"], 2],
    [["ask"], 2],
    [["ask", "hello", "--permission", "maybe"], 2],
    [["logs", "--tail", "many"], 2],
    [["status"], 4],
    [["restart", "--service", "x"], 4],
    [["logs"], 4],
    [["audit"], 4],
    [["down"], 0],
    [["ps"], 0],
    [["stop"], 0],
    [["--help"], 0],
    [["--version"], 0],
  ])("%j without a host ends with %i, and with a JSON document", async (words, expected) => {
    const { code, stdout } = await world.deckhand(...words, "--json");
    expect(code).toBe(expected);
    if (words[0] !== "--help") expect(() => JSON.parse(stdout)).not.toThrow();
    if (expected > 0)
      expect(JSON.parse(stdout)).toMatchObject({ error: { code: expect.any(String), message: expect.any(String) } });
    expect(world.processes()).toEqual([]);
  });

  it("says of every kind of bad folder what is wrong and what to do", async () => {
    const file = join(world.folder, "a-file");
    writeFileSync(file, "");
    const empty = join(world.folder, "empty");
    mkdirSync(empty);
    const cases: [string, string][] = [
      [join(world.folder, "nowhere"), "folder_missing"],
      [file, "not_a_folder"],
      [empty, "no_services"],
      [world.project("broken-package"), "file_invalid"],
      [world.project("broken-compose"), "file_invalid"],
      [world.project("broken-cycle"), "dependency_cycle"],
    ];
    for (const [directory, code] of cases) {
      const { stdout } = await world.deckhand("detect", directory, "--json");
      expect(stdout, directory).toContain(`"${code}"`);
      const up = await world.deckhand("up", directory, "--detach", "--json");
      expect(up.code, directory).toBeGreaterThan(0);
      expect(up.stderr.trim().split("\n").length, up.stderr).toBeGreaterThan(0);
    }
  });
});
