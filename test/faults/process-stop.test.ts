/** P: every way of not ending when told to, and of ending when not told to. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { faultCase } from "../support/fault-case.ts";
import {
  begin,
  isAlive,
  markedWith,
  noProcessIds,
  ownProcessIds,
  program,
  programs,
  source,
} from "../support/fault-programs.ts";
import { bundleProgram } from "../support/guardian-bundle.ts";
import { freePort } from "../support/environment-world.ts";

let treeStopper: Awaited<ReturnType<typeof bundleProgram>>;
beforeAll(async () => {
  treeStopper = await bundleProgram(join(programs, "keeper-tree.ts"));
});
afterAll(() => treeStopper.remove());

faultCase("P06", "a program that ignores SIGTERM is killed when its grace is over, and not before", async (stage) => {
  const { owned, first } = await begin(stage, program("process-stubborn.mjs"), { graceMs: 120 });
  await first();
  const began = performance.now();
  expect(await owned.stop()).toEqual({ empty: true, survivors: [], killed: true });
  expect(performance.now() - began).toBeGreaterThanOrEqual(115);
  expect(await owned.exited).toEqual({ code: null, signal: "SIGKILL" });
});

faultCase(
  "P06",
  "a program that ignores SIGTERM is killed after 5.0 to 5.5 s where its grace is 5 s",
  async (stage) => {
    const { owned, first } = await begin(stage, program("process-stubborn.mjs"), { graceMs: 5_000 });
    await first();
    const began = performance.now();
    expect(await owned.stop()).toEqual({ empty: true, survivors: [], killed: true });
    expect(performance.now() - began).toBeGreaterThanOrEqual(4_990);
    expect(performance.now() - began).toBeLessThan(5_500);
  },
  { maxRounds: 1 },
);

faultCase("P07", "a stopped program is woken, so that it can end by itself", async (stage) => {
  const script = "trap 'exit 5' TERM; echo up; while :; do sleep 0.05; done";
  const { owned, first } = await begin(stage, ["sh", "-c", script], { graceMs: 10_000 });
  await first();
  process.kill(owned.pid, "SIGSTOP");
  expect(await owned.stop()).toEqual({ empty: true, survivors: [], killed: false });
  expect(await owned.exited).toEqual({ code: 5, signal: null });
});

faultCase("P07", "a program that stops itself again and again is killed all the same", async (stage) => {
  const script = "trap 'kill -STOP $$' TERM CONT; echo up; while :; do sleep 0.05; done";
  const { owned, first } = await begin(stage, ["sh", "-c", script], { graceMs: 120, repeatAfterMs: 40 });
  await first();
  process.kill(owned.pid, "SIGSTOP");
  expect(await owned.stop()).toEqual({ empty: true, survivors: [], killed: true });
});

faultCase(
  "P08",
  "a daemon that left by two forks and two sessions is found by its marker and killed",
  async (stage) => {
    const { owned, first } = await begin(stage, program("process-daemon.mjs"), { graceMs: 100 });
    const daemon = Number(await first());
    await owned.exited;
    expect(isAlive(daemon)).toBe(true);
    expect(await owned.stop()).toEqual({ empty: true, survivors: [], killed: true });
    expect(isAlive(daemon)).toBe(false);
  },
);

faultCase(
  "P09",
  "a daemon that also dropped its marker is named with the port it holds, and not killed",
  async (stage) => {
    const port = await freePort();
    const argv = program("process-daemon.mjs", "--scrub", "--listen", String(port));
    const { owned, first } = await begin(stage, argv, { ports: [port], graceMs: 100 });
    await owned.exited;
    const daemon = Number(await first());
    stage.defer(() => process.kill(daemon, "SIGKILL"));
    const report = await owned.stop();
    expect(report.survivors).toEqual([{ pid: daemon, command: expect.stringContaining(`still holds port ${port}`) }]);
    expect(report.empty).toBe(false);
    expect(isAlive(daemon)).toBe(true);
  },
);

faultCase(
  "P10",
  "a grandchild that holds the pipes holds nothing up: what was said is there 1 s after the exit",
  async (stage) => {
    const { owned, lines } = await begin(stage, ["sh", "-c", "echo said; sleep 600 & exit 3"]);
    expect(await owned.exited).toEqual({ code: 3, signal: null });
    const exited = performance.now();
    await owned.drained;
    expect(performance.now() - exited).toBeLessThan(1_500);
    expect(lines).toEqual(["said"]);
    expect(await owned.stop()).toEqual({ empty: true, survivors: [], killed: false });
  },
  { maxRounds: 20 },
);

faultCase("P10", "a stop does not wait for the pipes that a grandchild held", async (stage) => {
  const { owned } = await begin(stage, ["sh", "-c", "sleep 600 & exit 3"]);
  await owned.exited;
  const began = performance.now();
  expect(await owned.stop()).toEqual({ empty: true, survivors: [], killed: false });
  expect(performance.now() - began).toBeLessThan(900);
});

faultCase("P11", "a program that starts 200 more while it is stopped is ended with all of them", async (stage) => {
  const { owned, first } = await begin(stage, program("process-forker.mjs"), { graceMs: 150 });
  await first();
  const report = await owned.stop();
  expect(report).toEqual({ empty: true, survivors: [], killed: true });
  expect(await markedWith(owned.id)).toEqual([]);
});

if (noProcessIds !== null) test.skip(`P19 is not played: ${noProcessIds}`, () => undefined);
else {
  faultCase(
    "P19",
    "zombies that no init collects count as dead",
    async (stage) => {
      // The shell becomes a sleep, which is init of the namespace and collects nobody.
      const argv = [
        "sh",
        "-c",
        '("$@"; echo "code $?" >&2) & exec sleep 600',
        "sh",
        process.execPath,
        treeStopper.path,
      ];
      const child = spawn(
        ownProcessIds[0],
        [...ownProcessIds.slice(1), ...argv, stage.home, stage.guardianPath, programs],
        {
          stdio: ["ignore", "pipe", "pipe"],
        },
      );
      const gone = new Promise((resolve) => child.once("close", resolve));
      stage.defer(async () => {
        child.kill("SIGKILL");
        await gone;
      });
      let said = "";
      let errors = "";
      child.stdout.on("data", (chunk: Buffer) => (said += chunk.toString()));
      child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()));
      await stage.until("the report", () => errors.includes("code "));
      const { report, zombies } = JSON.parse(said || "{}") as { report: unknown; zombies: number };
      expect(errors).toContain("code 0");
      expect(report).toEqual({ empty: true, survivors: [], killed: true });
      expect(zombies).toBeGreaterThan(0);
    },
    { maxRounds: 10 },
  );
}

faultCase("P21", "a child that leads a group, or a session, of its own is found", async (stage) => {
  // With job control each job leads a group; setsid makes a session. All of them ignore the signal.
  const stubborn = 'trap "" TERM HUP INT; echo up; exec sleep 600';
  const script = `set -m; sh -c '${stubborn}' & setsid sh -c '${stubborn}' & wait`;
  const { owned, lines } = await begin(stage, ["bash", "-c", script], { graceMs: 100 });
  await stage.until("both", () => lines.length === 2);
  const members = (await markedWith(owned.id)).map((pid) => source.read(pid));
  expect(new Set(members.map((entry) => entry?.pgid)).size).toBeGreaterThanOrEqual(3);
  expect(new Set(members.map((entry) => entry?.sid)).size).toBe(2);
  expect(await owned.stop()).toEqual({ empty: true, survivors: [], killed: true });
  expect(await markedWith(owned.id)).toEqual([]);
});

faultCase(
  "P21",
  "the commands of an agent end with its server: a session of their own, stdin at its end, ignored",
  async (stage) => {
    // What OpenCode leaves behind when it is only killed: its bash tool in a session of its own, an MCP server in its group that
    // takes no notice of the end of its input. Both were its children; it is gone before anybody looks for them.
    const script = [
      "setsid bash -c 'sleep 600 & exec sleep 601' &",
      `sh -c 'trap "" TERM HUP; while :; do read line || sleep 0.1; done' </dev/null &`,
      "sleep 0.1; echo up; exec sleep 602",
    ].join("\n");
    const { owned, first } = await begin(stage, ["bash", "-c", script], { graceMs: 150, repeatAfterMs: 50 });
    await first();
    process.kill(owned.pid, "SIGKILL");
    await owned.exited;
    expect((await markedWith(owned.id)).length).toBeGreaterThanOrEqual(3);
    expect(await owned.stop()).toEqual({ empty: true, survivors: [], killed: true });
    expect(await markedWith(owned.id)).toEqual([]);
  },
);
