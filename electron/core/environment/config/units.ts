/** Durations, sizes, signals and the like, as compose and Kubernetes write them. */
import { constants } from "node:os";
import { named, scalar, type Form } from "./form.ts";

const durationUnits = new Map([
  ["us", 0.001],
  ["µs", 0.001],
  ["ms", 1],
  ["s", 1_000],
  ["m", 60_000],
  ["h", 3_600_000],
  ["d", 86_400_000],
]);

/** Longer than a timer of Node can wait. */
const LONGEST_MS = 2_147_483_647;

/** `10s`, `250ms`, `1m30s`, `1.5h`, in ms; null where it is none. A bare number is seconds, as docker compose's timeouts are. */
export function durationMs(value: string | number): number | null {
  if (typeof value === "number") return value >= 0 && value * 1_000 <= LONGEST_MS ? value * 1_000 : null;
  const written = value.trim();
  if (/^\d+(?:\.\d+)?$/.test(written)) return durationMs(Number(written));
  if (written.length > 40 || !/^(?:\d+(?:\.\d+)?(?:us|µs|ms|s|m|h|d))+$/.test(written)) return null;
  let total = 0;
  for (const [, amount = "", unit = ""] of written.matchAll(/(\d+(?:\.\d+)?)(us|µs|ms|s|m|h|d)/g)) {
    total += Number(amount) * (durationUnits.get(unit) ?? 0);
  }
  return total <= LONGEST_MS ? Math.round(total) : null;
}

/** In ms. */
export function duration(): Form<number> {
  return named(
    "duration",
    scalar(
      "a duration such as `10s`, `250ms` or `1m30s`",
      { type: ["string", "number"], pattern: "^\\s*(\\d+(\\.\\d+)?(us|µs|ms|s|m|h|d)?)+\\s*$", minimum: 0 },
      (value) => (typeof value === "boolean" ? undefined : (durationMs(value) ?? undefined)),
    ),
  );
}

/** A count of seconds, as process-compose and Kubernetes write times; in ms. */
export function seconds(min = 0): Form<number> {
  return scalar(`a number of seconds, at least ${min}`, { type: "number", minimum: min }, (value) =>
    typeof value === "number" && value >= min && value * 1_000 <= LONGEST_MS ? value * 1_000 : undefined,
  );
}

/** How a duration is written back: the largest unit that loses nothing. */
export function durationText(ms: number): string {
  if (ms > 0 && ms % 3_600_000 === 0) return `${ms / 3_600_000}h`;
  if (ms > 0 && ms % 60_000 === 0) return `${ms / 60_000}m`;
  return ms % 1_000 === 0 ? `${ms / 1_000}s` : `${ms}ms`;
}

const sizeUnits = new Map([
  ["", 1],
  ["b", 1],
  ["k", 1_024],
  ["m", 1_024 ** 2],
  ["g", 1_024 ** 3],
  ["t", 1_024 ** 4],
]);

/** `1GiB`, `512m`, `1.5g`, in bytes; null where it is none. `k`, `m` and `g` are powers of 1,024, as they are to docker. */
export function sizeBytes(value: string | number): number | null {
  const [, amount, unit = ""] = /^\s*(\d+(?:\.\d+)?)\s*([bkmgt]?)(?:i?b)?\s*$/i.exec(String(value)) ?? [];
  if (amount === undefined || amount.length > 20) return null;
  const bytes = Math.round(Number(amount) * (sizeUnits.get(unit.toLowerCase()) ?? Number.NaN));
  return Number.isSafeInteger(bytes) && bytes > 0 ? bytes : null;
}

/** In bytes. */
export function size(): Form<number> {
  return named(
    "size",
    scalar(
      "a size such as `512MiB` or `1GiB`",
      { type: ["string", "integer"], pattern: "^\\s*\\d+(\\.\\d+)?\\s*[bkmgtBKMGT]?(i?[bB])?\\s*$", minimum: 1 },
      (value) => (typeof value === "boolean" ? undefined : (sizeBytes(value) ?? undefined)),
    ),
  );
}

/** How a size is written back. */
export function sizeText(bytes: number): string {
  for (const [unit, factor] of [
    ["GiB", 1_024 ** 3],
    ["MiB", 1_024 ** 2],
    ["KiB", 1_024],
  ] as const) {
    if (bytes % factor === 0) return `${bytes / factor}${unit}`;
  }
  return String(bytes);
}

const signals = new Map(Object.entries(constants.signals));

/** A signal of this system, by name (with or without `SIG`) or number. */
export function signalName(value: string | number): NodeJS.Signals | null {
  const number = typeof value === "number" || /^\d+$/.test(value) ? Number(value) : null;
  const wanted = String(value).toUpperCase();
  for (const [name, code] of signals) {
    if (number === null ? name === wanted || name === `SIG${wanted}` : code === number) return name as NodeJS.Signals;
  }
  return null;
}

export function signal(): Form<NodeJS.Signals> {
  return named(
    "signal",
    scalar(
      "a signal such as `SIGINT`",
      { type: ["string", "integer"], examples: ["SIGTERM", "SIGINT", "SIGQUIT", "SIGHUP", "SIGUSR2"] },
      (value) => (typeof value === "boolean" ? undefined : (signalName(value) ?? undefined)),
    ),
  );
}

/** A share of the processor in percent of one core: `150%`, or the number of cores, `1.5`. */
export function cpuShare(): Form<number> {
  return named(
    "cpuShare",
    scalar(
      "a number of cores such as `1.5`, or a share of one such as `80%`",
      { type: ["string", "number"], pattern: "^\\s*\\d+(\\.\\d+)?\\s*%?\\s*$", exclusiveMinimum: 0 },
      (value) => {
        const [, amount, percent] = /^\s*(\d+(?:\.\d+)?)\s*(%?)\s*$/.exec(String(value)) ?? [];
        const share = Number(amount) * (percent === "%" ? 1 : 100);
        return share > 0 && share <= 1_000_000 ? share : undefined;
      },
    ),
  );
}

/** A regular expression that can be used; matched against one line at a time. */
export function pattern(): Form<string> {
  return named(
    "pattern",
    scalar("a regular expression", { type: "string", minLength: 1, maxLength: 1_000 }, (value) => {
      if (typeof value !== "string" || value === "" || value.length > 1_000) return undefined;
      try {
        return new RegExp(value, "u").source === "" ? undefined : value;
      } catch {
        // No expression of JavaScript: for the caller that is any other wrong value.
        return undefined;
      }
    }),
  );
}
