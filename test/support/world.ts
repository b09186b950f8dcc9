/**
 * A whole host in a folder of its own: a home, copies of sample projects, a scripted model, and the built command line run as
 * a person runs it. `close` stops the host and proves that nothing of the folder is left.
 */
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { scriptedModelConfig } from "../fakes/scripted-model/config.ts";
import { startScriptedModel, type ScriptedModel } from "../fakes/scripted-model/server.ts";
import { until } from "./until.ts";

export const top = resolve(import.meta.dirname, "../..");

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** The document that `--json` printed. */
  readonly json: never;
}

export interface World {
  readonly folder: string;
  readonly home: string;
  readonly model: ScriptedModel;
  readonly env: Readonly<Record<string, string>>;
  /** A copy of a sample project. */
  project(name: string, as?: string): string;
  deckhand(...words: string[]): Promise<CommandResult>;
  /** The same, still running. */
  start(...words: string[]): ChildProcess;
  /** Processes of this world, the host included: those whose environment or command line names its folder. */
  processes(): { pid: number; command: string }[];
  close(): Promise<void>;
}

export async function createWorld(): Promise<World> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "deckhand-world-")));
  const home = join(folder, "home");
  const model = await startScriptedModel();
  const env = worldEnvironment(folder, model);
  const cli = join(top, "out", "main", "cli.js");
  const words = (given: readonly string[]) => [cli, ...given, "--home", home];
  return {
    folder,
    home,
    model,
    env,
    project: (name, as = name) => copyProject(name, join(folder, as)),
    deckhand: (...given) => run(words(given), folder, env),
    start: (...given) => spawn(process.execPath, words(given), { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] }),
    processes: () => processesOf(folder),
    async close() {
      await run(words(["stop"]), folder, env);
      await model.close();
      await until("the end of every process of the world", 15_000, () => processesOf(folder).length === 0);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A copy of a sample project; its dependencies are among our own. */
export function copyProject(name: string, target: string): string {
  cpSync(join(top, "test", "fixtures", "projects", name), target, { recursive: true });
  const modules = join(target, "node_modules");
  if (!existsSync(modules)) symlinkSync(join(top, "node_modules"), modules, "dir");
  return target;
}

/** A clean environment: the person's own OpenCode data, configuration and keys must play no part. */
export function worldEnvironment(folder: string, model: ScriptedModel): Record<string, string> {
  const kept = [
    "PATH",
    "HOME",
    "LANG",
    "DISPLAY",
    "XAUTHORITY",
    "DBUS_SESSION_BUS_ADDRESS",
    "TMPDIR",
    "DOCKER_HOST",
    "USER",
    "SHELL",
  ];
  const env: Record<string, string> = {};
  for (const name of kept) if (process.env[name] !== undefined) env[name] = process.env[name];
  return {
    ...env,
    XDG_DATA_HOME: join(folder, "xdg", "data"),
    XDG_CONFIG_HOME: join(folder, "xdg", "config"),
    XDG_STATE_HOME: join(folder, "xdg", "state"),
    XDG_CACHE_HOME: join(folder, "xdg", "cache"),
    OPENCODE_DISABLE_MODELS_FETCH: "1",
    DECKHAND_DEMO: "Demo: a scripted model answers, no AI is called",
    DECKHAND_DEMO_CONFIG: JSON.stringify(scriptedModelConfig(model.url)),
  };
}

function run(args: readonly string[], cwd: string, env: Record<string, string>): Promise<CommandResult> {
  return new Promise((resolvePromise) => {
    execFile(
      process.execPath,
      args,
      { cwd, env, timeout: 120_000, maxBuffer: 64 * 1024 * 1024 },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === "number" ? error.code : -1;
        resolvePromise({
          code,
          stdout,
          stderr,
          get json() {
            return JSON.parse(stdout) as never;
          },
        });
      },
    );
  });
}

/** Zombies do not count: they have ended and wait for whoever adopted them. */
export function processesOf(folder: string): { pid: number; command: string }[] {
  const found: { pid: number; command: string }[] = [];
  for (const name of readdirSync("/proc").filter((entry) => /^\d+$/.test(entry))) {
    if (Number(name) === process.pid) continue;
    try {
      const command = readFileSync(`/proc/${name}/cmdline`, "utf8");
      const state = /^\d+ \(.*\) (\S)/s.exec(readFileSync(`/proc/${name}/stat`, "utf8"))?.[1];
      if (state === "Z" || !`${readFileSync(`/proc/${name}/environ`, "utf8")}\0${command}`.includes(folder)) continue;
      found.push({ pid: Number(name), command: command.replaceAll("\0", " ").trim().slice(0, 200) });
    } catch {
      // It ended while it was looked at, or belongs to somebody else.
    }
  }
  return found;
}
