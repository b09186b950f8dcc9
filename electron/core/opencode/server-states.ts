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
  /** It could not be started, or it ended although it was wanted. */
  | "failed"
  | "stop"
  /** After `stop`: nothing of it is left. */
  | "gone";

const table: { readonly [State in ServerState]: { readonly [Event in ServerEvent]: ServerState | null } } = {
  stopped: { start: "starting", spawned: null, ready: null, failed: null, stop: null, gone: null },
  starting: { start: null, spawned: "waiting_ready", ready: null, failed: "crashed", stop: "stopping", gone: null },
  waiting_ready: { start: null, spawned: null, ready: "running", failed: "crashed", stop: "stopping", gone: null },
  running: { start: null, spawned: null, ready: null, failed: "crashed", stop: "stopping", gone: null },
  // A failure while it is being stopped is the stop itself.
  stopping: { start: null, spawned: null, ready: null, failed: null, stop: null, gone: "stopped" },
  // `stop` gives up the restart that may be waiting, and sweeps what the crash left.
  crashed: { start: "starting", spawned: null, ready: null, failed: null, stop: "stopping", gone: null },
};

/** The state after an event. Throws on an illegal pair: that is a fault of ours, not of the server. */
export function nextServerState(state: ServerState, event: ServerEvent): ServerState {
  const next = table[state][event];
  if (next === null) throw new Error(`The server is ${state}; "${event}" cannot happen to it.`);
  return next;
}
