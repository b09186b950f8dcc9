import type { OpencodeClient } from "./client.ts";
import type { WireEvent } from "./event-stream.ts";
import type { Protocol } from "./protocol/protocol.ts";

/** What the chat sees of a server: the way to ask it, and what it says by itself. */
export interface ServerConnection {
  /** Null while no server runs. */
  client(): OpencodeClient | null;
  /** How it is spoken to; null while no server runs. */
  protocol(): Protocol | null;
  /** The event stream is connected, for the first time or again: whatever was known may be out of date. */
  onConnected(listener: () => void): () => void;
  /**
   * The server is not there any more (stopped or crashed); `why` is one sentence for people: "The server was stopped." A
   * mere break of the event stream is not announced.
   */
  onGone(listener: (why: string) => void): () => void;
  onEvent(listener: (event: WireEvent) => void): () => void;
}
