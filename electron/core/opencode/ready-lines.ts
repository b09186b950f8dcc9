import type { Handshake } from "./meeting.ts";
import type { Protocol } from "./protocol/protocol.ts";
import type { ReadyLine } from "./ready-line.ts";

/** Where it listens, and the generation of the protocol whose sentence said so. */
export interface HeardReady {
  readonly protocol: Protocol;
  readonly line: ReadyLine;
}

/** What a process that starts says of itself on stdout; the newest ready line counts, since a server that moves says so. */
export class ReadyLines {
  readonly #handshake: Pick<Handshake, "readyLine" | "passwordLine">;
  #latest: HeardReady | null = null;
  #password: string | null = null;
  readonly #waiting = new Set<() => void>();

  constructor(handshake: Pick<Handshake, "readyLine" | "passwordLine">) {
    this.#handshake = handshake;
  }

  /** The password that it made up by itself instead of taking ours; null: it took ours. */
  get password(): string | null {
    return this.#password;
  }

  /** A line of its stdout. Answers a password that the line holds, which must not be stored. */
  add(text: string): string | null {
    const password = this.#handshake.passwordLine(text);
    this.#password = password ?? this.#password;
    const heard = this.#handshake.readyLine(text);
    if (heard !== null) {
      this.#latest = heard;
      for (const wake of this.#waiting) wake();
      this.#waiting.clear();
    }
    return password;
  }

  /** The newest one; waits for the first. Rejects with an AbortError. */
  async latest(signal: AbortSignal): Promise<HeardReady> {
    while (this.#latest === null) {
      signal.throwIfAborted();
      await new Promise<void>((resolve) => {
        this.#waiting.add(resolve);
        signal.addEventListener("abort", () => resolve(), { once: true });
      });
    }
    return this.#latest;
  }
}
