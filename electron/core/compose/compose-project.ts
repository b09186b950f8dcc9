/**
 * The containers of one environment: one compose project with a name of our own, so that two working copies, or somebody
 * else's `docker compose up` in the same folder, never meet. Containers are spoken of by id, never by a name.
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import type { Clock } from "../lib/clock.ts";
import { AppError, fromFailure } from "../lib/error.ts";
import type { Hold, ProcessKeeper } from "../process/owned.ts";
import type { ComposeSource } from "../environment/detect/detected.ts";
import { runCommand, type CommandResult } from "./command.ts";
import type { ComposeEngine, ReadyEngine } from "./engine.ts";

/** Images may have to be pulled or built. */
const UP_MS = 15 * 60_000;
/** docker's own grace is 10 s; the rest is its housekeeping. */
const STOP_GRACE_S = 10;
const STOP_MS = 40_000;
const DOWN_MS = 60_000;
const ASK_MS = 10_000;

export interface ComposeProjectDependencies {
  readonly engine: ComposeEngine;
  readonly keeper: ProcessKeeper;
  readonly clock: Clock;
  readonly workspace: string;
  /** The real path of the folder. */
  readonly directory: string;
  readonly source: ComposeSource;
}

/** What docker says of a container. */
export interface ContainerState {
  readonly running: boolean;
  /** Docker itself is about to start it again. */
  readonly restarting: boolean;
  readonly exitCode: number;
  readonly outOfMemory: boolean;
  readonly health: "none" | "starting" | "healthy" | "unhealthy";
}

/** `deckhand-` and 16 digits that stand for the folder. */
export function composeProjectName(directory: string): string {
  return `deckhand-${createHash("sha256").update(directory).digest("hex").slice(0, 16)}`;
}

export class ComposeProject {
  readonly name: string;
  readonly #dependencies: ComposeProjectDependencies;
  #source: ComposeSource;
  /** Ends of what was begun: `up` and `down` of one project must not overlap. */
  #queue: Promise<unknown> = Promise.resolve();
  #hold: Hold | null = null;

  constructor(dependencies: ComposeProjectDependencies) {
    this.#dependencies = dependencies;
    this.#source = dependencies.source;
    this.name = composeProjectName(dependencies.directory);
  }

  /** The files as they are now: they are read anew at each start. */
  update(source: ComposeSource): void {
    this.#source = source;
  }

  /** Something of it may exist: it was brought up and not taken down since. */
  get used(): boolean {
    return this.#hold !== null;
  }

