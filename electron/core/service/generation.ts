/**
 * One life of a service, straight through: what comes before it, its start, its probes and limits, the first of its possible
 * ends, what comes before the signal, the end of whatever it left, what comes after. What the life means for the service's
 * state is the service's business.
 */
import type { Failure } from "#shared/failure.ts";
import type { Exit, ServicePort } from "#shared/schema/service.ts";
import type { DetectedService } from "../environment/detect/detected.ts";
import { sleep, type Clock } from "../lib/clock.ts";
import { fromFailure } from "../lib/error.ts";
import { eachLine } from "../process/lines.ts";
import type { Usage } from "../process/owned.ts";
import { superviseHealth, type ProbeTrio } from "./generation-probes.ts";
import { runEveryHook, runHooks, type HookContext } from "./hooks.ts";
import { watchLimits } from "./limit-watch.ts";
import { openNotifySocket, type NotifySocket } from "./notify-socket.ts";
import { LogProbe } from "./probe-attempts.ts";
import { probeFor, type ProbeContext } from "./probe-for.ts";
import type { Instance, Launch, Runtime } from "./runtime.ts";

/** Why a life ended. */
export type GenerationEnd =
  | { readonly kind: "exit"; readonly exit: Exit }
  /** The first success of a probe did not come in time. */
  | { readonly kind: "not_ready"; readonly reason: string }
  /** Its liveness probe fails. */
  | { readonly kind: "not_alive"; readonly reason: string }
  | { readonly kind: "exceeded"; readonly what: string; readonly follow: "restart" | "stop" }
  /** A command that belongs to its start failed. */
  | { readonly kind: "hook"; readonly failure: Failure }
  | { readonly kind: "halt" };

/**
 * A service without a probe is believed to have come up for good when it has lived this long: supervisord's `startsecs`. It
 * is ready before, for those who wait for its start, but nobody reports success on the strength of a process that exists.
 */
const STEADY_MS = 1_000;

/** A life that is about to begin. */
export interface PreparedGeneration {
  readonly launch: Launch;
  readonly probes: ProbeTrio;
  /** Whether a probe speaks of a notification, so that a socket for it is needed. */
  readonly notifies: boolean;
  readonly setNotified: (ready: () => boolean) => void;
  /** Aborts when it is halted: gives up the start. */
  readonly startSignal: AbortSignal;
  /** Resolves when it is halted. */
  readonly halted: Promise<GenerationEnd>;
  readonly halt: () => void;
}

/**
 * @param input.onLines Its output, on its way to the log.
 * @param input.onReadyLine The line that others wait for has come.
 */
export function prepareGeneration(
  input: {
    readonly detected: DetectedService;
    readonly generation: number;
    readonly ports: readonly ServicePort[];
    readonly environment: Readonly<Record<string, string>>;
    readonly onLines: Launch["onLines"];
    readonly onReadyLine: () => void;
    readonly exec: (
      command: readonly [string, ...string[]],
      launch: Launch,
      signal: AbortSignal,
    ) => ReturnType<ProbeContext["exec"]>;
  } & Pick<ProbeContext, "instance">,
): PreparedGeneration {
  const { detected, generation, ports, environment, instance } = input;
  const { plan, rules } = detected;
  const start = new AbortController();
  let halt: () => void = () => undefined;
  const halted = new Promise<GenerationEnd>((resolve) => {
    halt = () => {
      start.abort();
      resolve({ kind: "halt" });
    };
  });
  const listeners: ((text: string) => void)[] = [];
  const launch: Launch = {
    generation,
    ports,
    environment,
    onLines: (stream, lines, cut) => {
      const wait = input.onLines(stream, lines, cut);
      if (listeners.length > 0) {
        eachLine(lines, cut, (text) => {
          for (const hear of listeners) hear(text);
        });
      }
      return wait;
    },
  };
  let notified = () => false;
  const context: ProbeContext = {
    planned: plan.ports,
    launch,
    variables: detected.environment,
    instance,
    notified: () => notified(),
    exec: (command, signal) => input.exec(command, launch, signal),
  };
  const probes: ProbeTrio = {
    startup: rules.startup === null ? null : probeFor(rules.startup, context),
    readiness: plan.probe === null ? null : probeFor({ spec: plan.probe, timings: rules.readiness }, context),
    liveness: rules.liveness === null ? null : probeFor(rules.liveness, context),
  };
  for (const probe of Object.values(probes)) if (probe?.onLine) listeners.push(probe.onLine);
  if (rules.readyLine !== null) {
    const line = new LogProbe(rules.readyLine);
    listeners.push((text) => {
      if (line.feed(text)) input.onReadyLine();
    });
  }
  const kinds = [rules.startup?.spec.kind, plan.probe?.kind, rules.liveness?.spec.kind];
  return {
    launch,
    probes,
    notifies: kinds.includes("notify"),
    setNotified: (ready) => {
      notified = ready;
    },
    startSignal: start.signal,
    halted,
    halt,
  };
}

