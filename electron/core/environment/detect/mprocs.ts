/** The processes of an mprocs.yaml: a list of what its author runs side by side. */
import { join, normalize } from "node:path";
import type { Problem } from "#shared/schema/environment.ts";
import type { ServiceRules } from "../../service/service-rules.ts";
import { commandService } from "./command-service.ts";
import { isYamlMap, readComposeDocument, type YamlMap, type YamlValue } from "./compose-document.ts";
import { isUsableName, warningProblem, type DetectedService, type SourceReading } from "./detected.ts";
import type { ProjectFiles } from "./project-files.ts";
import { foundPorts, portOf } from "./script-ports.ts";

const names = ["mprocs.yaml", "mprocs.yml"];
const MAX_PROCESSES = 1_000;

/** Reads the folder's mprocs.yaml. A process with `autostart: false` is shown, and started only when it is named. */
export async function readMprocs(files: ProjectFiles): Promise<SourceReading> {
  for (const name of names) {
    const file = await files.readText(name);
    if (file.kind === "missing") continue;
    if (file.kind === "problem") return { services: [], problems: [file.problem] };
    const reading = await readComposeDocument(name, file.text);
    if (!reading.ok) return { services: [], problems: reading.problems };
    const { document } = reading;
    const services: DetectedService[] = [];
    const problems: Problem[] = [];
    const processes = document.root.get("procs");
    for (const [process, value] of isYamlMap(processes) ? [...processes].slice(0, MAX_PROCESSES) : []) {
      // `null` takes a process away that a wider configuration has.
      if (value === null) continue;
      const service = isUsableName(process) ? processService(name, process, value, files.directory) : null;
      if (service !== null) services.push(service);
      else {
        const text = `${JSON.stringify(process).slice(0, 80)} of ${name} has no command that could be run, and was left out.`;
        problems.push(warningProblem("value_invalid", document.place(["procs", process]), text));
      }
    }
    return { services, problems };
  }
  return { services: [], problems: [] };
}

function processService(file: string, name: string, value: YamlValue, directory: string): DetectedService | null {
  const entry: YamlMap = isYamlMap(value) ? value : new Map([["shell", value]]);
  const shell = entry.get("shell");
  const list = entry.get("cmd");
  const words = Array.isArray(list) ? list.map(String) : [];
  const [program, ...rest] = words;
  const command =
    typeof shell === "string" && shell !== "" ? shell : program === undefined ? null : ([program, ...rest] as const);
  const line = typeof command === "string" ? command : words.join(" ");
  const cwd = folderOf(entry.get("cwd"));
  if (command === null || cwd === null || line.includes("\0")) return null;
  const found = portOf(line);
  return commandService({
    name,
    command,
    directory: join(directory, cwd),
    source: `${file}#procs.${name}`,
    role: "service",
    ports: foundPorts(found),
    portAssumed: found?.assumed ?? false,
    environment: variables(entry.get("env")),
    disabled: entry.get("autostart") === false,
    rules: stopRules(entry.get("stop")),
  });
}

/** `<CONFIG_DIR>` is mprocs' word for the folder of the file. Null: outside the project. */
function folderOf(value: YamlValue | undefined): string | null {
  if (value === undefined || value === null) return ".";
  const path = normalize(String(value).replace(/^<CONFIG_DIR>\/?/, "") || ".");
  return path.startsWith("/") || path === ".." || path.startsWith("../") || path.includes("\0") ? null : path;
}

function variables(value: YamlValue | undefined): Readonly<Record<string, string>> {
  if (!isYamlMap(value)) return {};
  return Object.fromEntries(
    [...value]
      .filter(([key, text]) => /^[A-Za-z_]\w*$/.test(key) && text !== null)
      .map(([key, text]) => [key, String(text)]),
  );
}

function stopRules(value: YamlValue | undefined): Partial<ServiceRules> {
  const signals = new Map<YamlValue, NodeJS.Signals>([
    ["SIGINT", "SIGINT"],
    ["SIGKILL", "SIGKILL"],
    ["hard-kill", "SIGKILL"],
  ]);
  const signal = value === undefined ? undefined : signals.get(value);
  return signal === undefined ? {} : { stop: { signal, command: null } };
}
