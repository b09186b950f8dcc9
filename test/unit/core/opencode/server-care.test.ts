/** What a server is watched for beside its signs of life: memory, CPU, use; and the small parts that remember it. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import type { ServerHistory } from "#shared/schema/server.ts";
import { PortRegistry } from "../../../../electron/core/environment/ports.ts";
import { Emitter } from "../../../../electron/core/lib/emitter.ts";
import { AppError } from "../../../../electron/core/lib/error.ts";
import { silentLogger } from "../../../../electron/core/lib/logger.ts";
import { adoptedUrl } from "../../../../electron/core/opencode/adopted-run.ts";
import { configProblem } from "../../../../electron/core/opencode/config-problem.ts";
import { EventMeter } from "../../../../electron/core/opencode/event-meter.ts";
import { judgeIdle } from "../../../../electron/core/opencode/idle.ts";
import { Limits } from "../../../../electron/core/opencode/limits.ts";
import { Plans } from "../../../../electron/core/opencode/plans.ts";
import { SampleHistory } from "../../../../electron/core/opencode/server-history.ts";
import { portChooser } from "../../../../electron/core/opencode/server-port.ts";
import { StartGate } from "../../../../electron/core/opencode/start-gate.ts";
import { UpdateCheck } from "../../../../electron/core/opencode/update-check.ts";
import { systemClock } from "../../../../electron/core/lib/clock.ts";
import { ManualClock } from "../../../support/manual-clock.ts";

const never = new AbortController().signal;
const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

/** A server that answers everything the same way; resolves with its port. */
async function serve(status: number, headers: Record<string, string>, body: string): Promise<number> {
  const server = createServer((_, response) => response.writeHead(status, headers).end(body));
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  return (server.address() as AddressInfo).port;
}

describe("Limits", () => {
  const usage = (mb: number, busiest: { pid: number; command: string; cpuPercent: number } | null = null) => ({
    memoryBytes: mb * 1_024 * 1_024,
    cpuPercent: busiest?.cpuPercent ?? 0,
    processes: 2,
    busiest,
  });

  it("warns at once, and wants a restart at the third reading over the limit", () => {
    const limits = new Limits();
    const judge = (mb: number) => limits.judge({ at: 0, usage: usage(mb), isBusy: false, limitMb: 500 });
    expect(judge(500)).toEqual({ memory: null, restart: false, cpu: null });
    expect([judge(501), judge(600), judge(700)].map(({ restart }) => restart)).toEqual([false, false, true]);
    expect(judge(900).memory).toMatchObject({ code: "opencode_memory", details: { limitMb: 500 } });
    expect(judge(400)).toMatchObject({ memory: null, restart: false });
    expect(judge(501).restart).toBe(false);
  });

  it("has no limit where none is set", () => {
    const limits = new Limits();
    expect(limits.judge({ at: 0, usage: usage(90_000), isBusy: false, limitMb: null }).memory).toBeNull();
  });

  it("names a process that never rests, after five minutes without a turn", () => {
    const limits = new Limits();
    const judge = (at: number, cpuPercent: number, isBusy = false, pid = 7) =>
      limits.judge({ at, usage: usage(1, { pid, command: "tsserver", cpuPercent }), isBusy, limitMb: null }).cpu;
    expect(judge(0, 99)).toBeNull();
    expect(judge(299_999, 99)).toBeNull();
    expect(judge(300_000, 99)).toMatchObject({ code: "opencode_cpu", details: { pid: 7, command: "tsserver" } });
    // Another process, a turn, or a rest begin the time anew.
    expect(judge(300_001, 99, false, 8)).toBeNull();
    expect(judge(600_001, 99, true, 8)).toBeNull();
    expect(judge(600_002, 99, false, 8)).toBeNull();
    expect(judge(900_000, 80, false, 8)).toBeNull();
    expect(judge(900_003, 99, false, 8)).toBeNull();
  });
});

it("announces the end of an unused server in its last minute", () => {
  const half = 30 * 60_000;
  expect(judgeIdle(half * 9, null, false)).toEqual({ kind: "used" });
  expect(judgeIdle(half * 9, half, true)).toEqual({ kind: "used" });
  expect(judgeIdle(half - 60_001, half, false)).toEqual({ kind: "used" });
  expect(judgeIdle(half - 60_000, half, false)).toEqual({ kind: "soon", inMs: 60_000 });
  expect(judgeIdle(half, half, false)).toEqual({ kind: "due" });
});