export interface GenerationOptions extends PreparedGeneration {
  readonly detected: DetectedService;
  readonly runtime: Runtime;
  readonly clock: Clock;
  readonly hooks: HookContext;
  /** The latest reading of its process tree; null: none yet, or never. */
  readonly usage: (instance: Instance) => Usage | null;
  readonly onUp: (instance: Instance) => void;
  readonly onSteady: () => void;
  readonly onHealthy: () => void;
  readonly onUnhealthy: (why: string) => void;
  /** A limit is exceeded that is only to be told. */
  readonly onExceeded: (what: string) => void;
  /** It ends; what it left is still there. */
  readonly onEnding: (end: GenerationEnd) => void;
}

/** What is left of a life. */
export interface GenerationReport {
  readonly end: GenerationEnd;
  readonly exit: Exit;
  readonly report: Awaited<ReturnType<Instance["stop"]>>;
}

/** Resolves when nothing of it is left. @throws AppError of the runtime, or `hook_failed`, where it did not start. */
export async function liveThrough(options: GenerationOptions): Promise<GenerationReport> {
  const { launch, startSignal, detected, hooks } = options;
  const socket = options.notifies ? await openNotifySocket() : null;
  try {
    if (socket !== null) options.setNotified(socket.ready);
    const { preStart, postStop } = detected.rules.hooks;
    if (preStart.length > 0) {
      const failure = await runHooks(preStart, "pre-start", hooks, startSignal);
      if (failure !== null) throw fromFailure(failure);
    }
    const instance = await options.runtime.start(withSocket(launch, socket), startSignal);
    options.onUp(instance);
    const life = await liveUntilEnd(instance, options);
    await runEveryHook(postStop, "post-stop", hooks);
    return life;
  } finally {
    socket?.close();
  }
}

function withSocket(launch: Launch, socket: NotifySocket | null): Launch {
  if (socket === null) return launch;
  return { ...launch, environment: { ...launch.environment, NOTIFY_SOCKET: socket.path } };
}

async function liveUntilEnd(instance: Instance, options: GenerationOptions): Promise<GenerationReport> {
  const { detected, halted, onEnding } = options;
  const living = new AbortController();
  const { trouble, over } = watchOver(instance, options, living.signal);
  const exited = instance.exited.then((exit): GenerationEnd => ({ kind: "exit", exit }));
  const end = await Promise.race([halted, exited, trouble]);
  living.abort();
  onEnding(end);
  if (end.kind === "exit") await instance.drained;
  else await askToEnd(instance, detected, options);
  const report = await instance.stop();
  await over();
  const known = await Promise.race([instance.exited, Promise.resolve().then(() => ({ code: null, signal: null }))]);
  return { end, exit: end.kind === "exit" ? end.exit : known, report };
}

/**
 * Everything that looks after a life while it lasts.
 *
 * @returns `trouble`: the first reason to end it; `over`: waits, after `signal` has aborted, until none of it is under way.
 */
function watchOver(
  instance: Instance,
  options: GenerationOptions,
  signal: AbortSignal,
): { readonly trouble: Promise<GenerationEnd>; readonly over: () => Promise<unknown> } {
  const { clock, detected, probes, hooks, onSteady, onHealthy, onUnhealthy, onExceeded } = options;
  const { rules, plan } = detected;
  let raise: (end: GenerationEnd) => void = () => undefined;
  const trouble = new Promise<GenerationEnd>((resolve) => {
    raise = resolve;
  });
  const underWay: Promise<unknown>[] = [];
  let greeted = false;
  const greet = () => {
    if (greeted) return;
    greeted = true;
    const hooksDone = runHooks(rules.hooks.postStart, "post-start", hooks, signal).then(
      (failure) => failure !== null && raise({ kind: "hook", failure }),
      // Called off with the life.
      () => undefined,
    );
    underWay.push(hooksDone);
  };
  const gated = probes.startup !== null || probes.readiness !== null;
  underWay.push(
    superviseHealth(
      probes,
      {
        clock,
        onUnhealthy,
        onHealthy: () => {
          onHealthy();
          greet();
        },
        onDeadline: (reason) => raise({ kind: "not_ready", reason }),
        onDead: (reason) => raise({ kind: "not_alive", reason }),
      },
      signal,
    ),
  );
  if (!gated) {
    greet();
    // A task is never steady: it is done, or it is not.
    if (plan.kind !== "task") signal.addEventListener("abort", clock.after(STEADY_MS, onSteady), { once: true });
  }
  if (rules.limits !== null) {
    const rule = rules.limits;
    const { onExceed } = rule;
    const exceeded = (what: string) =>
      onExceed === "notify" ? onExceeded(what) : raise({ kind: "exceeded", what, follow: onExceed });
    const usage = () => options.usage(instance);
    underWay.push(watchLimits({ rule, clock, usage, onExceeded: exceeded }, signal));
  }
  return { trouble, over: () => Promise.all(underWay) };
}

/** The author's own ways of ending it come before the signal. */
async function askToEnd(
  instance: Instance,
  { rules, graceMs }: DetectedService,
  options: GenerationOptions,
): Promise<void> {
  const { hooks, clock } = options;
  await runEveryHook(rules.hooks.preStop, "pre-stop", hooks);
  if (rules.stop.command === null) return;
  const failure = await runHooks([rules.stop.command], "stop", hooks, new AbortController().signal);
  if (failure !== null) return;
  // The command may only have asked it to end; the signal would cut that short.
  const waiting = new AbortController();
  await Promise.race([instance.exited, sleep(clock, graceMs, waiting.signal).catch(() => undefined)]);
  waiting.abort();
}
