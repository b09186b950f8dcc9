import type { ServerHistory, ServerSample } from "#shared/schema/server.ts";
import type { Emitter } from "../lib/emitter.ts";

/** From one reading to the next. */
export const SAMPLE_MS = 5_000;
/** Half an hour of readings; the oldest makes room for the newest. */
const KEPT = (30 * 60_000) / SAMPLE_MS;

/** The readings of one server's memory, CPU and events, for the curves. */
export class SampleHistory {
  readonly #news: Emitter<ServerHistory>;
  #samples: ServerSample[] = [];

  constructor(news: Emitter<ServerHistory>) {
    this.#news = news;
  }

  add(sample: ServerSample): void {
    this.#samples.push(sample);
    if (this.#samples.length > KEPT) this.#samples.shift();
    this.#news.emit({ reset: false, samples: [sample] });
  }

  /** Another process begins: the readings of the one before say nothing about it. */
  reset(): void {
    this.#samples = [];
    this.#news.emit({ reset: true, samples: [] });
  }

  /** Calls at once with everything kept, then with each new reading. */
  watch(listener: (history: ServerHistory) => void): () => void {
    const stop = this.#news.on(listener);
    listener({ reset: true, samples: [...this.#samples] });
    return stop;
  }
}
