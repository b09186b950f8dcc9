/** One process of process-compose in the words of deckhand.yaml. */
import { inside, type Spot } from "../config/form.ts";
import type { ProbeConfig } from "../config/probe-form.ts";
import type { ServiceConfig } from "../config/service-form.ts";
import type { Variables } from "../config/env-files.ts";
import { DEFAULT_LIMIT } from "../../service/restart-policy.ts";
import type { ProcessConfig } from "./process-compose-form.ts";

type Shell = { readonly shell_command?: string; readonly shell_argument?: string } | undefined;

/** What is run; null: nothing is said. */
export function commandOfProcess(process: ProcessConfig, shell: Shell): string | readonly [string, ...string[]] | null {
  const { command, entrypoint = [], args = [] } = process;
  if (command === undefined) {
    const [program, ...rest] = [...entrypoint, ...args];
    return program === undefined || program === "" ? null : [program, ...rest];
  }
  if (shell?.shell_command === undefined) return command;
  return [shell.shell_command, shell.shell_argument ?? "-c", command];
}

/** @param isTask Somebody waits for its end. */
export function serviceConfigOf(process: ProcessConfig, isTask: boolean): ServiceConfig {
  const { availability = {}, shutdown } = process;
  const { restart = "no", max_restarts: most = 0 } = availability;
  const readiness = readinessOf(process);
  const isDisabled =
    process.disabled === true ||
    process.is_disabled === true ||
    process.is_foreground === true ||
    process.schedule !== undefined ||
    process.mcp !== undefined;
  const grace = shutdown?.timeout_seconds ?? 0;
  return {
    type: isTask ? "task" : "process",
    depends_on: process.depends_on ?? new Map(),
    restart: {
      mode: restart === "always" ? "always" : restart === "on_failure" ? "on-failure" : "no",
      maxRetries: most > 0 && (restart === "always" || restart === "on_failure") ? most : null,
      ...(restart === "exit_on_failure" ? { endsEnvironment: true } : {}),
    },
    // A number of its own says how often is too often.
    ...(most > DEFAULT_LIMIT.max ? { restart_limit: { max: Math.min(most, 1_000) } } : {}),
    ...(availability.exit_on_end === true ? { exit_on_end: true } : {}),
    ...(process.working_dir === undefined ? {} : { working_dir: process.working_dir }),
    ...(readiness === null ? {} : { healthcheck: readiness }),
    ...(process.liveness_probe === undefined ? {} : { liveness: exactly200(process.liveness_probe) }),
    ...(process.ready_log_line === undefined ? {} : { ready_log_line: escaped(process.ready_log_line) }),
    ...(process.success_exit_codes === undefined ? {} : { success_exit_codes: process.success_exit_codes }),
    ...(shutdown?.signal === undefined ? {} : { stop_signal: shutdown.signal }),
    ...(shutdown?.command === undefined
      ? {}
      : { stop_command: { argv: shutdown.command, deadlineMs: (grace > 0 ? grace : SHUTDOWN_SECONDS) * 1_000 } }),
    ...(grace > 0 ? { stop_grace_period: grace * 1_000 } : {}),
    ...(process.watch?.paths === undefined
      ? {}
      : { watch: { paths: process.watch.paths, ignore: [], debounceMs: process.watch.debounce ?? 300 } }),
    ...((process.replicas ?? 1) > 1 ? { replicas: process.replicas } : {}),
    ...(isDisabled ? { disabled: true } : {}),
  } as ServiceConfig;
}

/** process-compose's own limit for a shutdown command. */
const SHUTDOWN_SECONDS = 10;

function readinessOf(process: ProcessConfig): ProbeConfig | null {
  const probe = process.readiness_probe;
  if (probe === undefined) {
    return process.ready_log_line === undefined
      ? null
      : { target: { kind: "log", pattern: escaped(process.ready_log_line) }, timings: {} };
  }
  return exactly200(probe);
}

/** To process-compose only one status is a success, and it is 200 where none is named. */
function exactly200(probe: ProbeConfig): ProbeConfig {
  const { target } = probe;
  if (target === null || target === "none" || target.kind !== "http") return probe;
  return { ...probe, target: { ...target, status: target.status ?? 200 } };
}

/** The line is a part of one, not an expression. */
function escaped(line: string): string {
  return line.replaceAll(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`);
}

/** Variables with their values; a name alone takes what is known. */
export function valuesOf(
  variables: ReadonlyMap<string, string | null> | undefined,
  known: Variables,
): [string, string][] {
  return [...(variables ?? [])].flatMap(([name, value]): [string, string][] => {
    const given = value ?? known.get(name);
    return given === undefined ? [] : [[name, given]];
  });
}

/** `{{ .NAME }}`; anything else of Go's templates is left as it is, and told. */
export function rendered(process: ProcessConfig, global: Variables | undefined, spot: Spot): ProcessConfig {
  const variables = new Map([...(global ?? []), ...(process.vars ?? [])]);
  const render = (key: string, text: string | undefined): string | undefined => {
    if (text === undefined || !text.includes("{{")) return text;
    const result = text.replaceAll(
      /\{\{-?\s*\.([A-Za-z_]\w*)\s*-?\}\}/g,
      (whole, name: string) => variables.get(name) ?? whole,
    );
    if (/\{\{/.test(result)) {
      spot.report(
        inside(spot, key).path,
        `\`${key}\` holds a template that is not understood here: ${JSON.stringify(result.slice(result.indexOf("{{"), result.indexOf("{{") + 40))}. Write the value itself.`,
      );
    }
    return result;
  };
  const texts = ["command", "working_dir", "log_location", "env_file"] as const;
  const changed = texts.flatMap((key): [string, string][] => {
    const text = render(key, process[key]);
    return text === undefined ? [] : [[key, text]];
  });
  return { ...process, ...Object.fromEntries(changed) };
}
