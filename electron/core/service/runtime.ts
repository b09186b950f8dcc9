/** What a service needs of whatever runs it: an operating system process, or a container. */
import type { Failure } from "#shared/failure.ts";
import type { Exit, ServicePort } from "#shared/schema/service.ts";
import type { Intake } from "../lib/intake.ts";
import type { Attention, Usage } from "../process/owned.ts";

/** One generation to be started. */
export interface Launch {
  readonly generation: number;
  readonly ports: readonly ServicePort[];
  /** Injected variables; they win over everything the service inherits. */
  readonly environment: Readonly<Record<string, string>>;
  /** What it writes, as LineSplitter (process/lines.ts) hands it on. */
  readonly onLines: (stream: "stdout" | "stderr", lines: Buffer, cut: boolean) => Intake;
}

/** What docker says of a container's own health check; `none`: it has none. */
export type ContainerHealth = "none" | "starting" | "healthy" | "unhealthy";

/** One generation that exists. */
export interface Instance {
  /** Null for a container. */
  readonly pid: number | null;
  /** What the keeper's readings are asked for with; null where there are none. */
  readonly usageId: string | null;
  /** Its end. Never rejects. */
  readonly exited: Promise<Exit>;
  /** After `exited`: its output is read. Never rejects. */
  readonly drained: Promise<void>;
  /** Ends it and all it started; also after `exited`. Bounded. */
  stop(): Promise<{
    readonly empty: boolean;
    readonly survivors: readonly { readonly pid: number; readonly command: string }[];
  }>;
  /** Only for containers. */
  readonly health: ((signal: AbortSignal) => Promise<ContainerHealth>) | null;
  /** Readings of what is no process of ours; absent: the keeper has them. */
  readonly usage?: (attention?: Attention) => Usage | null;
  /** Why nothing is known of it now: what it lives in does not answer. Null: all is well. */
  readonly trouble?: () => Failure | null;
  /** Calls at each change of `trouble`, while it lives. */
  readonly onTrouble?: (listener: () => void) => void;
}

export interface Runtime {
  /**
   * @throws AppError `port_in_use`, `docker_missing`, `docker_stopped`, `not_trusted`: it cannot start now, through no fault of its own.
   * `command_missing`, `spawn_failed`, `compose_failed`: it cannot start. After a rejection, or an abort, nothing is left.
   */
  start(launch: Launch, signal: AbortSignal): Promise<Instance>;
}
