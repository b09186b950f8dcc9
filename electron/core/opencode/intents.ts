import { AppError } from "../lib/error.ts";

/** `adopt` is a restart with another server in its place; two of them need not mean the same one. */
export type Intent = "start" | "stop" | "restart" | "adopt";

type Operation = { readonly intent: Intent; readonly controller: AbortController; readonly promise: Promise<void> };

/**
 * Carries out one intent after the other; the last one asked for wins. A start or restart that is waiting or under way is
 * given up for a later stop or restart: its signal aborts. A stop is always carried out. Who asks for what is on its way
 * already gets that one's end.
 */
export class Intents {
  /** The last operation asked for; null when it is through. */
  #tail: Operation | null = null;

  /** Settles as `run` does; rejects with `cancelled` where a later intent came before it began. */
  async request(intent: Intent, run: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const tail = this.#tail;
    if (tail !== null) {
      const isOnItsWay =
        intent !== "adopt" && (tail.intent === intent || (intent === "start" && tail.intent !== "stop"));
      if (isOnItsWay) return tail.promise;
      if (tail.intent !== "stop") tail.controller.abort();
    }
    const controller = new AbortController();
    const promise = (async () => {
      // How the one before ended is told to those who asked for it.
      await tail?.promise.catch(() => undefined);
      if (controller.signal.aborted) throw supersededError();
      await run(controller.signal);
    })();
    const operation: Operation = { intent, controller, promise };
    this.#tail = operation;
    try {
      await promise;
    } finally {
      if (this.#tail === operation) this.#tail = null;
    }
  }
}

/** For whoever asked for a start that a later request took back. */
export function supersededError(): AppError {
  return new AppError("cancelled", "Starting OpenCode was given up for a later request.");
}
