/** The author's commands beside a service: before and after it starts, before and after it ends. */
import type { Failure } from "#shared/failure.ts";
import type { Exit } from "#shared/schema/service.ts";
import type { Clock } from "../lib/clock.ts";
import { withDeadline } from "../lib/deadline.ts";
import { errorText, isAbort } from "../lib/error.ts";
import { describeExit } from "./failures.ts";
import type { HookRule } from "./service-rules.ts";

/** When a hook runs, in words for people. */
export type HookMoment = "pre-start" | "post-start" | "pre-stop" | "stop" | "post-stop";

export interface HookContext {
  /** The service's. */
  readonly name: string;
  readonly clock: Clock;
  /** Runs one to its end; ends its whole tree when the signal aborts. */
  readonly run: (argv: HookRule["argv"], moment: HookMoment, signal: AbortSignal) => Promise<Exit>;
  /** A line in the service's log. */
  readonly note: (text: string) => void;
}

/**
 * Runs hooks one after the other, and none any more after one that failed. Each has its deadline; at the end of it the
 * hook's whole tree is ended.
 *
 * @returns The failure, or null where all of them succeeded. @throws AbortError when `signal` aborts.
 */
export async function runHooks(
  hooks: readonly HookRule[],
  moment: HookMoment,
  context: HookContext,
  signal: AbortSignal,
): Promise<Failure | null> {
  for (const hook of hooks) {
    const failure = await runHook(hook, moment, context, signal);
    if (failure !== null) return failure;
  }
  return null;
}

/** All of them, whatever becomes of each: for a service that is to end in any case. Failures are noted. */
export async function runEveryHook(
  hooks: readonly HookRule[],
  moment: HookMoment,
  context: HookContext,
): Promise<void> {
  for (const hook of hooks) await runHook(hook, moment, context, new AbortController().signal);
}

async function runHook(
  hook: HookRule,
  moment: HookMoment,
  { name, clock, run, note }: HookContext,
  signal: AbortSignal,
): Promise<Failure | null> {
  const text = hook.argv.join(" ");
  const what = `the ${moment} command \`${text.slice(0, 120)}\` of ${name}`;
  let problem: string;
  let work: Promise<unknown> = Promise.resolve();
  try {
    const exit = await withDeadline(clock, hook.deadlineMs, what, signal, (inner) => {
      const running = run(hook.argv, moment, inner);
      work = running;
      return running;
    });
    if (exit.code === 0) return null;
    problem = `The ${what.slice(4)} ${describeExit(exit)}.`;
  } catch (error) {
    // What it started is being ended; nothing else of the service may begin beside that.
    await work.catch(() => undefined);
    if (signal.aborted && isAbort(error)) throw error;
    problem = errorText(error);
  }
  note(problem);
  return {
    code: "hook_failed",
    message: problem,
    next: `Look at the log of ${name}, correct the command and start again.`,
    details: { moment, command: text },
  };
}
