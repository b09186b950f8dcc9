/** Finds out how docker compose is called on this machine, and whether an engine answers. */
import { access, constants } from "node:fs/promises";
import { delimiter, isAbsolute, join } from "node:path";
import type { Failure } from "#shared/failure.ts";
import type { Clock } from "../lib/clock.ts";
import { errorText } from "../lib/error.ts";
import type { Logger } from "../lib/logger.ts";
import { childEnvironment } from "../process/environment.ts";
import { runCommand } from "./command.ts";

export type EngineState =
  | {
      readonly kind: "ready";
      /** Absolute path of `docker`. */
      readonly docker: string;
      /** What to put before compose's own arguments: `docker compose`, or `docker-compose`. */
      readonly compose: readonly [string, ...string[]];
      readonly composeVersion: string;
      readonly engineVersion: string;
      /** What its commands are run with. */
      readonly env: Readonly<Record<string, string>>;
    }
  | { readonly kind: "missing" | "stopped" | "hanging"; readonly failure: Failure };

export type ReadyEngine = Extract<EngineState, { kind: "ready" }>;

/** An engine that answers does so in under a second; one that has not by then is not going to. */
const ANSWER_MS = 5_000;
/** The client's plug-ins are large programs and may come from a cold disk. */
const VERSION_MS = 15_000;
/** An answer is believed this long: services of one start ask one after another. */
const FRESH_MS = 5_000;
/** Trouble is believed less long: whoever starts Docker because of it tries again at once. */
const TROUBLE_FRESH_MS = 1_000;

export interface ComposeEngineDependencies {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly shellEnvironment: { variables(): Promise<Readonly<Record<string, string>>> };
  /** Where files of ours for docker compose are written; left out: nowhere, and what needs one says so. */
  readonly folder?: string;
}

interface Known {
  readonly state: Promise<EngineState>;
  /** Monotonic. */
  until: number;
}

/** One for the whole host. */
export class ComposeEngine {
  readonly #dependencies: ComposeEngineDependencies;
  #known: Known | null = null;

  /** Where files of ours for docker compose are written; null: nowhere. */
  get folder(): string | null {
    return this.#dependencies.folder ?? null;
  }

  get logger(): Logger {
    return this.#dependencies.logger;
  }

  constructor(dependencies: ComposeEngineDependencies) {
    this.#dependencies = dependencies;
  }

  /** The state now: at most five seconds old, and one second where it is trouble. Bounded; never rejects. */
  state(): Promise<EngineState> {
    const { clock } = this.#dependencies;
    if (this.#known !== null && clock.monotonic() <= this.#known.until) return this.#known.state;
    // Whoever asks while it is being looked at gets the same answer, however long that takes.
    const known: Known = { state: this.#look(), until: Number.POSITIVE_INFINITY };
    this.#known = known;
    void known.state.then(({ kind }) => {
      known.until = clock.monotonic() + (kind === "ready" ? FRESH_MS : TROUBLE_FRESH_MS);
    });
    return known.state;
  }

  /** Somebody has found that it does not answer: what was known is not believed any more. */
  forget(): void {
    this.#known = null;
  }

  async #look(): Promise<EngineState> {
    const { clock, logger, shellEnvironment } = this.#dependencies;
    const shell = await shellEnvironment.variables();
    const env = childEnvironment(shell, {});
    const folders = (shell["PATH"] ?? "").split(delimiter).filter((folder) => isAbsolute(folder));
    const docker = await findProgram("docker", folders);
    if (docker === null) return missing("No `docker` command was found on the PATH of your shell.");
    const run = (argv: readonly [string, ...string[]], deadlineMs: number) =>
      runCommand({ argv, cwd: "/", env, deadlineMs, what: argv.slice(0, 3).join(" ") }, clock);
    try {
      const server = await run([docker, "version", "--format", "{{.Server.Version}}"], ANSWER_MS);
      const engineVersion = server.stdout.trim();
      if (server.code !== 0 || engineVersion === "") return stopped(server.stderr);
      const standalone = await findProgram("docker-compose", folders);
      for (const compose of [[docker, "compose"], ...(standalone === null ? [] : [[standalone]])] as [
        string,
        ...string[],
      ][]) {
        const version = await run([...compose, "version", "--short"], VERSION_MS);
        if (version.code === 0 && version.stdout.trim() !== "") {
          return { kind: "ready", docker, compose, composeVersion: version.stdout.trim(), engineVersion, env };
        }
      }
      return missing("`docker` is there, but neither `docker compose` nor `docker-compose` works.");
    } catch (error) {
      logger.warn("Docker does not answer", { error: errorText(error) });
      return {
        kind: "hanging",
        failure: {
          code: "docker_stopped",
          message: `The Docker engine does not answer: ${errorText(error)}`,
          next: "Restart Docker, then start again.",
          details: {},
        },
      };
    }
  }
}

function missing(message: string): EngineState {
  return {
    kind: "missing",
    failure: {
      code: "docker_missing",
      message,
      next: "Install Docker with its compose plug-in, then start again.",
      details: {},
    },
  };
}

function stopped(said: string): EngineState {
  const reason = said.trim().split("\n").at(-1) ?? "";
  return {
    kind: "stopped",
    failure: {
      code: "docker_stopped",
      message: `The Docker engine does not run${reason === "" ? "." : `: ${reason.slice(0, 300)}`}`,
      next: "Start Docker, then start again.",
      details: {},
    },
  };
}

/** Absolute folders only: a program must never come from wherever we happen to stand. */
async function findProgram(name: string, folders: readonly string[]): Promise<string | null> {
  for (const folder of folders) {
    const path = join(folder, name);
    try {
      await access(path, constants.X_OK);
      return path;
    } catch {
      // Not in this one.
    }
  }
  return null;
}
