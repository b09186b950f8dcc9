/**
 * The life of one service as a pure table. Four fields, never one: what the user wants (`desired`), what it is doing
 * (`phase`), whether its probe passes (`health`), and which spawn this is about (`generation`).
 */
import type { Desired, Health, ServicePhase } from "#shared/schema/service.ts";

export interface ServiceState {
  readonly desired: Desired;
  readonly phase: ServicePhase;
  readonly health: Health;
  /** Grows by one with every spawn. What an earlier generation still has to say is dropped. */
  readonly generation: number;
}

export const INITIAL_STATE: ServiceState = { desired: "stopped", phase: "stopped", health: "none", generation: 0 };

/** Events of one generation carry its number; `spawn` begins a new one. */
export type ServiceEvent =
  /** The user wants it running. */
  | { readonly kind: "want" }
  /** The user wants it stopped. What lives is stopped in its turn (`stop`); what does not is stopped at once. */
  | { readonly kind: "unwant" }
  /** It waits for others. */
  | { readonly kind: "wait" }
  /** A service it needs has failed. */
  | { readonly kind: "skip" }
  /** What it would do has been done. */
  | { readonly kind: "done" }
  /** Its turn has come. */
  | { readonly kind: "spawn"; readonly hasProbe: boolean }
  /** Its process exists. */
  | { readonly kind: "up"; readonly generation: number }
  | { readonly kind: "healthy"; readonly generation: number }
  | { readonly kind: "unhealthy"; readonly generation: number }
  /** We began to end it, or it ended by itself and what it left is being ended. */
  | { readonly kind: "stop"; readonly generation: number }
  /** Nothing of it is left, and that was wanted. */
  | { readonly kind: "ended"; readonly generation: number }
  /** Nothing of it is left, it was not asked to end, and this is what follows. */
  | { readonly kind: "complete"; readonly generation: number }
  | { readonly kind: "back_off"; readonly generation: number }
  | { readonly kind: "fail"; readonly generation: number }
  | { readonly kind: "give_up"; readonly generation: number }
  /** Something outside keeps it from starting: a held port, a missing engine. */
  | { readonly kind: "block"; readonly generation: number }
  /** The pause of a backoff is over. */
  | { readonly kind: "retry"; readonly generation: number };

export type ServiceEventKind = ServiceEvent["kind"];

/** Phases in which something of the service may exist. */
export const livePhases: ReadonlySet<ServicePhase> = new Set(["starting", "running", "stopping"]);
/** Phases in which a wanted service stays where it is until somebody asks again. */
export const settledFailures: ReadonlySet<ServicePhase> = new Set(["blocked", "failed", "crash_loop", "skipped"]);

type Row = Readonly<Partial<Record<ServicePhase, ServicePhase>>>;

/**
 * Where each event leads from each phase. A pair that is not here is illegal: it means a fault of ours, and a test lists
 * all of them. `disabled` is where a disabled service begins. `external` and `orphaned` are entered by nobody yet.
 */
const table: Readonly<Record<ServiceEventKind, Row>> = {
  // Waiting ones keep waiting; live ones keep living; a backoff is cut short; the rest begins anew.
  want: row(
    "pending>pending waiting>waiting starting>starting running>running stopping>stopping backoff>pending stopped>pending",
    "failed>pending crash_loop>pending skipped>pending blocked>pending completed>pending disabled>pending",
  ),
  unwant: row(
    "pending>stopped waiting>stopped backoff>stopped blocked>stopped skipped>stopped failed>stopped crash_loop>stopped",
    "completed>stopped stopped>stopped disabled>disabled starting>starting running>running stopping>stopping",
  ),
  wait: { pending: "waiting", waiting: "waiting" },
  skip: { pending: "skipped", waiting: "skipped" },
  done: { pending: "completed", waiting: "completed" },
  spawn: { pending: "starting", waiting: "starting" },
  up: { starting: "running" },
  healthy: { running: "running" },
  unhealthy: { running: "running" },
  stop: { starting: "stopping", running: "stopping" },
  ended: { stopping: "stopped" },
  complete: { stopping: "completed" },
  back_off: { stopping: "backoff" },
  fail: { starting: "failed", stopping: "failed" },
  give_up: { stopping: "crash_loop" },
  block: { pending: "blocked", waiting: "blocked", starting: "blocked", stopping: "blocked" },
  retry: { backoff: "pending" },
};

/** `from>to` pairs; the longer rows read better as text. */
function row(...pairs: string[]): Row {
  const entries = pairs.flatMap((text) => text.split(" ")).map((pair) => pair.split(">"));
  return Object.fromEntries(entries) as Row;
}

export type Transition =
  | { readonly kind: "moved"; readonly state: ServiceState }
  /** It was about an earlier generation. */
  | { readonly kind: "stale" }
  /** No such pair: a fault of the caller. */
  | { readonly kind: "illegal" };

/** The state after an event. */
export function transition(state: ServiceState, event: ServiceEvent): Transition {
  if ("generation" in event && event.generation !== state.generation) return { kind: "stale" };
  const phase = table[event.kind][state.phase];
  if (phase === undefined) return { kind: "illegal" };
  return {
    kind: "moved",
    state: {
      phase,
      desired: event.kind === "want" ? "running" : event.kind === "unwant" ? "stopped" : state.desired,
      health: healthAfter(state, event, phase),
      generation: event.kind === "spawn" ? state.generation + 1 : state.generation,
    },
  };
}

function healthAfter(state: ServiceState, event: ServiceEvent, phase: ServicePhase): Health {
  switch (event.kind) {
    case "spawn":
      // Each generation begins unknown: the health of the last one says nothing about this one.
      return event.hasProbe ? "starting" : "none";
    case "healthy":
      return "healthy";
    case "unhealthy":
      return "unhealthy";
    default:
      return livePhases.has(phase) && phase !== "stopping" ? state.health : "none";
  }
}

/**
 * `ready`: it has come up, and its probe (where it has one) passes; or it has completed.
 *
 * @param isTask A task is ready only when it has completed: that it runs is of no use to anybody.
 */
export function isReady(state: ServiceState, isTask: boolean): boolean {
  if (state.phase === "completed") return true;
  return !isTask && state.phase === "running" && (state.health === "none" || state.health === "healthy");
}
