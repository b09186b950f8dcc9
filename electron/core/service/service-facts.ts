/** What is known of one service beyond its state. Changed by its wishes (service.ts) and its lives (service-life.ts). */
import type { Exit, ServicePort } from "#shared/schema/service.ts";
import { NO_HISTORY, type RestartHistory } from "./restart-policy.ts";
import type { Instance } from "./runtime.ts";
import type { Actor } from "./service-record.ts";

export class ServiceFacts {
  /** The ports of the generation that lives, or lived last. */
  ports: readonly ServicePort[];
  /** Null while there is none. */
  instance: Instance | null = null;
  /** How it ended last. */
  exit: Exit | null = null;
  /** Monotonic times of this generation. */
  upSince: number | null = null;
  readySince: number | null = null;
  /** This generation has printed the line that others wait for. */
  logReady = false;
  /** Restarts by policy since it was last wanted anew. */
  restarts = 0;
  history: RestartHistory = NO_HISTORY;
  /** It was ready at some time since it was last wanted anew. */
  everReady = false;
  /** It has once been given up on by its deadline. */
  missedDeadline = false;
  /** It is to be stopped and started again, by whom and why. */
  restart: { readonly actor: Actor; readonly reason: string | null } | null = null;
  /** Who wanted it stopped last. */
  wisher: Actor = "system";
  /** Ends the generation that lives; null where none does, or it has been told already. */
  halt: (() => void) | null = null;
  /** Ends the pause before its next try. */
  cancelRetry: (() => void) | null = null;

  constructor(ports: readonly ServicePort[]) {
    this.ports = ports;
  }

  /** The trouble so far counts no more. */
  forget(): void {
    this.cancelBackoff();
    this.history = NO_HISTORY;
    this.restarts = 0;
    this.everReady = false;
    this.missedDeadline = false;
  }

  cancelBackoff(): void {
    this.cancelRetry?.();
    this.cancelRetry = null;
  }

  /** Nothing of the generation is left. */
  gone(): void {
    this.instance = null;
    this.upSince = null;
    this.halt = null;
  }
}