  /**
   * Brings up one service (not those it depends on: their order is ours) and answers with its container's id.
   *
   * @throws AppError `docker_missing`, `docker_stopped`, `compose_failed`, `port_in_use`; or an AbortError.
   */
  up(service: string, onLine: (text: string) => void, signal: AbortSignal): Promise<string> {
    return this.#inTurn(async () => {
      signal.throwIfAborted();
      const engine = await this.#ready();
      // Before the first container exists: from then on somebody takes it down, even if we are killed.
      this.#hold ??= await this.#makeHold(engine);
      const result = await this.#compose(engine, ["up", "-d", "--no-deps", service], UP_MS, signal, onLine);
      if (result.code !== 0) throw composeError(`docker compose up ${service}`, result);
      const id = (await this.#compose(engine, ["ps", "-a", "-q", service], ASK_MS, signal)).stdout
        .trim()
        .split("\n")[0];
      if (id === undefined || !/^[0-9a-f]{12,64}$/.test(id)) {
        throw new AppError("compose_failed", `docker compose brought up ${service}, but knows no container of it.`, {
          next: "Run `docker compose up` by hand to see more.",
        });
      }
      return id;
    });
  }

  /** Ends and removes the containers of one service. */
  stop(service: string): Promise<void> {
    return this.#inTurn(async () => {
      const engine = await this.#ready();
      const grace = String(STOP_GRACE_S);
      const stopped = await this.#compose(engine, ["stop", "-t", grace, service], STOP_MS);
      if (stopped.code !== 0) throw composeError(`docker compose stop ${service}`, stopped);
      // Removed, so that the next generation is a new container with a log of its own.
      const removed = await this.#compose(engine, ["rm", "-f", service], STOP_MS);
      if (removed.code !== 0) throw composeError(`docker compose rm ${service}`, removed);
    });
  }

  /** Takes down whatever is left of the project: containers and networks. Volumes hold data and stay. */
  down(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#hold === null) return;
      const engine = await this.#ready();
      const result = await this.#compose(engine, ["down", "-t", String(STOP_GRACE_S)], DOWN_MS);
      if (result.code !== 0) throw composeError("docker compose down", result);
      this.#hold.drop();
      this.#hold = null;
    });
  }

  /** Null where the container does not exist any more. */
  async inspect(id: string, signal?: AbortSignal): Promise<ContainerState | null> {
    const engine = await this.#ready();
    const argv = [engine.docker, "inspect", "--type", "container", "--format", "{{json .State}}", id] as const;
    const result = await this.#run(engine, argv, ASK_MS, signal);
    if (result.code !== 0) {
      if (/no such (?:container|object)/i.test(result.stderr)) return null;
      throw composeError("docker inspect", result);
    }
    return parseState(result.stdout);
  }

  /** What follows the log of a container until the container ends. `since`: only lines after that (RFC 3339). */
  async logCommand(
    id: string,
    since: string | null,
  ): Promise<{ argv: [string, ...string[]]; env: Record<string, string> }> {
    const engine = await this.#ready();
    const from = since === null ? [] : ["--since", since];
    return { argv: [engine.docker, "logs", "--follow", ...from, id], env: this.#environment(engine) };
  }

  async #makeHold(engine: ReadyEngine): Promise<Hold> {
    const { keeper, workspace, directory } = this.#dependencies;
    return keeper.hold({
      kind: "container",
      name: this.name,
      workspace,
      release: {
        argv: [...this.#prefix(engine), "down", "-t", "2"],
        cwd: directory,
        env: this.#environment(engine),
      },
    });
  }

  async #ready(): Promise<ReadyEngine> {
    const state = await this.#dependencies.engine.state();
    if (state.kind !== "ready") throw fromFailure(state.failure);
    return state;
  }

  #prefix(engine: ReadyEngine): [string, ...string[]] {
    const { directory } = this.#dependencies;
    const files = this.#source.files.flatMap((file) => ["-f", join(directory, file)]);
    const profiles = this.#source.profiles.flatMap((profile) => ["--profile", profile]);
    return [...engine.compose, "--project-directory", directory, ...files, "-p", this.name, ...profiles];
  }

  /** The project's `.env` may name another project or other files; what stands here wins over it. */
  #environment(engine: ReadyEngine): Record<string, string> {
    return {
      ...engine.env,
      COMPOSE_PROJECT_NAME: this.name,
      COMPOSE_REMOVE_ORPHANS: "false",
      COMPOSE_IGNORE_ORPHANS: "true",
      // Plain lines without cursor movements.
      COMPOSE_ANSI: "never",
      COMPOSE_MENU: "false",
    };
  }

  #compose(
    engine: ReadyEngine,
    command: readonly string[],
    deadlineMs: number,
    signal?: AbortSignal,
    onLine?: (text: string) => void,
  ): Promise<CommandResult> {
    return this.#run(engine, [...this.#prefix(engine), ...command], deadlineMs, signal, onLine);
  }

  #run(
    engine: ReadyEngine,
    argv: readonly [string, ...string[]],
    deadlineMs: number,
    signal?: AbortSignal,
    onLine?: (text: string) => void,
  ): Promise<CommandResult> {
    const { clock, directory } = this.#dependencies;
    const what = argv
      .filter((word) => !word.startsWith("/"))
      .join(" ")
      .slice(0, 120);
    return runCommand(
      {
        argv,
        cwd: directory,
        env: this.#environment(engine),
        deadlineMs,
        what: what === "" ? "docker" : what,
        ...(onLine === undefined ? {} : { onLine }),
      },
      clock,
      signal,
    );
  }

  #inTurn<Value>(work: () => Promise<Value>): Promise<Value> {
    const turn = this.#queue.then(work);
    // Whoever asked hears of the failure; the next in line must not.
    this.#queue = turn.catch(() => undefined);
    return turn;
  }
}

function parseState(text: string): ContainerState {
  const state = JSON.parse(text) as {
    Running?: boolean;
    Restarting?: boolean;
    ExitCode?: number;
    OOMKilled?: boolean;
    Health?: { Status?: string };
  };
  const status = state.Health?.Status;
  return {
    running: state.Running === true,
    restarting: state.Restarting === true,
    exitCode: state.ExitCode ?? 0,
    outOfMemory: state.OOMKilled === true,
    health: status === "starting" || status === "healthy" || status === "unhealthy" ? status : "none",
  };
}

/** docker's own words are the best there are; the port is the one case with a better next step. */
function composeError(what: string, result: CommandResult): AppError {
  const lines = result.stderr
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
  const said =
    lines.findLast((line) => /error|denied|cannot|invalid|no such|unable|failed/i.test(line)) ?? lines.at(-1) ?? "";
  const details = { tail: lines.slice(-20), code: result.code };
  if (/port is already allocated|address already in use/i.test(result.stderr)) {
    return new AppError("port_in_use", `${what}: a published port is used by somebody else: ${said.slice(0, 300)}`, {
      next: "Free the port, or publish another one in the compose file; then start again.",
      details,
    });
  }
  if (/cannot connect to the docker daemon|error during connect/i.test(result.stderr)) {
    return new AppError("docker_stopped", `${what}: the Docker engine does not answer.`, {
      next: "Start Docker, then start again.",
      details,
    });
  }
  return new AppError("compose_failed", `${what} ended with code ${result.code ?? "none"}: ${said.slice(0, 300)}`, {
    next: "Run the same by hand to see more, or correct the compose file; then start again.",
    details,
  });
}
