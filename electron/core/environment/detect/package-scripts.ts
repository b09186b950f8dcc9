/** The services of a package.json: its scripts, chosen by script-rules.ts. */
import { z } from "zod";
import type { Problem } from "#shared/schema/environment.ts";
import type { TrustItem } from "#shared/schema/workspace.ts";
import { errorText } from "../../lib/error.ts";
import { PROCESS_POLICY, TASK_POLICY } from "../../service/restart-policy.ts";
import { DEFAULT_RULES } from "../../service/service-rules.ts";
import {
  DEFAULT_GRACE_MS,
  errorProblem,
  isUsableName,
  warningProblem,
  type DetectedService,
  type SourceReading,
} from "./detected.ts";
import type { ProjectFiles } from "./project-files.ts";
import { mentionedScripts } from "./script-parts.ts";
import { portOf, usesViteConfig, type FoundPort } from "./script-ports.ts";
import { chooseScripts, type OtherSources } from "./script-rules.ts";

const FILE = "package.json";

type PackageManager = "npm" | "pnpm" | "yarn" | "bun";

/** Reads the scripts of the folder's package.json. `others`: what other sources already bring. */
export async function readPackageScripts(files: ProjectFiles, others: OtherSources): Promise<SourceReading> {
  const file = await files.readText(FILE);
  if (file.kind === "missing") return { services: [], problems: [] };
  if (file.kind === "problem") return { services: [], problems: [file.problem] };
  const parsed = parsePackage(file.text);
  if (parsed.scripts === null) return { services: [], problems: parsed.problems };

  const { scripts } = parsed;
  const manager = parsed.packageManager ?? (await lockedManager(files));
  const choice = chooseScripts(scripts, others);
  const configuredPort = await vitePort(files, choice.services, scripts);
  const problems = [...parsed.problems];
  for (const name of choice.composeRunners) {
    problems.push(
      warningProblem(
        "port_conflict",
        `${FILE}#scripts.${name}`,
        `The script ${name} runs docker compose by itself, and the containers are started as services too. ` +
          "Take docker compose out of the script, or its containers will want the same ports.",
      ),
    );
  }
  const make = (name: string, role: DetectedService["role"]) =>
    scriptService({ name, role, scripts, manager, directory: files.directory, configuredPort });
  return {
    services: [
      ...(choice.migrate === null ? [] : [make(choice.migrate, "migrate")]),
      ...(choice.seed === null ? [] : [make(choice.seed, "seed")]),
      ...choice.services.map((name) => make(name, "service")),
    ],
    problems,
  };
}

interface ParsedPackage {
  readonly scripts: ReadonlyMap<string, string> | null;
  readonly packageManager: PackageManager | null;
  readonly problems: readonly Problem[];
}

const objectSchema = z.record(z.string(), z.unknown());

function parsePackage(text: string): ParsedPackage {
  const refuse = (problem: Problem): ParsedPackage => ({ scripts: null, packageManager: null, problems: [problem] });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const place = jsonErrorPlace(text, errorText(error));
    const reason = errorText(error).replace(/ in JSON at position.*$/, "");
    return refuse(
      errorProblem("file_invalid", `${FILE}${place}`, `package.json is not valid JSON: ${reason}. Correct it.`),
    );
  }
  if (!isObject(value)) {
    return refuse(errorProblem("file_invalid", FILE, "package.json holds no object. Correct it."));
  }
  const entry = ownValue(value, "scripts");
  const scripts = new Map<string, string>();
  const problems: Problem[] = [];
  if (entry !== undefined && !isObject(entry)) {
    problems.push(errorProblem("value_invalid", FILE, "`scripts` of package.json is no object of names and commands."));
  }
  for (const [name, command] of isObject(entry) ? Object.entries(entry) : []) {
    const source = `${FILE}#scripts.${name}`;
    if (!isUsableName(name)) {
      const shown = JSON.stringify(name).slice(0, 80);
      problems.push(warningProblem("value_invalid", FILE, `A script with the name ${shown} was left out. Rename it.`));
    } else if (typeof command !== "string") {
      problems.push(warningProblem("value_invalid", source, `The script ${name} is no text and was left out.`));
    } else if (command.includes("\0")) {
      problems.push(
        warningProblem("value_invalid", source, `The script ${name} holds a NUL character and was left out.`),
      );
    } else {
      scripts.set(name, command);
    }
  }
  const named = ownValue(value, "packageManager");
  const manager = typeof named === "string" ? /^(npm|pnpm|yarn|bun)(?:@|$)/.exec(named)?.[1] : undefined;
  return { scripts, packageManager: (manager as PackageManager | undefined) ?? null, problems };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return objectSchema.safeParse(value).success;
}

