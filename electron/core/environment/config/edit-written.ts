/** What a person typed into a form, as it would stand in a deckhand.yaml. Nothing is judged here: that is for what reads the file. */
import type { ProbeDraft, ServiceEdit } from "#shared/schema/service-edit.ts";
import type { YamlMap, YamlValue } from "../detect/yaml-values.ts";

/** The keys of a service, with what was typed for each; what is empty is not there. */
export function writtenEdit(edit: ServiceEdit): YamlMap {
  const { workingDirectory, ports, needs, probe, restart, stop, limits, watch, replicas } = edit;
  const written = new Map<string, YamlValue>();
  if (workingDirectory !== undefined) written.set("working_dir", workingDirectory);
  if (ports !== undefined) {
    written.set(
      "ports",
      new Map(
        ports.map(({ name, prefer, env, option, strict }) => [
          name,
          new Map<string, YamlValue>([
            ["prefer", prefer],
            ["env", env === "" ? null : env],
            ...(option === "" ? [] : ([["option", option]] as const)),
            ...(strict ? ([["strict", true]] as const) : []),
          ]),
        ]),
      ),
    );
  }
  if (needs !== undefined) {
    written.set(
      "depends_on",
      new Map(
        needs.map(({ name, condition, required, restart: follows }) => [
          name,
          new Map<string, YamlValue>([
            ["condition", condition],
            ["required", required],
            ...(follows ? ([["restart", true]] as const) : []),
          ]),
        ]),
      ),
    );
  }
  if (probe !== undefined) written.set("healthcheck", writtenProbe(probe));
  if (restart !== undefined) {
    const { mode, retries, max, window } = restart;
    written.set("restart", mode !== "no" && retries !== "" ? `${mode}:${retries}` : mode);
    written.set(
      "restart_limit",
      new Map([
        ["max", max],
        ["window", window],
      ]),
    );
  }
  if (stop !== undefined) {
    written.set("stop_signal", stop.signal);
    written.set("stop_grace_period", stop.grace);
  }
  if (limits !== undefined && (limits.memory !== "" || limits.cpu !== "")) {
    const { memory, cpu, cpuFor, onExceed } = limits;
    written.set(
      "limits",
      filled([
        ["memory", memory],
        ["cpu", cpu],
        // Of a limit that is not there.
        ["cpu_for", cpu === "" ? "" : cpuFor],
        ["on_exceed", onExceed],
      ]),
    );
  }
  if (watch !== undefined && watch.paths.length > 0) {
    const { paths, ignore, debounce } = watch;
    written.set(
      "watch",
      new Map<string, YamlValue>([
        ["paths", paths],
        ["ignore", ignore],
        ...(debounce === "" ? [] : ([["debounce", debounce]] as const)),
      ]),
    );
  }
  if (replicas !== undefined) written.set("replicas", replicas);
  return written;
}

/** The keys of the times of a check, by their names in a form. */
export const timeKeys = [
  ["interval", "interval"],
  ["timeout", "timeout"],
  ["retries", "retries"],
  ["successThreshold", "success_threshold"],
  ["startPeriod", "start_period"],
  ["startInterval", "start_interval"],
  ["initialDelay", "initial_delay"],
  ["deadline", "deadline"],
] as const satisfies readonly (readonly [keyof ProbeDraft, string])[];

function writtenProbe(probe: ProbeDraft): YamlValue {
  if (probe.kind === "none") return false;
  const times = filled(timeKeys.map(([field, key]) => [key, probe[field]] as const));
  switch (probe.kind) {
    case "tcp":
      return new Map([["tcp", probe.tcp], ...times]);
    case "http":
      return new Map<string, YamlValue>([
        ["http", new Map([["url", probe.url], ...filled([["status", probe.status]])])],
        ...times,
      ]);
    case "exec":
      return new Map([["exec", probe.exec], ...times]);
    case "log":
      return new Map([["log", probe.log], ...times]);
    case "notify":
      return new Map<string, YamlValue>([["notify", true], ...times]);
    case "compose":
      return times;
  }
}

function filled(entries: readonly (readonly [string, string])[]): ReadonlyMap<string, string> {
  return new Map(entries.filter(([, text]) => text !== ""));
}
