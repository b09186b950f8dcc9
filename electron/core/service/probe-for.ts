/** One probe of one generation: what its specification says, with the ports and variables this generation was given. */
import type { ProbeSpec, ServicePort } from "#shared/schema/service.ts";
import { interpolate } from "../environment/detect/interpolate.ts";
import { assertNever } from "../lib/error.ts";
import { httpProbe, LogProbe, tcpProbe } from "./probe-attempts.ts";
import { DEFAULT_TIMINGS, EXEC_TIMINGS, timingsWith, type ProbeAnswer, type ProbeTimings } from "./probe.ts";
import type { Instance, Launch } from "./runtime.ts";
import type { ProbeRule } from "./service-rules.ts";

export interface ReadyProbe {
  readonly what: string;
  readonly timings: ProbeTimings;
  readonly attempt: (signal: AbortSignal) => Promise<ProbeAnswer>;
  /** Must be given every line of the generation; null: it wants none. */
  readonly onLine: ((text: string) => void) | null;
}

export interface ProbeContext {
  /** The ports as planned; specifications speak of these. */
  readonly planned: readonly ServicePort[];
  readonly launch: Pick<Launch, "ports" | "environment">;
  /** What its source sets for the service; what it is given at the launch counts over it. */
  readonly variables: Readonly<Record<string, string>>;
  /** Null before it exists; a probe is asked before that only to look at lines. */
  readonly instance: () => Instance | null;
  /** It has said that it is ready. */
  readonly notified: () => boolean;
  readonly exec: (command: readonly [string, ...string[]], signal: AbortSignal) => Promise<ProbeAnswer>;
}

/** Null: nothing tells how it is, as with a container that has no health check of its own. */
export function probeFor({ spec, timings: given }: ProbeRule, context: ProbeContext): ReadyProbe | null {
  const { planned, launch, variables, instance, notified, exec } = context;
  const all = new Map([...Object.entries(variables), ...Object.entries(launch.environment)]);
  const kindTimings = spec.kind === "exec" || spec.kind === "compose" ? EXEC_TIMINGS : DEFAULT_TIMINGS;
  const timings = timingsWith(kindTimings, given);
  switch (spec.kind) {
    case "tcp": {
      const port = givenPort(spec.port, planned, launch.ports);
      return { what: `port ${port}`, timings, attempt: tcpProbe(port), onLine: null };
    }
    case "http": {
      const url = replaced(givenUrl(spec.url, planned, launch.ports), all);
      const headers = Object.fromEntries(
        Object.entries(spec.headers ?? {}).map(([name, value]) => [name, replaced(value, all)]),
      );
      const attempt = httpProbe({ url, status: spec.status ?? null, headers });
      return { what: url, timings, attempt, onLine: null };
    }
    case "log": {
      const probe = new LogProbe(spec.pattern);
      const attempt = () => Promise.resolve(probe.attempt());
      // Only looks at a field of ours, and a line once seen stays seen.
      return { what: "its log", timings, attempt, onLine: (text) => void probe.feed(text) };
    }
    case "exec": {
      const [program = "", ...rest] = spec.command.map((part) => withVariables(part, launch.environment));
      const attempt = (signal: AbortSignal) => exec([program, ...rest], signal);
      return { what: program, timings, attempt, onLine: null };
    }
    case "notify": {
      const answer = (): ProbeAnswer =>
        notified() ? { ok: true } : { ok: false, reason: "It has not sent READY=1 to its NOTIFY_SOCKET" };
      return { what: "its notification", timings, attempt: () => Promise.resolve(answer()), onLine: null };
    }
    case "compose": {
      if (!spec.healthcheck) return null;
      const attempt = (signal: AbortSignal) => containerAnswer(instance(), signal);
      return { what: "docker's health check", timings, attempt, onLine: null };
    }
    default:
      return assertNever(spec, "probe");
  }
}

/** Whether a specification can tell anything; what `probeFor` would answer, without a generation. */
export function tellsHealth(spec: ProbeSpec | null): boolean {
  return spec !== null && !(spec.kind === "compose" && !spec.healthcheck);
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

/** An address on this machine with a planned port in it means the port that was given instead. */
function givenUrl(url: string, planned: readonly ServicePort[], given: readonly ServicePort[]): string {
  const found = /^(https?:\/\/(?:localhost|127\.0\.0\.1|\[::1\]):)(\d+)(?=[/?#]|$)/.exec(url);
  if (found === null) return url;
  const [whole, before = "", port = ""] = found;
  return `${before}${givenPort(Number(port), planned, given)}${url.slice(whole.length)}`;
}

/** As docker compose replaces variables. What is wrong with a text was told where it stands. */
function replaced(text: string, variables: ReadonlyMap<string, string>): string {
  const read = interpolate(text, variables);
  return read.ok ? read.text : text;
}

/** Replaces `${NAME}` by what the service is given; the rest is the shell's. */
function withVariables(text: string, variables: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\$\{([A-Za-z_]\w*)\}/g, (whole, name: string) =>
    Object.hasOwn(variables, name) ? (variables[name] ?? whole) : whole,
  );
}
