/** The probe of one generation: what its specification says, with the ports and variables this generation was given. */
import type { ProbeSpec, ServicePort } from "#shared/schema/service.ts";
import { assertNever } from "../lib/error.ts";
import { LogProbe, probeHttp, probeTcp } from "./probe-attempts.ts";
import { DEFAULT_TIMINGS, EXEC_TIMINGS, type ProbeAnswer, type ProbeTimings } from "./probe.ts";
import type { Instance, Launch } from "./runtime.ts";

export interface ReadyProbe {
  readonly what: string;
  readonly timings: ProbeTimings;
  readonly attempt: (signal: AbortSignal) => Promise<ProbeAnswer>;
  /** Must be given every line of the generation; null: it wants none. */
  readonly onLine: ((text: string) => void) | null;
}

export interface ProbeInput {
  readonly spec: ProbeSpec | null;
  /** The ports as planned; the specification speaks of these. */
  readonly planned: readonly ServicePort[];
  readonly launch: Launch;
  /** Resolves when it exists; a probe is asked before that only to look at lines. */
  readonly instance: () => Instance | null;
  readonly exec: (command: readonly [string, ...string[]], launch: Launch, signal: AbortSignal) => Promise<ProbeAnswer>;
}

/** Null: it has no probe, and is ready as soon as it runs. */
export function probeFor({ spec, planned, launch, instance, exec }: ProbeInput): ReadyProbe | null {
  if (spec === null) return null;
  switch (spec.kind) {
    case "tcp": {
      const port = givenPort(spec.port, planned, launch.ports);
      const attempt = (signal: AbortSignal) => probeTcp(port, signal);
      return { what: `port ${port}`, timings: DEFAULT_TIMINGS, attempt, onLine: null };
    }
    case "http": {
      const url = withVariables(spec.url, launch.environment);
      const attempt = (signal: AbortSignal) => probeHttp(url, signal);
      return { what: url, timings: DEFAULT_TIMINGS, attempt, onLine: null };
    }
    case "log": {
      const probe = new LogProbe(spec.pattern);
      const attempt = () => Promise.resolve(probe.attempt());
      // Only looks at a field of ours, and a line once seen stays seen.
      return { what: "its log", timings: DEFAULT_TIMINGS, attempt, onLine: (text) => probe.feed(text) };
    }
    case "exec": {
      const [program = "", ...rest] = spec.command.map((part) => withVariables(part, launch.environment));
      const attempt = (signal: AbortSignal) => exec([program, ...rest], launch, signal);
      return { what: program, timings: EXEC_TIMINGS, attempt, onLine: null };
    }
    case "notify":
      return null;
    case "compose": {
      if (!spec.healthcheck) return null;
      const attempt = (signal: AbortSignal) => containerAnswer(instance(), signal);
      return { what: "docker's health check", timings: EXEC_TIMINGS, attempt, onLine: null };
    }
    default:
      return assertNever(spec, "probe");
  }
}

async function containerAnswer(instance: Instance | null, signal: AbortSignal): Promise<ProbeAnswer> {
  const health = (await instance?.health?.(signal)) ?? "starting";
  if (health === "healthy" || health === "none") return { ok: true };
  // Docker has counted its own retries already when it says so.
  if (health === "unhealthy") return { ok: false, reason: "Docker's health check of the container fails", final: true };
  return { ok: false, reason: "Docker's health check of the container has not passed yet" };
}

function givenPort(port: number, planned: readonly ServicePort[], given: readonly ServicePort[]): number {
  const index = planned.findIndex((one) => one.port === port);
  return given[index]?.port ?? port;
}

/** Replaces `${NAME}` by what the service is given. */
function withVariables(text: string, variables: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\$\{([A-Za-z_]\w*)\}/g, (whole, name: string) =>
    Object.hasOwn(variables, name) ? (variables[name] ?? whole) : whole,
  );
}
