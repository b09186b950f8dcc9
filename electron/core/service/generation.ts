/**
 * One life of a service, straight through: start it, probe it, wait for the first of three ends (it exits, it misses its
 * deadline, it is halted), end whatever it left. What the life means for the service's state is the service's business.
 */
import type { Exit, ServicePort } from "#shared/schema/service.ts";
import type { DetectedService } from "../environment/detect/detected.ts";
import type { Clock } from "../lib/clock.ts";
import { eachLine } from "../process/lines.ts";
import { probeFor, type ProbeInput, type ReadyProbe } from "./probe-for.ts";
import { untilMissed } from "./probe.ts";
import type { Instance, Launch, Runtime } from "./runtime.ts";

/** Why a life ended. */
export type GenerationEnd =
  | { readonly kind: "exit"; readonly exit: Exit }
  | { readonly kind: "not_ready"; readonly reason: string }
  | { readonly kind: "halt" };

/**
 * A service without a probe is believed to have come up for good when it has lived this long: supervisord's `startsecs`. It
 * is ready before, for those who wait for its start, but nobody reports success on the strength of a process that exists.
 */
const STEADY_MS = 1_000;

/** A life that is about to begin. */
export interface PreparedGeneration {
  readonly launch: Launch;
  /** Null: nothing tells when it is ready. */
  readonly probe: ReadyProbe | null;
  /** Aborts when it is halted: gives up the start. */
  readonly startSignal: AbortSignal;
  /** Resolves when it is halted. */
  readonly halted: Promise<GenerationEnd>;
  readonly halt: () => void;
}

/** @param input.onLines Its output, on its way to the log. */
export function prepareGeneration(input: {
  readonly detected: DetectedService;
  readonly generation: number;
  readonly ports: readonly ServicePort[];
  readonly environment: Readonly<Record<string, string>>;
  readonly onLines: Launch["onLines"];
  readonly instance: () => Instance | null;
  readonly exec: ProbeInput["exec"];
}): PreparedGeneration {
  const { detected, generation, ports, environment, instance, exec } = input;
  const start = new AbortController();
  let halt: () => void = () => undefined;
  const halted = new Promise<GenerationEnd>((resolve) => {
    halt = () => {
      start.abort();
      resolve({ kind: "halt" });
    };
  });
  let probe: ReadyProbe | null = null;
  const launch: Launch = {
    generation,
    ports,
    environment,
    onLines: (stream, lines, cut) => {
      const wait = input.onLines(stream, lines, cut);
      const hear = probe?.onLine ?? null;
      if (hear !== null) eachLine(lines, cut, hear);
      return wait;
    },
  };
  probe = probeFor({ spec: detected.plan.probe, planned: detected.plan.ports, launch, instance, exec });
  return { launch, probe, startSignal: start.signal, halted, halt };
}

export interface GenerationOptions extends PreparedGeneration {
  readonly runtime: Runtime;
  readonly clock: Clock;
  /** A task is never steady: it is done, or it is not. */
  readonly task: boolean;
  readonly onUp: (instance: Instance) => void;
  readonly onSteady: () => void;
  readonly onHealthy: () => void;
  readonly onUnhealthy: (why: string) => void;
  /** It ends; what it left is still there. */
  readonly onEnding: (end: GenerationEnd) => void;
}

/** Resolves when nothing of it is left. @throws AppError of the runtime where it did not start. */
export async function liveThrough(options: GenerationOptions): Promise<{
  readonly end: GenerationEnd;
  readonly exit: Exit;
  readonly report: Awaited<ReturnType<Instance["stop"]>>;
}> {
  const { runtime, clock, launch, probe, task, halted } = options;
  const instance = await runtime.start(launch, options.startSignal);
  options.onUp(instance);
  const probing = new AbortController();
  const missed = probe === null ? new Promise<never>(() => undefined) : watch(probe, options, probing.signal);
  const cancelSteady = probe === null && !task ? clock.after(STEADY_MS, options.onSteady) : () => undefined;
  const exited = instance.exited.then((exit): GenerationEnd => ({ kind: "exit", exit }));
  const end = await Promise.race([halted, exited, missed]);
  probing.abort();
  cancelSteady();
  options.onEnding(end);
  if (end.kind === "exit") await instance.drained;
  const report = await instance.stop();
  const known = await Promise.race([instance.exited, Promise.resolve().then(() => ({ code: null, signal: null }))]);
  return { end, exit: end.kind === "exit" ? end.exit : known, report };
}

/** Resolves only if the deadline is missed. */
async function watch(probe: ReadyProbe, options: GenerationOptions, signal: AbortSignal): Promise<GenerationEnd> {
  const { clock, onHealthy, onUnhealthy } = options;
  const { timings, what, attempt } = probe;
  const reason = await untilMissed({ clock, timings, what, attempt, onHealthy, onUnhealthy }, signal);
  return { kind: "not_ready", reason };
}
