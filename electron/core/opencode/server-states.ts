/**
 * The life of one server as a table. Every pair of state and event is in it: those that make no sense are listed as null,
 * so that a new state or event cannot be forgotten.
 */
import type { ServerState } from "#shared/schema/server.ts";

export type ServerEvent =
  /** Someone wants it, or a restart after a crash is due. */
  | "start"
  /** The process exists. */
  | "spawned"
  /** Port known, password checked both ways, event stream connected. */
  | "ready"
  /** A start failed and is tried once more. */
  | "retry"
  /** It could not be started, or it ended although it was wanted. */
  | "failed"
  /** It failed once too often: nobody but a person starts it now. */
  | "given_up"
  /** A signal of life is missing. */
  | "weakened"
  /** It refuses our password. */
  | "refused"
  /** All signals of life are there (again). */
  | "recovered"
  | "stop"
  /** After `stop`: nothing of it is left. */
  | "gone";

const none: { readonly [Event in ServerEvent]: null } = {
  start: null,
  spawned: null,
  ready: null,
  retry: null,
  failed: null,
  given_up: null,
  weakened: null,
  refused: null,
  recovered: null,
  stop: null,
  gone: null,
};
/** What can end every run. */
const ends = { failed: "crashed", given_up: "gave_up", stop: "stopping" } as const;

const table: { readonly [State in ServerState]: { readonly [Event in ServerEvent]: ServerState | null } } = {
  stopped: { ...none, start: "starting" },
  starting: { ...none, ...ends, spawned: "waiting_ready", retry: "starting" },
  waiting_ready: { ...none, ...ends, ready: "running", retry: "starting" },
  running: { ...none, ...ends, weakened: "degraded", refused: "auth" },
  degraded: { ...none, ...ends, refused: "auth", recovered: "running" },
  auth: { ...none, ...ends, weakened: "degraded", recovered: "running" },
  // A failure while it is being stopped is the stop itself.
  stopping: { ...none, gone: "stopped" },
  // `stop` gives up the restart that may be waiting, and sweeps what the crash left.
  crashed: { ...none, start: "starting", stop: "stopping", given_up: "gave_up" },
  gave_up: { ...none, start: "starting", stop: "stopping" },
};

/** The state after an event. Throws on an illegal pair: that is a fault of ours, not of the server. */
export function nextServerState(state: ServerState, event: ServerEvent): ServerState {
  const next = table[state][event];
  if (next === null) throw new Error(`The server is ${state}; "${event}" cannot happen to it.`);
  return next;
}
