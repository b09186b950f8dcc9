import { Emitter } from "../lib/emitter.ts";
import type { WireEvent } from "./event-stream.ts";

/** What a server tells to whoever uses it (connection.ts has the meaning of each). */
export class ServerVoice {
  readonly connected: Emitter<void>;
  readonly gone: Emitter<string>;
  readonly event: Emitter<WireEvent>;

  constructor(onError: (error: unknown) => void) {
    this.connected = new Emitter(onError);
    this.gone = new Emitter(onError);
    this.event = new Emitter(onError);
  }
}
