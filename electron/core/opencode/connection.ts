import type { OpencodeClient } from "./client.ts";
import type { WireEvent } from "./event-stream.ts";

/** What the chat sees of a server: the way to ask it, and what it says by itself. */
export interface ServerConnection {
  /** Null while no server runs. */
  client(): OpencodeClient | null;
  /** The event stream is connected, for the first time or again: whatever was known may be out of date. */
  onConnected(listener: () => void): () => void;
  /** The server is not there any more (stopped or crashed). A mere break of the event stream is not announced. */
  onGone(listener: () => void): () => void;
  onEvent(listener: (event: WireEvent) => void): () => void;
}