it("shows the gravest plan, and leaves alone what a person called off until its reason is gone", () => {
  const plans = new Plans();
  const plan = (action: "restart" | "stop") => ({ action, reason: action, at: null });
  plans.set("idle", plan("stop"));
  plans.set("health", plan("restart"));
  expect(plans.current?.action).toBe("restart");
  expect(plans.keep()).toEqual(["idle", "health"]);
  expect([plans.current, plans.isCalledOff("health"), plans.isCalledOff("memory")]).toEqual([null, true, false]);
  expect([plans.drop("health"), plans.isCalledOff("health")]).toEqual([false, false]);
  plans.set("memory", plan("restart"));
  expect([plans.get("memory")?.action, plans.drop("memory"), plans.get("memory")]).toEqual(["restart", true, null]);
  plans.clear();
  expect(plans.isCalledOff("idle")).toBe(false);
});

it("keeps half an hour of readings: everything first, then the news, and nothing from before a start", () => {
  const history = new SampleHistory(new Emitter<ServerHistory>(() => undefined));
  const sample = (at: number) => ({ at, memoryBytes: at, cpuPercent: null, eventsPerSecond: 0 });
  for (let at = 1; at <= 400; at += 1) history.add(sample(at));
  const heard: ServerHistory[] = [];
  const stop = history.watch((news) => heard.push(news));
  history.add(sample(401));
  history.reset();
  stop();
  history.add(sample(1));
  expect(heard.map(({ reset, samples }) => [reset, samples.length, samples.at(0)?.at])).toEqual([
    [true, 360, 41],
    [false, 1, 401],
    [true, 0, undefined],
  ]);
});

it("counts events, the last ten seconds apart, and second copies not at all", () => {
  const clock = new ManualClock();
  const meter = new EventMeter(clock);
  expect([meter.total, meter.lastAt, meter.perSecond()]).toEqual([0, null, 0]);
  for (let second = 0; second < 12; second += 1) {
    for (let count = 0; count < 5; count += 1) meter.add({ type: "message.part.delta" });
    meter.add({ type: "sync" });
    if (second < 11) clock.advance(1_000);
  }
  expect([meter.total, meter.lastAt, meter.perSecond()]).toEqual([60, clock.now(), 5]);
  clock.advance(9_000);
  expect(meter.perSecond()).toBe(0.5);
  clock.advance(60_000);
  expect([meter.perSecond(), meter.total]).toEqual([0, 60]);
  meter.reset();
  expect([meter.total, meter.lastAt]).toEqual([0, null]);
});

describe("StartGate", () => {
  it("lets two in, the others in their order, and forgets who gave up waiting", async () => {
    const gate = new StartGate();
    const began: string[] = [];
    const ends = new Map<string, () => void>();
    const enter = (name: string, signal = never) =>
      gate.pass(signal, () => {
        began.push(name);
        return new Promise<void>((resolve) => ends.set(name, resolve));
      });
    const leaving = new AbortController();
    const all = [enter("a"), enter("b")];
    const given = enter("c", leaving.signal);
    all.push(enter("d"), enter("e"));
    await Promise.resolve();
    expect(began).toEqual(["a", "b"]);
    leaving.abort();
    await expect(given).rejects.toMatchObject({ name: "AbortError" });
    await expect(enter("f", leaving.signal)).rejects.toMatchObject({ name: "AbortError" });
    for (const name of ["b", "a", "d", "e"]) {
      ends.get(name)?.();
      await new Promise((resolve) => setImmediate(resolve));
    }
    await Promise.all(all);
    expect(began).toEqual(["a", "b", "d", "e"]);
  });

  it("lets the next in when one fails", async () => {
    const gate = new StartGate(1);
    const failed = gate.pass(never, () => Promise.reject(new Error("no disk")));
    const next = gate.pass(never, () => Promise.resolve("in"));
    await expect(failed).rejects.toThrow("no disk");
    expect(await next).toBe("in");
  });
});

