/** Shows a start while it goes on: redrawn in a terminal, a line for each change in a pipe. */
import type { EnvironmentStatus } from "#shared/schema/environment.ts";
import type { Output } from "./command.ts";
import { changeLine, progressTable } from "./progress.ts";

/** Times on screen go on between two statuses, ms. */
const REDRAW_MS = 200;
/** Where the terminal does not say. */
const USUAL_SCREEN = { columns: 80, rows: 24 };

export interface ProgressPrinter {
  show(status: EnvironmentStatus): void;
  /** What is on screen stays; notes may be written below it. */
  end(): void;
}

export function progressPrinter(output: Output, json: boolean): ProgressPrinter {
  return output.live && !json ? new LiveTable(output) : new PlainLines(output);
}

class LiveTable implements ProgressPrinter {
  readonly #output: Output;
  #status: EnvironmentStatus | null = null;
  #height = 0;
  #timer: NodeJS.Timeout | null = null;

  constructor(output: Output) {
    this.#output = output;
  }

  show(status: EnvironmentStatus): void {
    this.#status = status;
    this.#draw();
    this.#timer ??= setInterval(() => this.#tick(), REDRAW_MS).unref();
  }

  end(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    if (this.#status !== null) this.#draw();
    this.#status = null;
    this.#height = 0;
  }

  /** Where nothing is on its way, the next status is soon enough. */
  #tick(): void {
    if (this.#status?.phase === "starting" || this.#status?.phase === "stopping") this.#draw();
  }

  #draw(): void {
    if (this.#status === null) return;
    const { columns = USUAL_SCREEN.columns, rows = USUAL_SCREEN.rows } = process.stdout;
    const lines = progressTable(this.#status, Date.now(), { columns, rows });
    // Up to its first line, and everything from there on is written anew.
    const up = this.#height === 0 ? "" : `\u001B[${this.#height}F\u001B[J`;
    this.#output.write(`${up}${lines.join("\n")}\n`);
    this.#height = lines.length;
  }
}

class PlainLines implements ProgressPrinter {
  readonly #output: Output;
  readonly #seen = new Map<string, string>();

  constructor(output: Output) {
    this.#output = output;
  }

  show(status: EnvironmentStatus): void {
    for (const service of status.services) {
      const { name, phase, ready, why } = service;
      const state = JSON.stringify([phase, ready, why]);
      if (this.#seen.get(name) === state) continue;
      this.#seen.set(name, state);
      const line = changeLine(service, Date.now());
      if (line !== null) this.#output.note(line);
    }
  }

  end(): void {
    this.#seen.clear();
  }
}
