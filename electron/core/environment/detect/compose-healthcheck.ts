/** The `healthcheck` of a compose service. Docker runs the check; here is only what waiting for it has to know. */
import { durationMs } from "../config/units.ts";
import { DEFAULT_TIMINGS, type ProbeTimings } from "../../service/probe.ts";
import { isYamlMap, type YamlMap, type YamlValue } from "./yaml-values.ts";

export interface HealthcheckReading {
  /** Docker checks it, as far as the file says: a check that is built into the image is not seen. */
  readonly present: boolean;
  readonly timings: Partial<ProbeTimings>;
  /** What is wrong, by key. */
  readonly bad: readonly { readonly key: string; readonly message: string }[];
}

/** Docker's own defaults, in ms. */
const defaults = { interval: 30_000, timeout: 30_000, start_period: 0, start_interval: 5_000 };
const DEFAULT_RETRIES = 3;
/** Docker's word comes to us as an event, so that asking what it was costs nothing. */
const KNOWN_EVERY_MS = 500;

/**
 * Docker counts its own failures, so its first word of `unhealthy` is the last one; and it needs as long as the file says to
 * come to it, which may be longer than we would wait otherwise.
 */
export function readHealthcheck(value: YamlValue | undefined): HealthcheckReading {
  const none = { present: false, timings: {}, bad: [] };
  if (!isYamlMap(value) || value.get("disable") === true) return none;
  const bad: { key: string; message: string }[] = [];
  const times = new Map<string, number>();
  for (const [key, byDefault] of Object.entries(defaults)) {
    const stated = value.get(key);
    const time = typeof stated === "string" ? durationMs(stated) : null;
    if (stated !== undefined && stated !== null && time === null) {
      bad.push({ key, message: `${JSON.stringify(stated)} is no duration. Write one such as \`10s\` or \`1m30s\`` });
    }
    times.set(key, time ?? byDefault);
  }
  // docker compose refuses it, since it would never be looked at.
  if (isSet(value, "start_interval") && !isSet(value, "start_period")) {
    bad.push({ key: "start_interval", message: "`start_interval` is of no use without `start_period`. Add that" });
  }
  const stated = value.get("retries");
  const retries = typeof stated === "number" && Number.isInteger(stated) && stated >= 0 ? stated : DEFAULT_RETRIES;
  if (!hasTest(value.get("test"))) return { ...none, bad };
  const time = (key: string) => times.get(key) ?? 0;
  const decided = time("start_period") + (retries + 1) * (time("interval") + time("timeout"));
  const timings: Partial<ProbeTimings> = {
    startIntervalMs: KNOWN_EVERY_MS / 5,
    startIntervalMaxMs: KNOWN_EVERY_MS,
    periodMs: KNOWN_EVERY_MS,
    calmPeriodMs: KNOWN_EVERY_MS * 2,
    failureThreshold: 1,
    deadlineMs: Math.max(DEFAULT_TIMINGS.deadlineMs, decided),
  };
  return { present: true, timings, bad };
}

function hasTest(test: YamlValue | undefined): boolean {
  if (test === undefined || test === null || test === "") return false;
  // A text is a command for a shell, also one that says NONE.
  return !Array.isArray(test) || (test.length > 0 && test[0] !== "NONE");
}

function isSet(value: YamlMap, key: string): boolean {
  return value.get(key) !== undefined && value.get(key) !== null;
}