describe("the port", () => {
  const chooser = (holder: { pid: number; command: string } | null = null) =>
    portChooser({ registry: new PortRegistry(), keeper: { portHolder: () => Promise.resolve(holder) } });
  const wish = (port: number) => ({ host: "127.0.0.1" as const, port, owner: "w" });

  it("is any free one, or the one that is wanted", async () => {
    const free = await chooser().choose(wish(0), never);
    expect(free).toBeGreaterThan(1_023);
    expect(await chooser().isTaken(free)).toBe(false);
    expect(await chooser().choose(wish(free), never)).toBe(free);
  });

  it.each([
    ["somebody", 200, { "content-type": "text/html" }, "<title>", "port_in_use"],
    ["somebody with another lock", 401, { "www-authenticate": "Bearer" }, "", "port_in_use"],
    ["somebody who sends nonsense", 200, { "content-type": "application/json" }, "{", "port_in_use"],
    ["OpenCode with a password", 401, { "www-authenticate": 'Basic realm="Secure Area"' }, "", "opencode_running"],
    [
      "OpenCode without one",
      200,
      { "content-type": "application/json" },
      '{"healthy":true,"version":"1.18.33"}',
      "opencode_running",
    ],
  ])("that is taken by %s is told with its holder", async (_, status, headers, body, code) => {
    const port = await serve(status, headers as Record<string, string>, body);
    const error = await chooser({ pid: 12, command: "node" })
      .choose(wish(port), never)
      .catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code, details: { port, pid: 12 }, next: expect.any(String) as string });
    expect((error as Error).message).toContain("node (pid 12)");
    expect(await chooser().isTaken(port)).toBe(true);
    await expect(chooser().choose(wish(port), never)).rejects.toThrow("another process");
  });
});

describe("adoptedUrl", () => {
  it.each([
    ["http://127.0.0.1:4096", "http://127.0.0.1:4096"],
    [" http://localhost:4096/ ", "http://localhost:4096"],
    ["http://[::1]:4096", "http://[::1]:4096"],
  ])("takes %j", (text, url) => expect(adoptedUrl(text)).toBe(url));

  it.each([
    "nowhere",
    "https://127.0.0.1:4096",
    "http://192.168.0.1:4096",
    "http://127.0.0.1.example.com:4096",
    "http://user:pass@127.0.0.1:4096",
    "http://127.0.0.1:4096/path",
    "http://127.0.0.1:4096/?q=1",
    "file:///etc/passwd",
  ])("refuses %j", (text) => {
    expect(() => adoptedUrl(text)).toThrow(expect.objectContaining({ code: "opencode_settings" }) as Error);
  });
});

describe("configProblem", () => {
  const refused = (message: string) =>
    new AppError("opencode_config", "refused", { details: { path: "/p/opencode.json", message } });

  it("names file, line and column, and nothing of what stands in the file", () => {
    const text =
      '\n--- JSONC Input ---\n{ "apiKey": "sk-1", x at line 9, column 9 }\n\n--- Errors ---\nInvalidSymbol at line 3, column 5\n';
    const problem = configProblem(refused(text));
    expect(problem).toMatchObject({
      code: "opencode_config",
      message: "OpenCode cannot read its configuration /p/opencode.json, line 3, column 5: InvalidSymbol.",
      details: { file: "/p/opencode.json", line: 3, column: 5 },
    });
    expect(JSON.stringify(problem)).not.toContain("sk-1");
  });

  it("names the file where there is no line, and is silent about other errors", () => {
    expect(configProblem(refused("unknown key"))).toMatchObject({ details: { file: "/p/opencode.json" } });
    expect(configProblem(new AppError("opencode_config", "refused"))).toMatchObject({ details: { file: null } });
    expect(configProblem(new AppError("opencode_unreachable", "gone"))).toBeNull();
    expect(configProblem(new Error("else"))).toBeNull();
  });
});

describe("UpdateCheck", () => {
  const json = { "content-type": "application/json" };
  const check = (port: number) =>
    new UpdateCheck({ registry: `http://127.0.0.1:${port}`, clock: systemClock, logger: silentLogger });

  it("tells of a newer version, and of none else", async () => {
    const updates = check(await serve(200, json, '{"version":"1.19.0"}'));
    expect(await updates.noticeFor("1.18.33")).toMatchObject({
      code: "opencode_update",
      details: { latest: "1.19.0" },
    });
    // One answer serves all: the registry is not there any more.
    servers[0]?.close();
    expect(await updates.noticeFor("1.19.0")).toBeNull();
    expect(await updates.noticeFor("1.20.0")).toBeNull();
  });

  it("is silent where the registry is, or says nothing that makes sense, and asks again", async () => {
    expect(await check(1).noticeFor("1.18.33")).toBeNull();
    const updates = check(await serve(200, json, '{"version":"tomorrow"}'));
    expect(await updates.noticeFor("1.18.33")).toBeNull();
    expect(await updates.noticeFor("1.18.33")).toBeNull();
  });
});
