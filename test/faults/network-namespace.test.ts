/** The loopback device itself goes away. Needs a network namespace of its own. */
import { execFile, spawnSync } from "node:child_process";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect } from "vitest";
import { FakeOpencode } from "../fakes/fake-opencode/fake-opencode.ts";
import { faultCase } from "../support/fault-case.ts";
import { bundleProgram } from "../support/guardian-bundle.ts";

const isAllowed = spawnSync("unshare", ["-n", "ip", "link", "set", "lo", "up"]).status === 0;

let owner: Awaited<ReturnType<typeof bundleProgram>>;
beforeAll(async () => {
  owner = await bundleProgram(resolve(import.meta.dirname, "../fixtures/services/network-owner.ts"));
});
afterAll(() => owner.remove());

faultCase(
  "N25",
  "the loopback device goes down under a running server: a failure, no crash, and well when it is back",
  async (stage) => {
    const fake = new FakeOpencode(join(stage.root, "opencode"), {});
    const args = ["-n", process.execPath, owner.path, stage.home, stage.guardianPath, fake.path];
    const { stdout } = await promisify(execFile)("unshare", args, { timeout: 15_000 });
    const result = JSON.parse(stdout) as { states: string[]; code: string; samePid: boolean; restarts: number };
    expect(result).toMatchObject({ samePid: true, restarts: 0, code: expect.stringMatching(/^opencode_/) as string });
    expect(result.states.slice(0, 3)).toEqual(["starting", "waiting_ready", "running"]);
    expect(result.states).toContain("degraded");
    expect(result.states).not.toContain("crashed");
    expect(result.states.at(-1)).toBe("stopped");
  },
  { maxRounds: 25, skipBecause: isAllowed ? null : "network namespaces are not allowed for this user" },
);
