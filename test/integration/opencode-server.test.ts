/** The life of a server: the real binary from start to nothing left, and faults from a fake where the real one has none. */
import { readFileSync, writeFileSync } from "node:fs";
import { createConnection } from "node:net";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { ServerStatus } from "#shared/schema/server.ts";
import { systemClock, type Clock } from "../../electron/core/lib/clock.ts";
import { fakeOpencode, type Fault } from "../fakes/fake-opencode/fake-opencode.ts";
import { scriptedModelConfig } from "../fakes/scripted-model/config.ts";
import { startScriptedModel, type ScriptedModel } from "../fakes/scripted-model/server.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { bundleGuardian } from "../support/guardian-bundle.ts";
import {
  openWorld,
  processesWith,
  until,
  viewSession,
  type World,
  type WorldOptions,
} from "../support/opencode-world.ts";

let guardian: Awaited<ReturnType<typeof bundleGuardian>>;
let model: ScriptedModel;
const worlds: World[] = [];

beforeAll(async () => {
  guardian = await bundleGuardian();
  model = await startScriptedModel();
});
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.close();
});
afterAll(async () => {
  await model.close();
  await guardian.remove();
});

function open(options: Omit<WorldOptions, "guardianPath"> = {}): World {
  const world = openWorld({ guardianPath: guardian.path, ...options });
  worlds.push(world);
  return world;
}

/** A world whose settings name a fake with this fault. */
function openFake(fault: Fault, clock: Clock = systemClock): World {
  const world = open();
  worlds.splice(worlds.indexOf(world), 1);
  const binary = fakeOpencode(join(world.root, "fake"), fault);
  const faulty = openWorld({ guardianPath: guardian.path, binary, clock });
  worlds.push(faulty, world);
  return faulty;
}

/** States in the order they were told. */
function states(world: World): ServerStatus["state"][] {
  const seen: ServerStatus["state"][] = [];
  world.server.onChange((status) => seen.push(status.state));
  return seen;
}

const failureOf = async (world: World) => {
  await expect(world.server.start()).rejects.toThrow();
  return world.server.status().failure;
};

