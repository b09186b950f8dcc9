import type { Clock } from "../lib/clock.ts";
import { abortError } from "../lib/clock.ts";
import { errorText, isAbort } from "../lib/error.ts";
import type { Logger } from "../lib/logger.ts";
import type { OpencodeClient } from "./client.ts";
import { runEventStream } from "./event-stream.ts";
import type { Protocol } from "./protocol/protocol.ts";
import type { RunListeners } from "./run.ts";

export interface EventConnectionOptions {
  readonly client: OpencodeClient;
  readonly protocol: Protocol;
  readonly reconnectBaseMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random: () => number;
  readonly listeners: Pick<RunListeners, "onEvent" | "onConnected" | "onDisconnected">;
}

/** The event stream of one run, reconnected for as long as the run lives. */
export interface EventConnection {
  /** Resolves when the first event is here. Rejects with an AbortError. */
  connected(signal: AbortSignal): Promise<void>;
  /** Resolves when it is over. */
  close(): Promise<void>;
}

export function openEvents(options: EventConnectionOptions): EventConnection {
  const ending = new AbortController();
  const { listeners, logger, ...rest } = options;
  let announce: () => void = () => undefined;
  const first = new Promise<void>((resolve) => (announce = resolve));
  const work = runEventStream({
    ...rest,
    logger,
    onEvent: listeners.onEvent,
    onConnected: () => {
      announce();
      listeners.onConnected();
    },
    onDisconnected: listeners.onDisconnected,
    signal: ending.signal,
  }).catch((error: unknown) => {
    if (!isAbort(error)) logger.error("the event stream of OpenCode ended", { error: errorText(error) });
  });
  return {
    connected: (signal) =>
      new Promise((resolve, reject) => {
        if (signal.aborted) return reject(abortError());
        const give = () => reject(abortError());
        signal.addEventListener("abort", give, { once: true });
        void first.then(() => {
          signal.removeEventListener("abort", give);
          resolve();
        });
      }),
    async close() {
      ending.abort();
      await work;
    },
  };
}
