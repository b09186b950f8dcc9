/**
 * Everything at once: a random mix of what a person does to a server and of what happens to it, played on a real process
 * and compared with a model. fast-check shrinks a failing mix to its shortest form and prints the seed.
 *
 * The model is small on purpose: whether the server is wanted, and whether it can be well. What it may be shown as in between
 * is the business of the state table; in the end it must be what was asked for, and nothing may be left.
 */
import fc from "fast-check";
import { expect } from "vitest";
import { faultCase, type Stage } from "../support/fault-case.ts";
import { startServer, type StageServer } from "../support/fault-server.ts";

/** Played once it takes about ten seconds; a long run has as many mixes as rounds, each with a seed of its own. */
const MIXES = Number(process.env["DECKHAND_FAULT_ROUNDS"] ?? 1) > 1 ? 1 : 8;
const LONGEST_MIX = 12;

const heal = { answers: undefined, opening: undefined, dieAtOnce: undefined, ignoreTerm: undefined } as const;

interface Model {
  /** The last thing a person asked for. */
  wanted: boolean;
}

interface World {
  readonly stage: Stage;
  readonly opencode: StageServer;
  /** Requests of a person that were not awaited. */
  readonly asked: Promise<unknown>[];
}

type Deed = fc.AsyncCommand<Model, World>;

function deed(name: string, run: (world: World, model: Model) => Promise<void>): Deed {
  return {
    check: () => true,
    run: (model, world) => run(world, model),
    toString: () => name,
  };
}

/** Asked and not waited for: the next deed comes in between. That it is refused or overtaken is fine. */
function ask(name: "start" | "stop" | "restart"): Deed {
  return deed(name, async ({ opencode, asked }, model) => {
    model.wanted = name !== "stop";
    asked.push(opencode.server[name]().catch(() => undefined));
    await Promise.resolve();
  });
}

function signal(name: NodeJS.Signals): Deed {
  return deed(name, async ({ opencode, stage }) => {
    const { pid } = opencode.status;
    const isOurs = stage.starts.some((start) => start.process.pid === pid && start.exits.length === 0);
    if (pid !== null && isOurs) process.kill(pid, name);
    await Promise.resolve();
  });
}

/** For the fake as it is now, if it runs and listens; and for its next start. */
function change(
  name: string,
  fault: Parameters<StageServer["fake"]["next"]>[0],
  emit?: Parameters<StageServer["fake"]["emit"]>[0],
): Deed {
  return deed(name, async ({ opencode }) => {
    opencode.fake.next(fault);
    await withLimit(opencode.fake.set(fault));
    if (emit !== undefined) await withLimit(opencode.fake.emit(emit));
  });
}

/** A fake that is stopped, or not there, answers nobody. */
async function withLimit(work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((resolve) => (timer = setTimeout(resolve, 50)));
  await Promise.race([work.catch(() => undefined), limit]);
  clearTimeout(timer);
}

const deeds = [
  fc.constantFrom(ask("start"), ask("stop"), ask("restart")),
  fc.constantFrom(signal("SIGKILL"), signal("SIGSTOP"), signal("SIGCONT"), signal("SIGABRT"), signal("SIGTERM")),
  fc.constantFrom(
    change("401", { answers: { "*": { status: 401 } } }),
    change("500", { answers: { "*": { status: 500 } } }),
    change("no answer", { answers: { "*": { hang: true } } }),
    change("dies at its next start", { dieAtOnce: true }),
    change("healed", heal),
    change("stream cut", {}, [{ destroy: true }]),
    change("stream hangs", { opening: { hang: true } }, [{ destroy: true }]),
    change("garbage on the stream", {}, [{ bytes: "AP/+Cgo6CmRhdGE6IHsKZGF0YToKCg==" }, { text: "data: half" }]),
  ),
  fc.integer({ min: 1, max: 40 }).map((seconds) =>
    deed(`${seconds} s pass`, async ({ opencode }) => {
      opencode.clock.jump(seconds * 1_000);
      await Promise.resolve();
    }),
  ),
  fc.integer({ min: 1, max: 600 }).map((seconds) =>
    deed(`asleep for ${seconds} s`, async ({ opencode }) => {
      opencode.clock.suspend(seconds * 1_000);
      opencode.server.resumed();
      await Promise.resolve();
    }),
  ),
  fc.integer({ min: -86_400, max: 86_400 }).map((seconds) =>
    deed(`wall clock set by ${seconds} s`, async ({ opencode }) => {
      opencode.clock.setWall(seconds * 1_000);
      await Promise.resolve();
    }),
  ),
  fc
    .integer({ min: 0, max: 60 })
    .map((ms) => deed(`${ms} ms`, () => new Promise((resolve) => setTimeout(resolve, ms)))),
];

faultCase(
  "nemesis",
  "any mix of deeds: what was wanted last is what is in the end, and nothing is left",
  async (stage) => {
    let played = 0;
    await fc.assert(
      fc.asyncProperty(fc.commands(deeds, { maxCommands: LONGEST_MIX }), async (commands) => {
        played += 1;
        const opencode = await startServer(stage, { settings: { stopGraceSeconds: 1 } }, `opencode-${played}`);
        const model: Model = { wanted: true };
        const world: World = { stage, opencode, asked: [] };
        await fc.asyncModelRun(() => ({ model, real: world }), commands);
        await settle(world, model);
        await opencode.server.close();
        expect(opencode.status).toMatchObject({ state: "stopped", pid: null, plan: null, failure: null });
        await opencode.idle();
        expect(stage.keeper.list().filter(({ kind }) => kind === "server")).toEqual([]);
      }),
      { seed: stage.seed, numRuns: MIXES, endOnFailure: false },
    );
  },
  { timeoutMs: 120_000 },
);

/** Nothing is wrong any more: a server that is wanted comes back, or waits for a person because it gave up. */
async function settle({ stage, opencode, asked }: World, model: Model): Promise<void> {
  opencode.fake.next(heal);
  const { pid } = opencode.status;
  const start = stage.starts.find(({ process }) => process.pid === pid);
  if (pid !== null && start?.exits.length === 0) process.kill(pid, "SIGCONT");
  await withLimit(opencode.fake.set(heal));
  await stage.until(
    `an end of all that was asked (${opencode.states.join(", ")})`,
    async () => {
      opencode.hurry();
      if (opencode.status.state === "waiting_ready") await pause();
      return (await Promise.race([Promise.all(asked).then(() => true), pause()])) === true;
    },
    30_000,
  );
  const wellStates: readonly string[] = model.wanted ? ["running"] : ["stopped"];
  const lastStates: readonly string[] = model.wanted ? [...wellStates, "gave_up", "crashed"] : wellStates;
  await stage.until(
    `one of ${lastStates.join(", ")} (${opencode.states.join(", ")})`,
    async () => {
      if (wellStates.includes(opencode.status.state)) return true;
      if (opencode.status.state === "gave_up") return lastStates.includes("gave_up");
      opencode.clock.jump(2_000);
      await withLimit(opencode.fake.seen());
      await pause();
      return opencode.status.state === "crashed" && opencode.clock.pending === 0 && lastStates.includes("crashed");
    },
    30_000,
  );
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 20));
}