describe("the real server", () => {
  it("starts, answers, and is gone after a stop with every process it started", async () => {
    const world = open({ config: scriptedModelConfig(model.url), password: "a-password-to-look-for" });
    const seen = states(world);
    const status = await world.server.start();
    expect(status).toMatchObject({ state: "running", version: "1.18.33", restarts: 0, failure: null });
    expect(status.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(status.events).toBeGreaterThan(0);
    expect(readFileSync(`/proc/${status.pid}/cmdline`, "utf8")).not.toContain("a-password-to-look-for");
    // A command that puts a tree of its own into the background, in a session of its own.
    const session = await world.chat.createSession("tree");
    const view = viewSession(world.chat, session.id);
    await world.chat.prompt(session.id, { text: "#bash sleep 301 & setsid sleep 302 & sleep 303" });
    const asked = await until("the permission", () => world.chat.state().permissions[0]);
    await world.chat.replyPermission(asked.id, "once");
    const mine = () => processesWith(world.root).filter((pid) => commandOf(pid).startsWith("sleep 30"));
    await until("the tree", () => mine().length === 3);
    expect(await world.server.stop()).toMatchObject({ state: "stopped", pid: null, url: null, failure: null });
    expect(mine()).toEqual([]);
    expect(await connects(status.url ?? "")).toBe(false);
    expect(seen).toEqual(["starting", "waiting_ready", "running", "stopping", "stopped"]);
    expect(world.book.text()).not.toContain("a-password-to-look-for");
    view.end();
  });

  it("lets nobody in without the password", async () => {
    const world = open();
    const { url } = await world.server.start();
    const basic = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString("base64")}` });
    for (const path of ["/global/health", "/session", "/doc", "/", "/global/event"]) {
      for (const headers of [{}, basic("opencode:wrong"), basic(`root:${world.book.secrets[0]}`)]) {
        const response = await fetch(`${url}${path}`, { headers });
        await response.body?.cancel();
        expect([path, response.status]).toEqual([path, 401]);
      }
    }
    expect(world.book.secrets[0]?.length).toBeGreaterThanOrEqual(43);
  });

  it("comes back by itself after kill -9, and the chat goes on", async () => {
    const world = open({ config: scriptedModelConfig(model.url) });
    const first = await world.server.start();
    const session = await world.chat.createSession("before the crash");
    const view = viewSession(world.chat, session.id);
    await world.chat.prompt(session.id, { text: "#slow 30\n#stream 3000" });
    await until("some text", () => (view.texts().at(-1) ?? "").includes("word-20"));
    const seen = states(world);
    // Between the crash and the restart there is too little time for whoever looks now and then.
    const crash = new Promise<ServerStatus>((resolve) => {
      world.server.onChange((status) => status.state === "crashed" && resolve(status));
    });
    process.kill(first.pid ?? 0, "SIGKILL");
    const crashed = await crash;
    expect(crashed.failure).toMatchObject({ code: "opencode_exited", details: { signal: "SIGKILL" } });
    expect(world.chat.state().sessions[0]?.status.type).toBe("idle");
    await until("the restart", () => world.server.status().state === "running");
    expect(world.server.status()).toMatchObject({ restarts: 1, failure: null });
    expect(seen).toEqual(["crashed", "starting", "waiting_ready", "running"]);
    // What was streamed is nowhere but in our copy.
    await until("the snapshot after it", () => view.events.filter((event) => event.kind === "snapshot").length >= 2);
    expect(view.texts().at(-1)).toContain("word-20");
    await world.chat.prompt(session.id, { text: "#say still here" });
    await until("the answer", () => view.texts().includes("still here"));
    view.end();
  });

  it("carries out what was asked for last", async () => {
    const world = open();
    const refused = expect(world.server.start()).rejects.toMatchObject({ code: "cancelled" });
    const stopped = world.server.stop();
    const started = world.server.start();
    await Promise.all([refused, stopped, started]);
    expect(world.server.status().state).toBe("running");
    const [, again] = await Promise.all([world.server.restart(), world.server.restart()]);
    expect(again.state).toBe("running");
    const [, last] = await Promise.all([world.server.restart().catch(() => null), world.server.stop()]);
    expect(last.state).toBe("stopped");
    expect(world.keeper.list()).toEqual([]);
    expect(processesWith(world.root).filter((pid) => commandOf(pid).includes("serve --port"))).toEqual([]);
  });

  it("says which configuration of the folder cannot be read", async () => {
    const world = open();
    writeFileSync(join(world.directory, "opencode.json"), "{ broken");
    await world.server.start();
    const error = await world.chat.createSession("a").catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "opencode_config" });
    expect((error as Error).message).toContain(join(world.directory, "opencode.json"));
  });
});

describe("a server that is not well", () => {
  it("is found at its port however the line comes", async () => {
    const world = openFake({
      byteByByte: true,
      lines: [
        "opencode server listening on http://127.0.0.1:1\r\n".replace(":1\r", ":4096 (not this one)\r"),
        "\u001b[32mopencode server listening on http://127.0.0.1:PORT\u001b[0m\r\n",
      ],
    });
    expect((await world.server.start()).state).toBe("running");
  });

  it("is asked at the last port it names", async () => {
    const world = openFake({
      lines: [
        "opencode server listening on http://127.0.0.1:1025\n",
        "opencode server listening on http://127.0.0.1:PORT\n",
      ],
    });
    expect((await world.server.start()).state).toBe("running");
  });

  it("ends at once: told with its last words", async () => {
    const world = openFake({ dieAtOnce: true, exit: 7, stderr: "\u001b[91mError: \u001b[0mno space left\n" });
    expect(await failureOf(world)).toMatchObject({
      code: "opencode_exited",
      message: "OpenCode ended before it was ready (code 7): Error: no space left",
      details: { code: 7, stderr: ["Error: no space left"], stdout: [] },
    });
    // Once more, in case that it was a matter of the moment; not again and again.
    expect(world.server.status()).toMatchObject({ state: "crashed", restarts: 0, generation: 2 });
  });

  it("ends after its line: never running", async () => {
    const world = openFake({ dieAfterLine: true, exit: 0 });
    const seen = states(world);
    expect(await failureOf(world)).toMatchObject({ code: "opencode_exited", details: { code: 0 } });
    expect(seen).toEqual(["starting", "waiting_ready", "starting", "waiting_ready", "crashed"]);
  });

  it.each<[string, Fault, string]>([
    ["listens beyond loopback", { lines: ["opencode server listening on http://0.0.0.0:PORT\n"] }, "opencode_unsafe"],
    ["answers without the password", { serve: "open" }, "opencode_unsafe"],
    ["refuses the right password", { serve: "refuse" }, "opencode_auth"],
    [
      "names a port that is none",
      { lines: ["opencode server listening on http://127.0.0.1:65536\n"] },
      "opencode_no_port",
    ],
    ["answers with a page", { serve: "page" }, "opencode_error"],
    ["sends the request elsewhere", { serve: "redirect" }, "opencode_unsafe"],
  ])("%s: refused, and ended", async (_, fault, code) => {
    const world = openFake(fault);
    expect(await failureOf(world)).toMatchObject({ code, next: expect.any(String) as string });
    expect(world.server.status()).toMatchObject({ state: "crashed", pid: null });
    expect(world.keeper.list()).toEqual([]);
  });

  it.each<[string, Fault, string, string]>([
    ["never names a port", { lines: ["starting\n"] }, "opencode_no_port", "did not say within 30 s"],
    ["accepts and never answers", { serve: "hang" }, "opencode_start_timeout", "not ready within 30 s"],
    ["never sends an event", { serve: "silent" }, "opencode_no_events", "no event came within 30 s"],
    [
      "names a port where nobody is",
      { lines: ["opencode server listening on http://127.0.0.1:1024\n"] },
      "opencode_start_timeout",
      "http://127.0.0.1:1024",
    ],
  ])("%s: given up after its deadline, and ended", async (_, fault, code, message) => {
    const clock = new ManualClock();
    const world = openFake(fault, clock);
    const failing = expect(world.server.start()).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message) as string,
      details: { stdout: expect.any(Array) as string[], stderr: [] },
    });
    await until("its first words", () => world.book.lines.some((line) => line.stream === "stdout"));
    await until("the wait", () => world.server.status().state === "waiting_ready" && clock.pending > 0);
    const moving = setInterval(() => clock.advance(200), 10);
    try {
      await failing;
    } finally {
      clearInterval(moving);
    }
    expect(world.server.status()).toMatchObject({ state: "crashed", pid: null });
    expect(world.keeper.list()).toEqual([]);
  });

  it("ignores SIGTERM: ended all the same", async () => {
    const world = openFake({ ignoreTerm: true });
    const { pid } = await world.server.start();
    expect((await world.server.stop()).state).toBe("stopped");
    expect(() => process.kill(pid ?? 0, 0)).toThrow();
  });

  it("crashes again and again: given up after the third time, and started anew by a person", async () => {
    const world = openFake({ crashAfterMs: 50, exit: 0 });
    const seen = states(world);
    await world.server.start();
    await until("it to be given up", () => seen.includes("gave_up"));
    const given = world.server.status();
    expect(given).toMatchObject({ state: "gave_up", restarts: 2, generation: 3, failure: { code: "opencode_exited" } });
    expect(given.failure?.next).toContain("not restarted any more");
    expect(seen.filter((state) => state === "crashed")).toHaveLength(2);
    expect((await world.server.start()).restarts).toBe(0);
  });

  it("is stopped while it waits for its restart, and stays stopped", async () => {
    const world = openFake({ crashAfterMs: 50 });
    await world.server.start();
    await until("the crash", () => world.server.status().state === "crashed");
    await world.server.stop();
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    expect(world.server.status()).toMatchObject({ state: "stopped", failure: null });
  });
});

async function connects(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const socket = createConnection({ host: hostname, port: Number(port) });
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
  } catch {
    // It has ended meanwhile.
    return "";
  }
}
