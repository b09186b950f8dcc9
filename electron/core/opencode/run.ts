/** What the supervision sees of one server while it runs, whether we started it or somebody else did. */
import type { Exit } from "#shared/schema/service.ts";
import type { AppError } from "../lib/error.ts";
import type { StopReport } from "../process/owned.ts";
import type { OpencodeClient } from "./client.ts";
import type { WireEvent } from "./event-stream.ts";
import type { Protocol } from "./protocol/protocol.ts";

/** The process of a run, as far as anybody but its keeper needs it. */
export interface RunProcess {
  /** The id of its lease; memory and CPU are asked for by it. */
  readonly id: string;
  readonly pid: number;
}

/** A server that became ready. */
export interface Run {
  /** Null where it is somebody else's. */
  readonly process: RunProcess | null;
  readonly client: OpencodeClient;
  readonly protocol: Protocol;
  readonly version: string;
  /** The end of its process. Never settles where it is somebody else's. */
  readonly exited: Promise<Exit>;
  /** Why it ended by itself, with its last lines. */
  endedBecause(exit: Exit): Promise<AppError>;
  /** Ends it and everything it started, or only leaves it where it is somebody else's. Never rejects. */
  stop(): Promise<StopReport>;
}

/** What a run tells while it lives. */
export interface RunListeners {
  readonly onSpawned: (process: RunProcess) => void;
  readonly onEvent: (event: WireEvent) => void;
  /** The event stream is connected, for the first time or again. */
  readonly onConnected: () => void;
  /** The event stream broke, or has said nothing for too long; it is being connected again. */
  readonly onDisconnected: (reason: string) => void;
}
