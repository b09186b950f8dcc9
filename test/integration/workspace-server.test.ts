/** Servers on demand: what is asked of a workspace's chat starts its server, whatever ended the one before. */
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { ServerState } from "#shared/schema/server.ts";
import type { ServerSettings } from "#shared/schema/settings.ts";
import { ComposeEngine } from "../../electron/core/compose/engine.ts";
import { Environment } from "../../electron/core/environment/environment.ts";
import { Monitor } from "../../electron/core/environment/monitoring/monitor.ts";
import { systemClock } from "../../electron/core/lib/clock.ts";
import { silentLogger } from "../../electron/core/lib/logger.ts";
import { CRASH_LIMIT } from "../../electron/core/opencode/crash-policy.ts";
import { SharedServerFile } from "../../electron/core/opencode/shared-server.ts";
import { openDatabase } from "../../electron/core/store/database.ts";
import { ProjectRegistry } from "../../electron/core/workspace/projects.ts";
import { TrustRegister } from "../../electron/core/workspace/trust.ts";
import { Workspace } from "../../electron/core/workspace/workspace.ts";
import { FakeOpencode, type Fault } from "../fakes/fake-opencode/fake-opencode.ts";
import { bundleGuardian } from "../support/guardian-bundle.ts";
import { openWorld, until } from "../support/opencode-world.ts";
import { WarpClock } from "../support/warp-clock.ts";

const MINUTE = 60_000;
/** Less than the deadline of whatever the health monitor asks (health.ts). */
const STEP_MS = 2_000;

let guardian: Awaited<ReturnType<typeof bundleGuardian>>;
const ends: (() => Promise<void>)[] = [];
beforeAll(async () => {
  guardian = await bundleGuardian();
});
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});
afterAll(() => guardian.remove());

/** A workspace of an empty, trusted folder whose OpenCode is the fake. Its server's time can be sent ahead. */
async function open(fault: Fault = {}, settings: Partial<ServerSettings> = {}) {
  const clock = new WarpClock();
  let fake: FakeOpencode | null = null;
  const world = openWorld({
    guardianPath: guardian.path,
    clock,
    settings,
    server: {
      findBinary: () => Promise.resolve({ path: made().path, version: "1.18.33", source: "setting", skipped: [] }),
    },
  });
  const made = () => (fake ??= new FakeOpencode(join(world.root, "fake"), fault));
  const { database } = openDatabase(join(world.root, "deckhand.db"), Date.now);
  const shellEnvironment = { variables: () => Promise.resolve({ ...world.environment }), warning: null };
  const common = { clock: systemClock, logger: silentLogger, shellEnvironment };
  const project = new ProjectRegistry({ database, now: Date.now }).open(world.directory);
  const environment = new Environment({
    ...common,
    keeper: world.keeper,
    book: world.book,
    workspaceId: project.workspace,
    directory: world.directory,
    compose: new ComposeEngine(common),
    audit: () => undefined,
  });
  const workspace = new Workspace({
    ...common,
    project,
    environment,
    monitor: new Monitor({ ...common, services: () => environment.status().services, audit: () => [] }),
    server: world.server,
    sharedServer: new SharedServerFile({ path: join(world.root, "service.json"), userId: 0 }),
    chat: world.chat,
    book: world.book,
    trust: new TrustRegister({ database, now: Date.now }),
  });
  await workspace.grant((await workspace.review()).contentHash);
  const states: ServerState[] = [];
  world.server.onChange(({ state }) => {
    if (states.at(-1) !== state) states.push(state);
  });
  ends.push(async () => {
    await workspace.close();
    database.close();
    await world.close();
  });
  return {
    clock,
    workspace,
    world,
    states,
    fake: made(),
    status: () => world.server.status(),
    /** What a call finds when its turn comes. */
    ask: () => workspace.withServer(() => Promise.resolve({ ...world.server.status() })),
    /** How often a server was started. */
    starts: () => states.filter((state) => state === "waiting_ready").length,
    /** Lets so many ms pass for a server that is well. */
    async pass(ms: number) {
      for (let left = ms; left > 0; left -= STEP_MS) {
        clock.jump(Math.min(left, STEP_MS));
        const { events } = world.server.status();
        await made().emit([{ event: { payload: { type: "server.heartbeat", properties: {} } } }]);
        await until("the heartbeat", () => world.server.status().events > events);
        // Time for what is asked of it meanwhile to be answered.
        await made().seen();
      }
    },
    state: (wanted: ServerState) => until(`the state ${wanted}`, () => world.server.status().state === wanted, 10_000),
  };
}

