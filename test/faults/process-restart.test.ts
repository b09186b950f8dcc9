/** P: what ends by itself is started again, at the right moment, not too often, and never against the last wish. */
import { setMaxListeners } from "node:events";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import type { ServerState } from "#shared/schema/server.ts";
import { BinaryFinder } from "../../electron/core/opencode/binary.ts";
import { StartGate } from "../../electron/core/opencode/start-gate.ts";
import { systemClock } from "../../electron/core/lib/clock.ts";
import { faultCase } from "../support/fault-case.ts";
import { environmentOn } from "../support/fault-environment.ts";
import { openServer, startServer, type StageServer } from "../support/fault-server.ts";
import { begin, program } from "../support/fault-programs.ts";
import { WarpClock } from "../support/warp-clock.ts";

/** Longer than any delay before a restart of a server. */
const BACKOFF_MS = 60_000;

/** Unless it is over already: the first lasts 10 ms, and a jump would be the end of the next start's time. */
function skipBackoff({ status, clock }: StageServer): void {
  if (status.state === "crashed") clock.jump(BACKOFF_MS);
}

/** Told by the states it went through: the first restart follows sooner than whoever looks now and then would see. */
function crashesOf(states: readonly ServerState[]): number {
  return states.filter((state) => state === "crashed" || state === "gave_up").length;
}

faultCase(
  "P01",
  "a server that dies before its port fails with the last words on stderr, after one retry",
  async (stage) => {
    const opencode = openServer(stage, { fault: { dieAtOnce: true, exit: 1, stderr: "Error: no such table\n" } });
    const failure = await opencode.failure();
    expect(failure.message + JSON.stringify(failure.details)).toContain("no such table");
    expect(stage.starts).toHaveLength(2);
    expect(opencode.states).not.toContain("running");
  },
);

faultCase("P02", "a server that dies after its port and before it answers is never shown as running", async (stage) => {
  const opencode = openServer(stage, { fault: { dieAfterLine: true, exit: 1 } });
  await opencode.failure();
  expect(opencode.states).not.toContain("running");
  expect(stage.starts).toHaveLength(2);
});

faultCase("P03", "a server killed while it runs: one exit record, one restart", async (stage) => {
  const opencode = await startServer(stage);
  process.kill(opencode.pid, "SIGKILL");
  await stage.until("the crash", () => opencode.states.includes("crashed"));
  skipBackoff(opencode);
  await opencode.state("running");
  expect(stage.starts).toHaveLength(2);
  expect(stage.starts[0]?.exits).toEqual([{ code: null, signal: "SIGKILL" }]);
});

faultCase("P03", "a server killed while it is stopped: one exit record, no restart", async (stage) => {
  const opencode = await startServer(stage, { fault: { ignoreTerm: true }, settings: { stopGraceSeconds: 5 } });
  const { pid } = opencode;
  const stopping = opencode.server.stop();
  process.kill(pid, "SIGKILL");
  await stopping;
  opencode.clock.jump(BACKOFF_MS);
  expect(opencode.status).toMatchObject({ state: "stopped", pid: null });
  expect(stage.starts).toHaveLength(1);
});

faultCase("P03", "a server killed while it is restarted: one of them is left, and runs", async (stage) => {
  const opencode = await startServer(stage);
  const { pid } = opencode;
  const restarting = opencode.server.restart();
  process.kill(pid, "SIGKILL");
  await restarting;
  await opencode.state("running");
  expect(opencode.pid).not.toBe(pid);
  expect(stage.starts).toHaveLength(2);
});

faultCase("P03", "a service killed while it is stopped or restarted: no restart of its own accord", async (stage) => {
  const play = environmentOn(stage);
  const service = play.start({ name: "web", argv: program("process-stubborn.mjs") });
  await stage.until("it to be up", () => stage.said("stdout") !== "");
  const first = stage.starts[0]?.process.pid ?? 0;
  play.environment.restart(["web"]);
  process.kill(first, "SIGKILL");
  await stage.until("the second one", () => stage.starts.length === 2 && service().ready);
  const stopping = play.stop();
  process.kill(stage.starts[1]?.process.pid ?? 0, "SIGKILL");
  await stopping;
  expect(service()).toMatchObject({ phase: "stopped", pid: null });
  expect(stage.starts).toHaveLength(2);
});

faultCase("P04", "a server that ends with code 0 has crashed all the same, and is started again", async (stage) => {
  const opencode = await startServer(stage, { fault: { crashAfterMs: 30, exit: 0 } });
  opencode.fake.next({ crashAfterMs: undefined, exit: undefined });
  await stage.until("the crash", () => opencode.states.includes("crashed"));
  skipBackoff(opencode);
  await opencode.state("running");
  expect(stage.starts).toHaveLength(2);
  expect(stage.starts[0]?.exits[0]).toEqual({ code: 0, signal: null });
});

faultCase("P05", "a server ended by SIGSEGV says so", async (stage) => {
  const opencode = await startServer(stage);
  process.kill(opencode.pid, "SIGSEGV");
  await stage.until("the crash", () => opencode.states.includes("crashed"));
  expect(JSON.stringify(opencode.status)).toContain("SIGSEGV");
});

faultCase(
  "P15",
  "a service that is up for 2 s and down again is given up, with a way for the person to go on",
  async (stage) => {
    const clock = new WarpClock();
    const play = environmentOn(stage, { clock });
    const service = play.start({ name: "web", argv: ["sleep", "600"] });
    for (let life = 1; service().phase !== "crash_loop" && life <= 10; life += 1) {
      await stage.until("it to be up", () => stage.starts.length === life && service().phase === "running");
      clock.jump(2_000);
      process.kill(service().pid ?? 0, "SIGKILL");
      await stage.until("its end", () => service().phase === "backoff" || service().phase === "crash_loop");
      // 500 ms, and twice as long each time, give or take a tenth.
      if (service().phase === "backoff") clock.jump(600 * 2 ** (life - 1));
    }
    expect(service().phase).toBe("crash_loop");
    expect(service().restarts).toBe(5);
    expect(stage.starts).toHaveLength(6);
    expect(service().failure?.next).toContain("start web again");
    play.environment.restart(["web"]);
    await stage.until("another try", () => stage.starts.length > 6);
    await play.stop();
  },
);

