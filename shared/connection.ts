/** What the client needs of a transport. Makers: a MessagePort and a WebSocket in the page, a WebSocket in the command line. */
import type { ClientFrame, HostFrame } from "./rpc.ts";

/**
 * `connecting`: not open yet, for the first time. `open`: frames flow. `lost`: it was open and is being opened again.
 * `closed`: over for good; nothing follows.
 */
export type ConnectionState = "connecting" | "open" | "lost" | "closed";

/** One ordered, two-way line to a host. A maker that reconnects reports `lost` and then `open` again; frames are never replayed. */
export interface Connection {
  /** Only while `open`; a frame sent in another state is thrown away by the transport. */
  send(frame: ClientFrame): void;
  onFrame(listener: (frame: HostFrame) => void): () => void;
  state(): ConnectionState;
  onState(listener: (state: ConnectionState) => void): () => void;
  close(): void;
}
