/** How a health check is written. */
import type { ProbeSpec } from "#shared/schema/service.ts";
import type { ProbeTimings } from "../../service/probe.ts";
import type { ProbeRule } from "../../service/service-rules.ts";
import { commandOf } from "./command-form.ts";
import { durationText } from "./units.ts";

/** What the `yaml` library makes a node of; undefined: nothing is to be written. */
export function probeText(spec: ProbeSpec | null, timings: Partial<ProbeTimings>): unknown {
  const times = timingsText(timings);
  if (spec === null) return false;
  switch (spec.kind) {
    case "tcp":
      return { tcp: spec.port, ...times };
    case "http": {
      const { url, status, headers } = spec;
      if (status === undefined && headers === undefined) return { http: url, ...times };
      const more = headers === undefined ? {} : { headers: new Map(Object.entries(headers)) };
      return { http: { url, ...(status === undefined ? {} : { status }), ...more }, ...times };
    }
    case "log":
      return { log: spec.pattern, ...times };
    case "exec": {
      const [program = "", ...rest] = spec.command;
      return { exec: commandOf([program, ...rest]), ...times };
    }
    case "notify":
      return { notify: true, ...times };
    default:
      // A container's check is its compose file's; only the times can be ours.
      return Object.keys(times).length === 0 ? undefined : times;
  }
}

export function ruleText(rule: ProbeRule | null): unknown {
  return rule === null ? false : probeText(rule.spec, rule.timings);
}

/** The times of a check that can be said, each by its key. */
export const timingKeys = [
  ["initialDelayMs", "initial_delay", "time"],
  ["periodMs", "interval", "time"],
  ["timeoutMs", "timeout", "time"],
  ["startPeriodMs", "start_period", "time"],
  ["startIntervalMs", "start_interval", "time"],
  ["successThreshold", "success_threshold", "count"],
  ["failureThreshold", "retries", "count"],
  ["deadlineMs", "deadline", "time"],
] as const satisfies readonly (readonly [keyof ProbeTimings, string, "time" | "count"])[];

export function timingsText(timings: Partial<ProbeTimings>): Readonly<Record<string, string | number>> {
  return Object.fromEntries(
    timingKeys.flatMap(([key, word, kind]) => {
      const value = timings[key];
      return value === undefined ? [] : [[word, kind === "time" ? durationText(value) : value]];
    }),
  );
}