describe("what is asked of the chat", () => {
  it("starts the server and is carried out when it is ready", async () => {
    const { ask, states, workspace } = await open();
    expect(workspace.status().server).toBeNull();
    expect(await ask()).toMatchObject({ state: "running", generation: 1 });
    expect(states).toEqual(["starting", "waiting_ready", "running"]);
    expect(workspace.status().server).toMatchObject({ state: "running" });
  });

  it("starts it once, however much is asked at once, also while it is on its way", async () => {
    const { ask, starts, fake, state } = await open({ readyAfterMs: 200 });
    const first = [ask(), ask(), ask()];
    await state("waiting_ready");
    const asked = await Promise.all([...first, ask()]);
    expect(new Set(asked.map(({ pid }) => pid)).size).toBe(1);
    expect(asked.map(({ state: found }) => found)).toEqual(Array(4).fill("running"));
    expect(starts()).toBe(1);
    expect((await fake.seen()).pid).toBe(asked[0]?.pid);
  });

  it("leaves a server that runs as it is", async () => {
    const { ask, starts } = await open();
    const before = await ask();
    expect((await ask()).pid).toBe(before.pid);
    expect(starts()).toBe(1);
  });

  it("fails with why the server did not start, is not carried out, and starts it when the reason is gone", async () => {
    const { fake, workspace, ask, status } = await open({ dieAtOnce: true, exit: 3 });
    let isCarriedOut = false;
    const work = () => Promise.resolve((isCarriedOut = true));
    const failures = await Promise.allSettled([workspace.withServer(work), workspace.withServer(work)]);
    for (const failure of failures) {
      expect(failure).toMatchObject({
        status: "rejected",
        reason: { code: status().failure?.code, message: expect.stringContaining("3") as string },
      });
      expect(failure.status === "rejected" && (failure.reason as { next: unknown }).next).toEqual(expect.any(String));
    }
    expect(isCarriedOut).toBe(false);
    fake.next({ dieAtOnce: undefined, exit: undefined });
    expect(await ask()).toMatchObject({ state: "running", failure: null });
  });

  it("is refused where the folder is not trusted, and starts nothing", async () => {
    const { workspace, ask, states } = await open();
    workspace.revoke();
    await expect(ask()).rejects.toMatchObject({ code: "not_trusted" });
    expect(states).toEqual([]);
  });

  it("does not start a server that was given up; a person does", async () => {
    const { fake, ask, status, starts, workspace } = await open();
    await ask();
    for (let generation = 1; generation <= CRASH_LIMIT; generation += 1) {
      await until("the next start", () => status().state === "running" && status().generation === generation);
      await fake.exit(1);
    }
    await until("the end of trying", () => status().state === "gave_up");
    const before = starts();
    await expect(ask()).rejects.toMatchObject({ code: status().failure?.code, next: expect.any(String) as string });
    expect([status().state, starts()]).toEqual(["gave_up", before]);
    await workspace.startServer();
    expect(await ask()).toMatchObject({ state: "running" });
  });
});

describe("a server that nobody uses", () => {
  const idleStopMinutes = 2;

  it("is stopped after the time of the settings, and the next call starts it again", async () => {
    const { ask, clock, pass, status, world } = await open({}, { idleStopMinutes });
    const first = await ask();
    await pass(idleStopMinutes * MINUTE - 20_000);
    expect(status()).toMatchObject({ state: "running", plan: { action: "stop" } });
    await until("its stop", () => {
      if (status().state === "running") clock.jump(STEP_MS);
      return status().state === "stopped";
    });
    expect(status()).toMatchObject({ pid: null, failure: null });
    expect(world.keeper.list()).toEqual([]);
    const second = await ask();
    expect(second).toMatchObject({ state: "running", generation: 2 });
    expect(second.pid).not.toBe(first.pid);
  });

  it("stays as long as it is asked something from time to time", async () => {
    const { ask, pass, status } = await open({}, { idleStopMinutes });
    const { pid } = await ask();
    for (let minute = 0; minute < 2 * idleStopMinutes; minute += 1) {
      await pass(MINUTE);
      await ask();
    }
    expect(status()).toMatchObject({ state: "running", pid, plan: null });
  });
});
