/** A server that runs and is not well: what it answers, what it does not, and what is made of it. */
import { expect } from "vitest";
import type { Answer } from "../fakes/fake-opencode/fake-opencode.ts";
import { faultCase, variantsOf, type Stage } from "../support/fault-case.ts";
import { LOOK_DEADLINE_MS, LOOK_MS, openStranger, startServer, type StageServer } from "../support/fault-server.ts";

/** Cuts the event stream and lets no other be opened: with a failed answer, the second of two signals. */
async function cutEvents(opencode: StageServer, opening: Answer = { status: 503 }): Promise<void> {
  await opencode.fake.set({ opening });
  await opencode.fake.emit([{ destroy: true }]);
  await opencode.state("degraded");
}

/** The same process as before, never restarted. */
function expectUntouched(opencode: StageServer, pid: number): void {
  expect(opencode.status).toMatchObject({ pid, restarts: 0, generation: 1 });
  expect(opencode.states).not.toContain("crashed");
}

faultCase(
  "N09",
  "401 and 403: shown as a matter of the password, never restarted, and over when it is",
  async (stage) => {
    for (const [index, status] of variantsOf(stage, [401, 403])) {
      const opencode = await startServer(stage, {}, `opencode-${index}`);
      const { pid } = opencode;
      await opencode.fake.set({ answers: { "*": { status } } });
      await opencode.lookWithEvents();
      expect((await opencode.state("auth")).failure).toMatchObject({ code: "opencode_auth" });
      for (let look = 0; look < 4; look += 1) await opencode.lookWithEvents();
      // Not with the events gone as well, either.
      await opencode.fake.set({ opening: { status } });
      await opencode.fake.emit([{ destroy: true }]);
      for (let look = 0; look < 4; look += 1) await opencode.look();
      expect(opencode.status.state).toBe("auth");
      await opencode.fake.set({ answers: undefined, opening: undefined });
      await opencode.recovered();
      expectUntouched(opencode, pid);
      await opencode.server.close();
    }
  },
);

faultCase(
  "N10",
  "500, 503, a redirect, nothing, a page: each a failure, none followed, none reason enough alone",
  async (stage) => {
    const stranger = await openStranger(stage, () => 200);
    const variants: readonly Answer[] = [
      { status: 500, json: { name: "UnknownError", data: { message: "broken" } } },
      { status: 503 },
      { status: 302, location: `http://127.0.0.1:${stranger.port}/global/health` },
      { status: 307, location: `http://localhost:${stranger.port}/` },
      { status: 204 },
      { type: "text/html", text: "<!doctype html><title>a page</title>" },
      { json: { healthy: false } },
      { text: "{ half" },
    ];
    for (const [index, answer] of variantsOf(stage, variants)) {
      const opencode = await startServer(stage, {}, `opencode-${index}`);
      const { pid } = opencode;
      await opencode.fake.set({ answers: { "*": answer } });
      for (let look = 0; look < 4; look += 1) {
        await opencode.lookWithEvents();
        const { failure } = await opencode.state("degraded");
        expect(failure?.code).toMatch(/^opencode_(error|unsafe)$/);
      }
      await opencode.fake.set({ answers: undefined });
      await opencode.lookWithEvents();
      await opencode.state("running");
      expectUntouched(opencode, pid);
      await opencode.server.close();
    }
    expect(stranger.asked).toEqual([]);
  },
);

faultCase(
  "N11",
  "a stopped server takes connections and answers nothing: 5 s, a failure, and no harm when it goes on",
  async (stage) => {
    const opencode = await startServer(stage);
    const { pid } = opencode;
    await opencode.beat();
    process.kill(pid, "SIGSTOP");
    opencode.clock.jump(LOOK_MS);
    opencode.clock.jump(LOOK_DEADLINE_MS - 100);
    expect(opencode.status.state).toBe("running");
    opencode.clock.jump(100);
    const { failure } = await opencode.state("degraded");
    expect(failure).toMatchObject({ code: "opencode_unreachable" });
    process.kill(pid, "SIGCONT");
    await opencode.look();
    await opencode.state("running");
    expectUntouched(opencode, pid);
  },
);

faultCase("N12", "a stream that says nothing for 25 s is dead, though its connection is open", async (stage) => {
  const opencode = await startServer(stage, {
    fault: { streams: [[{ connected: true }]] },
    settings: { reconnectBaseMs: 5_000 },
  });
  const { pid } = opencode;
  await opencode.beat();
  await opencode.pass(24_000);
  await opencode.fake.seen();
  expect(opencode.states).toEqual(["stopped", "starting", "waiting_ready", "running"]);
  opencode.clock.jump(1_500);
  expect((await opencode.state("degraded")).failure).toMatchObject({ code: "opencode_no_events" });
  expect(opencode.status.failure?.message).toContain("25 s");
  await opencode.recovered();
  expect((await opencode.fake.seen()).opened).toBe(2);
  expectUntouched(opencode, pid);
});

faultCase("N13", "comments alone are a sign of life", async (stage) => {
  const opencode = await startServer(stage, { fault: { streams: [[{ connected: true }]] } });
  for (let beat = 0; beat < 4; beat += 1) {
    await opencode.fake.emit([{ text: ": hb\n\n" }]);
    // On loopback it is here before a later answer is.
    await opencode.fake.seen();
    await opencode.fake.seen();
    await opencode.pass(16_000);
  }
  expect(opencode.states).toEqual(["stopped", "starting", "waiting_ready", "running"]);
  expect((await opencode.fake.seen()).opened).toBe(1);
});