faultCase(
  "P15",
  "a server that crashes three times in five minutes is given up; a person can start it again",
  async (stage) => {
    const opencode = await startServer(stage);
    for (let crash = 1; crash <= 10 && opencode.status.state !== "gave_up"; crash += 1) {
      process.kill(opencode.pid, "SIGKILL");
      await stage.until("the crash", () => crashesOf(opencode.states) >= crash);
      await stage.until("what follows", () => {
        if (opencode.status.state === "gave_up") return true;
        opencode.hurry();
        if (opencode.status.state === "crashed") opencode.clock.jump(5_000);
        return opencode.status.state === "running";
      });
    }
    expect(opencode.status).toMatchObject({ state: "gave_up", pid: null });
    expect(stage.starts).toHaveLength(3);
    opencode.clock.jump(BACKOFF_MS);
    expect(opencode.status.state).toBe("gave_up");
    await opencode.server.start();
    expect(opencode.status.state).toBe("running");
  },
);

faultCase(
  "P16",
  "20 services that crash together come back spread over time",
  async (stage) => {
    const play = environmentOn(stage, { speed: 2 });
    const names = Array.from({ length: 20 }, (_, index) => `service-${index}`);
    const flag = join(stage.root, "up");
    const script = `[ -e '${flag}' ] && exec sleep 600; while [ ! -e '${flag}' ]; do sleep 0.02; done; exit 1`;
    const service = play.start(...names.map((name) => ({ name, argv: ["sh", "-c", script] as [string, ...string[]] })));
    await stage.until("all to be up", () => stage.starts.length === 20 && names.every((name) => service(name).ready));
    for (const { process: owned } of stage.starts) process.kill(owned.pid, "SIGKILL");
    await begin(stage, ["touch", flag]);
    await stage.until("all to be back", () => stage.starts.length >= 41 && names.every((name) => service(name).ready));
    // 500 ms give or take a tenth, twice as fast: at least 50 ms between the first and the last.
    const again = stage.starts.filter(({ name }) => name !== "program").slice(20);
    const times = again.map(({ process: owned }) => owned.startedAt);
    expect(again).toHaveLength(20);
    expect(Math.max(...times) - Math.min(...times)).toBeGreaterThan(30);
    await play.stop();
  },
  { maxRounds: 10 },
);

faultCase("P16", "20 servers that want to start together do so two at a time", async (stage) => {
  const gate = new StartGate(2);
  const { signal } = new AbortController();
  // All of them wait for the same one here; elsewhere each has its own.
  setMaxListeners(0, signal);
  let most = 0;
  let inside = 0;
  const servers = Array.from({ length: 20 }, (_, index) =>
    gate.pass(signal, async () => {
      inside += 1;
      most = Math.max(most, inside);
      const { owned } = await begin(stage, ["true"], { name: `server-${index}` });
      await owned.exited;
      inside -= 1;
    }),
  );
  await Promise.all(servers);
  expect(most).toBe(2);
  expect(stage.starts).toHaveLength(20);
});

faultCase("P17", "starts, stops and restarts in any order: one at a time, and the last wish wins", async (stage) => {
  const opencode = openServer(stage);
  const wishes: string[] = [];
  const all: Promise<unknown>[] = [];
  for (let count = 0; count < 8; count += 1) {
    const wish = (["start", "stop", "restart"] as const)[Math.floor(stage.random() * 3)] ?? "stop";
    wishes.push(wish);
    all.push(opencode.server[wish]().catch(() => undefined));
    await new Promise((resolve) => setTimeout(resolve, stage.random() * 40));
  }
  await Promise.all(all);
  const wanted = wishes.at(-1) === "stop" ? "stopped" : "running";
  await opencode.state(wanted);
  const alive = stage.starts.filter(({ exits }) => exits.length === 0);
  expect(alive, wishes.join(", ")).toHaveLength(wanted === "running" ? 1 : 0);
});

faultCase("P20", "a server whose binary was removed while it ran says so when it is to start again", async (stage) => {
  const opencode = await startServer(stage);
  rmSync(opencode.fake.path);
  process.kill(opencode.pid, "SIGKILL");
  await stage.until("the crash", () => crashesOf(opencode.states) >= 1);
  await stage.until("the failure", () => {
    opencode.clock.jump(5_000);
    return opencode.status.failure?.message.includes(opencode.fake.path) === true;
  });
  expect(opencode.status.failure?.next).toBeTruthy();
});

for (const [what, fault, text] of [
  ["a version below the least we know", { version: "1.0.100" }, /1\.0\.100/],
  ["a program without `serve`", { noServe: true }, /serve/],
] as const) {
  faultCase("P22", `refused with a text: ${what}`, async (stage) => {
    const opencode = openServer(stage, { fault });
    const finder = new BinaryFinder({ clock: systemClock });
    const found = finder.find({
      setting: opencode.fake.path,
      environment: { PATH: process.env["PATH"] ?? "" },
      workspace: opencode.directory,
      signal: new AbortController().signal,
    });
    const error: unknown = await found.then(
      () => opencode.failure(),
      (thrown: unknown) => thrown,
    );
    expect(`${(error as Error).message} ${JSON.stringify(error)}`).toMatch(text);
    expect(opencode.states).not.toContain("running");
  });
}
