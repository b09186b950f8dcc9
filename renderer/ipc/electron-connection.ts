/** The line to the host in the desktop window: one MessagePort, handed over by the preload. */
import type { Connection, ConnectionState } from "#shared/connection.ts";
import type { HostFrame } from "#shared/rpc.ts";
import { createEmitter } from "./emitter.ts";

/** What the preload puts on `window`. It knows no call of the contract. */
export interface DeckhandBridge {
  /** Asks for a port; it arrives as a window message `deckhand:port`. */
  connect(): void;
  readonly platform: string;
}

declare global {
  interface Window {
    readonly deckhand?: DeckhandBridge;
  }
}

/** Opens the port. A port that closes means the host is gone, and the window with it: there is no reconnecting here. */
export function openElectronConnection(bridge: DeckhandBridge): Connection {
  const frames = createEmitter<HostFrame>();
  const states = createEmitter<ConnectionState>();
  let state: ConnectionState = "connecting";
  let port: MessagePort | null = null;

  const become = (next: ConnectionState): void => {
    if (state === next || state === "closed") return;
    state = next;
    states.emit(next);
  };

  const receivePort = (event: MessageEvent): void => {
    // Only the preload shares this window, so nothing else can send from it; frames and other windows are other sources.
    if (event.source !== window || event.data !== "deckhand:port") return;
    const given = event.ports[0];
    if (!given || port) return;
    window.removeEventListener("message", receivePort);
    port = given;
    port.addEventListener("message", (message: MessageEvent<HostFrame>) => frames.emit(message.data));
    port.addEventListener("close", () => become("closed"));
    port.start();
    become("open");
  };
  window.addEventListener("message", receivePort);
  bridge.connect();

  return {
    send: (frame) => port?.postMessage(frame),
    onFrame: frames.on,
    state: () => state,
    onState: states.on,
    close: () => {
      port?.close();
      become("closed");
    },
  };
}
