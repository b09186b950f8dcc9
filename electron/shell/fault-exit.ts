import type { NoticePage } from "./notice-page.ts";

export interface FaultExitOptions {
  /** Where a person finds more. */
  readonly logFile: string;
  /** Shows a notice in place of the page, in a window that is made if there is none. */
  readonly showNotice: (notice: NoticePage, onAction: (id: string) => void) => void;
  /** Starts the app anew as soon as this one has ended. */
  readonly relaunch: () => void;
  /** Ends the process at once. */
  readonly exit: (code: number) => void;
}

/**
 * The way out after a fault of the app itself: everything is stopped like at any quit, then the window says what happened and
 * offers to start again. Only a person starts it again, so a fault that comes back never becomes a loop.
 */
export class FaultExit {
  readonly #options: FaultExitOptions;
  #fault: string | null = null;
  #wantsOut = false;
  /** With what code to end; null: things are still being stopped. */
  #code: number | null = null;

  constructor(options: FaultExitOptions) {
    this.#options = options;
  }

  get happened(): boolean {
    return this.#fault !== null;
  }

  /** The first fault is the one that is told; more of them come while things end. */
  record(fault: string): void {
    if (this.#fault !== null) return;
    this.#fault = fault;
    this.#options.showNotice(
      {
        title: "Deckhand had a fault and is stopping",
        message: fault,
        next: "It stops everything it had started.",
        actions: [],
      },
      () => undefined,
    );
  }

  /** A person or the system wants the app to end: nothing is offered any more. */
  leave(): void {
    this.#wantsOut = true;
    if (this.#code !== null) this.#options.exit(this.#code);
  }

  /** Last of all. @param clean Nothing is left of what was started; otherwise the guardian waits for our end to finish it. */
  stopped(code: number, clean: boolean): void {
    if (this.#fault === null || this.#wantsOut || !clean) return this.#options.exit(code);
    this.#code = code;
    this.#options.showNotice(this.#notice(this.#fault), (id) => {
      if (id === "again") this.#options.relaunch();
      this.#options.exit(code);
    });
  }

  #notice(fault: string): NoticePage {
    return {
      title: "Deckhand had a fault and stopped",
      message: fault,
      next: `Everything it had started was stopped. Start it again to go on; more about the fault is in ${this.#options.logFile}.`,
      actions: [
        { id: "again", label: "Start again" },
        { id: "quit", label: "Quit" },
      ],
    };
  }
}