faultCase(
  "N20",
  "health alone answers, the API is dead: degraded; dead only with the events gone too, and a turn gets a minute",
  async (stage) => {
    const opencode = await startServer(stage);
    const { pid } = opencode;
    await opencode.fake.set({ answers: { "/session/status": { status: 503 } } });
    for (let look = 0; look < 5; look += 1) await opencode.lookWithEvents();
    await opencode.state("degraded");
    expectUntouched(opencode, pid);
    opencode.busy = true;
    await cutEvents(opencode);
    await untilPlanned(stage, opencode);
    expect(opencode.status.plan).toMatchObject({ action: "restart" });
    expectUntouched(opencode, pid);
    // The next start is well again.
    opencode.fake.next({ answers: undefined, opening: undefined });
    // In steps: a clock that jumps over a look says that the machine slept.
    for (let seconds = 0; seconds < 58; seconds += 2) await opencode.step();
    expectUntouched(opencode, pid);
    opencode.clock.jump(2_000);
    await restarted(stage, opencode, pid);
  },
);

async function untilPlanned(stage: Stage, opencode: StageServer): Promise<void> {
  for (let look = 0; look < 4 && opencode.status.plan === null; look += 1) {
    await opencode.look();
    await stage.until(
      "what the look found",
      () => opencode.status.plan !== null || opencode.status.state === "degraded",
    );
  }
  await stage.until("the plan", () => opencode.status.plan !== null);
}

async function restarted(stage: Stage, opencode: StageServer, pid: number): Promise<void> {
  await stage.until(`the restart (${opencode.states.join(", ")})`, () => {
    if (opencode.status.state === "crashed") opencode.clock.jump(1_000);
    return opencode.status.state === "running" && opencode.status.pid !== pid;
  });
  expect(opencode.status).toMatchObject({ restarts: 1, failure: null, plan: null });
}

faultCase(
  "N21",
  "the event stream hangs, the API answers: degraded, left alone, and well when it comes back",
  async (stage) => {
    const opencode = await startServer(stage, { settings: { reconnectBaseMs: 50 } });
    const { pid } = opencode;
    await cutEvents(opencode, { hang: true });
    expect(opencode.status.failure).toMatchObject({ code: "opencode_no_events" });
    for (let look = 0; look < 5; look += 1) await opencode.look();
    expect(opencode.status.state).toBe("degraded");
    await opencode.fake.set({ opening: undefined });
    await opencode.recovered();
    expectUntouched(opencode, pid);
  },
);

faultCase("N22", "two failures and then well: left alone; three: restarted, once", async (stage) => {
  const opencode = await startServer(stage, { settings: { failuresBeforeRestart: 3 } });
  const { pid } = opencode;
  const failures = () => opencode.status.failure?.details["failures"];
  const gone = { answers: { "*": { status: 500 } }, opening: { status: 500 } } as const;
  const fail = async () => {
    await opencode.fake.set(gone);
    await opencode.fake.emit([{ destroy: true }]);
    // The break itself is looked into at once: the first failure.
    await stage.until("the first failure", () => failures() === 1);
    await opencode.look();
    await stage.until("the second failure", () => failures() === 2);
  };
  await fail();
  await opencode.fake.set({ answers: undefined, opening: undefined });
  await opencode.recovered();
  expectUntouched(opencode, pid);
  await fail();
  expectUntouched(opencode, pid);
  opencode.fake.next({ answers: undefined, opening: undefined });
  opencode.clock.jump(LOOK_MS);
  await restarted(stage, opencode, pid);
  await opencode.lookWithEvents();
  expect(opencode.status).toMatchObject({ state: "running", restarts: 1 });
});

faultCase("N23", "the clock on the wall is set by a day: nothing happens", async (stage) => {
  const opencode = await startServer(stage);
  const { pid } = opencode;
  for (const days of [1, -2, 1]) {
    opencode.clock.setWall(days * 86_400_000);
    await opencode.lookWithEvents();
    expect(opencode.status.uptimeMs).toBeLessThan(120_000);
  }
  expect(opencode.states).toEqual(["stopped", "starting", "waiting_ready", "running"]);
  expectUntouched(opencode, pid);
});

faultCase(
  "N24",
  "the machine sleeps for one to 120 s: no restart, and what was counted before is forgotten",
  async (stage) => {
    const opencode = await startServer(stage, { settings: { reconnectBaseMs: 50, failuresBeforeRestart: 2 } });
    const { pid } = opencode;
    // One failure short of a restart.
    await opencode.fake.set({ answers: { "*": { status: 500 } }, opening: { status: 500 } });
    await opencode.fake.emit([{ destroy: true }]);
    await stage.until("the first failure", () => opencode.status.failure?.details["failures"] === 1);
    opencode.clock.suspend(21_000 + stage.random() * 99_000);
    await opencode.look();
    await stage.until("a failure that counts as the first", () => opencode.status.failure?.details["failures"] === 1);
    expectUntouched(opencode, pid);
    await opencode.fake.set({ answers: undefined, opening: undefined });
    await opencode.recovered();
    // Well, asleep for any time, and well again.
    await opencode.beat();
    opencode.clock.suspend(1_000 + stage.random() * 119_000);
    await opencode.recovered();
    await opencode.beat();
    expectUntouched(opencode, pid);
  },
);
