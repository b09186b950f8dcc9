/** Faults of ours, and of those who listen: an environment goes on, and says so in the log. */
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { PortRegistry } from "../../electron/core/environment/ports.ts";
import { shell, writes } from "../support/environment-stage.ts";
import {
  createEnvironmentWorld,
  freePort,
  linesOf,
  madeProject,
  type EnvironmentWorld,
} from "../support/environment-world.ts";
import { bundleGuardian } from "../support/guardian-bundle.ts";

let guardian: Awaited<ReturnType<typeof bundleGuardian>>;
let world: EnvironmentWorld;
beforeAll(async () => {
  guardian = await bundleGuardian();
});
afterAll(() => guardian.remove());
afterEach(() => world.close());

test("a listener that throws keeps nobody from hearing, and nothing from starting", async () => {
  world = createEnvironmentWorld({ guardianPath: guardian.path });
  let heard = 0;
  world.environment.onChange(() => {
    throw new Error("a broken window");
  });
  world.environment.onChange(() => (heard += 1));
  const detected = madeProject(world.folder, [writes("one")]);
  const { runId } = world.environment.start({ detected, profile: "dev" });
  expect((await world.environment.settled(runId, AbortSignal.timeout(20_000))).outcome).toBe("ready");
  expect(heard).toBeGreaterThan(0);
  expect(world.errors.length).toBeGreaterThan(0);
  for (const error of world.errors) expect(error).toContain("a broken window");
});

test("where ports cannot be settled they are as declared, and the services start all the same", async () => {
  class BrokenRegistry extends PortRegistry {
    override take(): never {
      throw new Error("no more ports");
    }
  }
  world = createEnvironmentWorld({ guardianPath: guardian.path, ports: new BrokenRegistry() });
  const port = await freePort();
  const tells = shell("tells", "echo $PORT > port.txt; exec sleep 600", { port, probe: null });
  const detected = madeProject(world.folder, [tells, writes("after", { tells: "service_started" })]);
  const { runId } = world.environment.start({ detected, profile: "dev" });
  expect((await world.environment.settled(runId, AbortSignal.timeout(20_000))).outcome).toBe("ready");
  expect(linesOf(`${world.folder}/port.txt`)).toEqual([String(port)]);
  expect(world.errors.join()).toContain("no more ports");
});

test("what is to be shown, started, changed or scaled after the end is not, and nobody waits for it", async () => {
  world = createEnvironmentWorld({ guardianPath: guardian.path });
  const { environment } = world;
  const detected = madeProject(world.folder, [writes("one")]);
  environment.show(detected, "dev");
  await environment.close();
  environment.show(madeProject(world.folder, [writes("two")]), "dev");
  expect(environment.status().services.map(({ name }) => name)).toEqual(["one"]);
  const closed = { code: "cancelled" };
  expect(() => environment.start({ detected, profile: "dev" })).toThrow(expect.objectContaining(closed));
  expect(() => environment.restart(["one"])).toThrow(expect.objectContaining(closed));
  expect(() => environment.scale("one", 2)).toThrow(expect.objectContaining(closed));
  await expect(environment.apply(detected, "dev")).rejects.toMatchObject(closed);
  expect(() => environment.settled("run_none")).toThrow("There is no run run_none.");
});

test("a stop that comes while another plan is being taken over is the later wish", async () => {
  world = createEnvironmentWorld({ guardianPath: guardian.path });
  const { environment } = world;
  const slow = (words: string) =>
    shell("slow", `trap 'sleep 0.3; exit 0' TERM; echo ${words}; while :; do sleep 0.05; done`, {
      probe: { kind: "log", pattern: words },
    });
  const { runId } = environment.start({ detected: madeProject(world.folder, [slow("one")]), profile: "dev" });
  await environment.settled(runId, AbortSignal.timeout(20_000));
  const applied = environment.apply(madeProject(world.folder, [slow("two"), writes("new")]), "dev");
  const stopped = environment.stop();
  expect(await applied).toEqual({ runId: null });
  await stopped;
  expect(environment.status().phase).toBe("stopped");
  expect(linesOf(`${world.folder}/order.txt`)).toEqual([]);
  expect(world.errors).toEqual([]);
});