function ownValue(object: Record<string, unknown>, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

/** `:line:column` of the place V8 names in its message; empty where it names none. */
function jsonErrorPlace(text: string, message: string): string {
  const found = /at position (\d+)/.exec(message)?.[1];
  const position = found === undefined ? (message.includes("end of JSON") ? text.length : null) : Number(found);
  if (position === null) return "";
  const before = text.slice(0, position).split("\n");
  return `:${before.length}:${(before.at(-1)?.length ?? 0) + 1}`;
}

const lockFiles: readonly (readonly [string, PackageManager])[] = [
  ["pnpm-lock.yaml", "pnpm"],
  ["bun.lock", "bun"],
  ["bun.lockb", "bun"],
  ["yarn.lock", "yarn"],
  ["package-lock.json", "npm"],
];

async function lockedManager(files: ProjectFiles): Promise<PackageManager> {
  for (const [name, manager] of lockFiles) if (await files.exists(name)) return manager;
  return "npm";
}

const viteConfigs = ["vite.config.ts", "vite.config.js", "vite.config.mjs", "vite.config.mts"];

/** The port a Vite configuration sets, read as text: the file is code, and code of a project is not run to look at it. */
async function vitePort(
  files: ProjectFiles,
  names: readonly string[],
  scripts: ReadonlyMap<string, string>,
): Promise<number | null> {
  if (!names.some((name) => usesViteConfig(scripts.get(name) ?? ""))) return null;
  for (const name of viteConfigs) {
    const file = await files.readText(name);
    if (file.kind !== "text") continue;
    const server = /\bserver\s*:\s*\{([\s\S]*)/.exec(file.text)?.[1];
    const found = server === undefined ? undefined : /\bport\s*:\s*(\d{2,5})\b/.exec(server)?.[1];
    return found === undefined ? null : Number(found);
  }
  return null;
}

interface ScriptServiceInput {
  readonly name: string;
  readonly role: DetectedService["role"];
  readonly scripts: ReadonlyMap<string, string>;
  readonly manager: PackageManager;
  readonly directory: string;
  readonly configuredPort: number | null;
}

function scriptService(input: ScriptServiceInput): DetectedService {
  const { name, role, scripts, manager, directory } = input;
  const isTask = role !== "service";
  const found = isTask ? null : portThroughScripts(name, scripts, input.configuredPort);
  // npm's own header and footer would stand between the lines of the service, and push its last words out of sight.
  const quiet = manager === "npm" ? ["--silent"] : [];
  return {
    plan: {
      name,
      kind: isTask ? "task" : "process",
      command: `${manager} run ${/^[\w:.@/+-]+$/.test(name) ? name : JSON.stringify(name)}`,
      workingDirectory: directory,
      source: `${FILE}#scripts.${name}`,
      ports: found === null ? [] : [{ name: "http", port: found.port, env: found.env }],
      dependsOn: {},
      profiles: [],
      probe: found === null ? null : { kind: "tcp", port: found.port },
    },
    run: { kind: "argv", argv: [manager, "run", ...quiet, name] },
    dependencies: new Map(),
    environment: {},
    restart: isTask ? TASK_POLICY : PROCESS_POLICY,
    rules: DEFAULT_RULES,
    graceMs: DEFAULT_GRACE_MS,
    http: found !== null,
    portAssumed: found?.assumed ?? false,
    role,
    trust: trustOfScript(name, scripts, manager),
    digest: "",
  };
}

/** The port in a script's text, or in the text of a script it runs. */
function portThroughScripts(
  name: string,
  scripts: ReadonlyMap<string, string>,
  configuredPort: number | null,
  seen: ReadonlySet<string> = new Set(),
): FoundPort | null {
  const text = scripts.get(name) ?? "";
  const own = portOf(text, configuredPort);
  if (own !== null || seen.has(name)) return own;
  const below = new Set([...seen, name]);
  for (const inner of mentionedScripts(text, scripts)) {
    const found = portThroughScripts(inner, scripts, configuredPort, below);
    if (found !== null) return found;
  }
  return null;
}

/** What in a script's text deserves a second look before it is allowed to run. */
const dangers: readonly (readonly [RegExp, string])[] = [
  [/\bsudo\b/, "asks for root"],
  [/\brm\s+-\w*[rf]/, "deletes files"],
  [/\b(?:curl|wget)\b[^|]*\|\s*(?:ba|z)?sh\b/, "runs what it downloads"],
  [/--privileged\b/, "privileged container"],
  [/\bnpx\s+(?:-y|--yes)\b/, "downloads a package and runs it"],
];

function trustOfScript(name: string, scripts: ReadonlyMap<string, string>, manager: PackageManager): TrustItem {
  const lines = [`${manager} run ${name}`];
  const texts: string[] = [];
  const visit = (script: string, depth: number) => {
    for (const hook of [`pre${script}`, script, `post${script}`]) {
      const command = scripts.get(hook);
      if (command === undefined || texts.includes(command)) continue;
      texts.push(command);
      lines.push(`${hook}: ${command}`);
      if (depth < 8) for (const inner of mentionedScripts(command, scripts)) visit(inner, depth + 1);
    }
  };
  visit(name, 0);
  const all = texts.join("\n");
  const warnings = dangers.filter(([pattern]) => pattern.test(all)).map(([, warning]) => warning);
  return { kind: "command", name, detail: lines.join("\n"), source: `${FILE}#scripts.${name}`, warnings };
}
