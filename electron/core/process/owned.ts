/** What the rest of the core sees of a process we own. The keeper (keeper.ts) is the one place that makes them. */
import type { OwnedProcess as OwnedProcessView } from "#shared/schema/host.ts";
import type { Exit } from "#shared/schema/service.ts";
import type { Intake } from "../lib/intake.ts";

export type OutputStream = "stdout" | "stderr";

export interface SpawnRequest {
  readonly kind: "server" | "service" | "task";
  /** For people: the service's name, or `opencode`. */
  readonly name: string;
  /** Id of the workspace it belongs to. */
  readonly workspace: string;
  /** Program and arguments; never a shell string of ours. */
  readonly argv: readonly [string, ...string[]];
  readonly cwd: string;
  /** The child's whole environment. The keeper adds its marker and nothing else. */
  readonly env: Readonly<Record<string, string>>;
  /** Sent first when it is stopped. Default SIGTERM. */
  readonly stopSignal?: NodeJS.Signals;
  /**
   * The stop signal is sent again this often, in ms, while the grace lasts: for programs that can swallow one. OpenCode
   * does while it installs packages, and ends at the second (measured with 1.18). Default: it is sent once.
   */
  readonly repeatAfterMs?: number;
  /** From the first signal to SIGKILL, in ms. */
  readonly graceMs: number;
  /** Ports it is known to want; recorded, and freed when it is gone. */
  readonly ports: readonly number[];
  /** Called for each line, without its end. `cut`: longer than the cap, continues in the next line. Its answer can hold the stream back. */
  readonly onLine?: (stream: OutputStream, text: string, cut: boolean) => Intake;
  /** In place of `onLine`, for who keeps up with anything: whole lines together, as LineSplitter (lines.ts) hands them on. */
  readonly onLines?: (stream: OutputStream, lines: Buffer, cut: boolean) => Intake;
}

export interface StopReport {
  /** Every process of the set is verified gone. */
  readonly empty: boolean;
  /** What could not be ended, for people. */
  readonly survivors: readonly { readonly pid: number; readonly command: string }[];
  /** Whether SIGKILL was needed. */
  readonly killed: boolean;
}

export interface OwnedProcess {
  /** The id of its lease. */
  readonly id: string;
  readonly pid: number;
  /** ms since the epoch. */
  readonly startedAt: number;
  /** The end of the process itself (its children may live on until `stop`). Never rejects. */
  readonly exited: Promise<Exit>;
  /** After `exited`, when its output is read to the end, or one second later if a grandchild keeps the pipes open. */
  readonly drained: Promise<void>;
  /**
   * Ends the whole set: process group, session, descendants, and whoever carries the marker. Stop signal, SIGCONT, grace,
   * SIGKILL, verified. Called again it answers with the same stop; on a process that has exited it sweeps what it left.
   */
  stop(options?: { readonly graceMs?: number }): Promise<StopReport>;
}

/** Something outside our process tree that must not outlive us: a compose project. */
export interface HoldRequest {
  readonly kind: "container";
  readonly name: string;
  readonly workspace: string;
  /** Run by whoever cleans up after us. */
  readonly release: {
    readonly argv: readonly [string, ...string[]];
    readonly cwd: string;
    readonly env: Readonly<Record<string, string>>;
  };
}

export interface Hold {
  readonly id: string;
  /** It is gone; forget it. Does not run the release command. */
  drop(): void;
}

/** Memory and CPU of a whole tree. */
export interface Usage {
  readonly memoryBytes: number;
  /** Percent of one core since the last reading; null on the first. */
  readonly cpuPercent: number | null;
  /** How many processes the tree has. */
  readonly processes: number;
  /** Who of the tree used most of the CPU since the last reading; null on the first, and where nobody used any. */
  readonly busiest: { readonly pid: number; readonly command: string; readonly cpuPercent: number } | null;
}

/** What of ours a process belongs to. */
export interface PortOwner extends Pick<SpawnRequest, "kind" | "name"> {
  /** The workspace's id. */
  readonly workspace: string;
}

/** `closely`: somebody looks, and is shown how it moves. `in_passing`: whatever is known will do. */
export type Attention = "closely" | "in_passing";

export interface ProcessKeeper {
  /** Rejects with `command_missing` or `spawn_failed`; then nothing was started. */
  spawn(request: SpawnRequest): Promise<OwnedProcess>;
  hold(request: HoldRequest): Promise<Hold>;
  /** Everything owned now, the guardian included, for `deckhand ps`. */
  list(): OwnedProcessView[];
  /**
   * The latest reading for one owned process, by lease id; null before the first. At most 2 s old while somebody asks closely
   * every few seconds; one that nobody has asked for so is up to 10 s old, and a fresh one follows at once.
   *
   * @param attention Default `closely`.
   */
  usage(id: string, attention?: Attention): Usage | null;
  /**
   * Who listens on a TCP port of this machine, or null; `owner`, where it belongs to something of ours. Used to name the
   * holder of a port; never to kill it.
   */
  portHolder(
    port: number,
  ): Promise<{ readonly pid: number; readonly command: string; readonly owner?: PortOwner | null } | null>;
}
