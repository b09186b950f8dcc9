/** What is left when a whole host is killed while everything runs: environment, server, and a command of an agent. */
import { readdirSync, readFileSync } from "node:fs";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import type { EnvironmentStatus } from "#shared/schema/environment.ts";
import type { ProcessList } from "#shared/schema/host.ts";
import { until } from "../support/until.ts";
import { createWorld, type World } from "../support/world.ts";

/** The promise: this long after the host is gone, so is everything it owned. */
const LIMIT_MS = 8_000;
/** A round takes seven seconds; the many are played with less around them (host-killed-often.test.ts). */
const rounds = Math.min(10, Number(process.env["DECKHAND_FAULT_ROUNDS"] ?? 2));

let world: World | null = null;
afterEach(async () => {
  await world?.close();
  world = null;
});

/** Everything up, the server with a turn whose command sleeps in a session of its own. */
async function everythingUp(given: World): Promise<{ hostPid: number; guardianPid: number }> {
  const harbour = given.project("harbour");
  expect((await given.deckhand("trust", harbour, "--yes")).code).toBe(0);
  const up = await given.deckhand("up", harbour, "--detach", "--json");
  expect(up.code, up.stderr).toBe(0);
  expect((up.json as EnvironmentStatus).phase).toBe("ready");
  const asking = given.start("ask", harbour, "#bash sleep 987 & sleep 986", "--permission", "once");
  await until("the agent's command to run", 60_000, () => sleeping().length >= 2);
  const list = (await given.deckhand("ps", "--json")).json as ProcessList;
  asking.kill("SIGKILL");
  const kinds = new Set(list.processes.map((each) => each.kind));
  expect(kinds).toContain("server");
  expect(kinds).toContain("service");
  const guardian = list.processes.find((each) => each.kind === "guardian");
  return { hostPid: list.host?.pid ?? 0, guardianPid: guardian?.pid ?? 0 };
}

function sleeping(): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return /^sleep\0(986|987)\0$/.test(readFileSync(`/proc/${pid}/cmdline`, "utf8"));
      } catch {
        return false; // It ended while it was looked at.
      }
    })
    .map(Number);
}

describe("a host that is killed", () => {
  it.each(Array.from({ length: rounds }, (_, round) => round + 1))(
    "leaves nothing within 8 s, agent's commands included (round %i)",
    async () => {
      world = await createWorld();
      const here = world;
      const { hostPid } = await everythingUp(here);
      const killedAt = performance.now();
      process.kill(hostPid, "SIGKILL");
      await until(
        "the end of everything the host owned",
        LIMIT_MS,
        () => here.processes().length === 0 && sleeping().length === 0,
      );
      process.stdout.write(`gone ${Math.round(performance.now() - killedAt)} ms after the host\n`);
      expect(readdirSync(join(here.home, "leases")).filter((name) => name.endsWith(".json"))).toEqual([]);
    },
  );

  it("and its guardian with it: the next start settles what is left and touches no stranger", async () => {
    world = await createWorld();
    const here = world;
    const stranger = spawn("sleep", ["985"], { detached: true, stdio: "ignore" });
    try {
      const { hostPid, guardianPid } = await everythingUp(here);
      process.kill(guardianPid, "SIGKILL");
      process.kill(hostPid, "SIGKILL");
      expect(sleeping().length).toBeGreaterThanOrEqual(2);
      expect(here.processes().length).toBeGreaterThan(3);
      // Any command that starts a host settles first.
      expect((await here.deckhand("trust", join(here.folder, "harbour"))).code).toBe(0);
      await until("the end of what the dead host left", LIMIT_MS, () => sleeping().length === 0);
      const left = here.processes().filter(({ command }) => !command.includes("headless.js"));
      expect(left).toEqual([]);
      expect(stranger.exitCode).toBeNull();
      expect(stranger.signalCode).toBeNull();
    } finally {
      stranger.kill("SIGKILL");
    }
  });
});
