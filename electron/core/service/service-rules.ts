/**
 * What the author of a service may say about how it is run, beyond its command. Everything has a default: whoever says
 * nothing gets what ENVIRONMENT.md calls sensible. Sources (compose, process-compose, deckhand.yaml) fill in what they know.
 */
import type { ProbeSpec } from "#shared/schema/service.ts";
import type { ProbeTimings } from "./probe.ts";

/** A probe and when it is done. What `timings` leaves out is the default of its kind. */
export interface ProbeRule {
  readonly spec: ProbeSpec;
  readonly timings: Partial<ProbeTimings>;
}

/** A change below one of the paths restarts the service. */
export interface WatchRule {
  /** Relative to the service's folder, inside the project. */
  readonly paths: readonly string[];
  /** Globs of what is not looked at, relative to the service's folder. */
  readonly ignore: readonly string[];
  /** Without another change for so long, in ms. */
  readonly debounceMs: number;
}

/** What the whole process tree of a service may take, and what follows. */
export interface LimitRule {
  readonly memoryBytes: number | null;
  /** Of one core, over `cpuForMs` without a break. */
  readonly cpuPercent: number | null;
  readonly cpuForMs: number;
  readonly onExceed: "restart" | "stop" | "notify";
}

/** A command of the author's that runs beside the service's own, in its folder and with its environment. */
export interface HookRule {
  readonly argv: readonly [string, ...string[]];
  readonly deadlineMs: number;
}

/** More of one service than this is a slip of the finger, and far more than one machine runs of anything. */
export const MAX_REPLICAS = 100;

export interface ServiceRules {
  /** Gates those who wait for `service_healthy`; its spec is the plan's `probe`. */
  readonly readiness: Partial<ProbeTimings>;
  /** Restarts the service when it fails after a success; the others wait for `startup` first. */
  readonly liveness: ProbeRule | null;
  readonly startup: ProbeRule | null;
  /** A regular expression: the line that those wait for who depend on `service_log_ready`. */
  readonly readyLine: string | null;
  readonly stop: {
    /** Sent first, to the whole group; SIGKILL after the grace. */
    readonly signal: NodeJS.Signals;
    /** Run before the signal. */
    readonly command: HookRule | null;
  };
  /** Exit codes that are a success, beside 0. */
  readonly successExitCodes: readonly number[];
  /** Its failure (`failure`), or any end of it (`end`), ends everything else. */
  readonly endsEnvironment: "never" | "failure" | "end";
  readonly watch: WatchRule | null;
  readonly limits: LimitRule | null;
  /** How many of it run at once; each has a port of its own. */
  readonly replicas: number;
  readonly hooks: {
    /** Each must succeed before the next and before the service starts. */
    readonly preStart: readonly HookRule[];
    /** After it is ready. */
    readonly postStart: readonly HookRule[];
    readonly preStop: readonly HookRule[];
    readonly postStop: readonly HookRule[];
  };
  /** Also written there, relative to the project; null: only to the log book. */
  readonly logFile: string | null;
  /** Shown, and started only when it is named. */
  readonly disabled: boolean;
}

export const DEFAULT_RULES: ServiceRules = {
  readiness: {},
  liveness: null,
  startup: null,
  readyLine: null,
  stop: { signal: "SIGTERM", command: null },
  successExitCodes: [],
  endsEnvironment: "never",
  watch: null,
  limits: null,
  replicas: 1,
  hooks: { preStart: [], postStart: [], preStop: [], postStop: [] },
  logFile: null,
  disabled: false,
};
