import { createClient, type Client } from "#shared/client.ts";
import type { ConnectionState } from "#shared/connection.ts";
import type { ClientFrame, HostFrame } from "#shared/rpc.ts";
import type { Host } from "../host.ts";

/** A client of the host in its own process: the shell asks through the same contract as the page does. */
export function createLocalClient(host: Pick<Host, "connect">): Client {
  let state: ConnectionState = "open";
  const toHost = new Set<(frame: unknown) => void>();
  const toClient = new Set<(frame: HostFrame) => void>();
  const stateListeners = new Set<(state: ConnectionState) => void>();
  const closeListeners = new Set<() => void>();
  const close = () => {
    if (state === "closed") return;
    state = "closed";
    for (const listener of closeListeners) listener();
    for (const listener of stateListeners) listener(state);
  };
  // Frames arrive one microtask later, as over any other transport: never within the call that sends them.
  const deliver = <Frame>(listeners: ReadonlySet<(frame: Frame) => void>, frame: Frame) => {
    queueMicrotask(() => {
      if (state === "open") for (const listener of listeners) listener(frame);
    });
  };
  host.connect({
    send: (frame) => deliver(toClient, frame),
    onFrame: (listener) => toHost.add(listener),
    onClose: (listener) => closeListeners.add(listener),
    close,
    trusted: () => true,
  });
  return createClient({
    send: (frame: ClientFrame) => deliver(toHost, frame),
    onFrame: (listener) => listen(toClient, listener),
    state: () => state,
    onState: (listener) => listen(stateListeners, listener),
    close,
  });
}

function listen<Listener>(listeners: Set<Listener>, listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
