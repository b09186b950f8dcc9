/** Runs docker for one compose project, in its folder and with its name. */
import type { Clock } from "../lib/clock.ts";
import { fromFailure } from "../lib/error.ts";
import { runCommand, type CommandResult } from "./command.ts";
import type { ComposeEngine, ReadyEngine } from "./engine.ts";

export interface ProjectClientDependencies {
  readonly engine: ComposeEngine;
  readonly clock: Clock;
  /** The real path of the folder. */
  readonly directory: string;
  /** Of the compose project. */
  readonly name: string;
}

export class ProjectClient {
  readonly name: string;
  readonly directory: string;
  readonly #engine: ComposeEngine;
  readonly #clock: Clock;

  constructor({ engine, clock, directory, name }: ProjectClientDependencies) {
    this.name = name;
    this.directory = directory;
    this.#engine = engine;
    this.#clock = clock;
  }

  /** @throws AppError `docker_missing`, `docker_stopped`. */
  async ready(): Promise<ReadyEngine> {
    const state = await this.#engine.state();
    if (state.kind !== "ready") throw fromFailure(state.failure);
    return state;
  }

  /** Somebody has found that the engine does not answer. */
  forget(): void {
    this.#engine.forget();
  }

  /** The project's `.env` may name another project or other files; what stands here wins over it. */
  environment(engine: ReadyEngine): Record<string, string> {
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

  /** @throws as runCommand (command.ts). */
  run(
    engine: ReadyEngine,
    argv: readonly [string, ...string[]],
    deadlineMs: number,
    signal?: AbortSignal,
    onLine?: (text: string) => void,
  ): Promise<CommandResult> {
    const words = argv.slice(1).filter((word) => !word.startsWith("/"));
    const what = `docker ${words.join(" ")}`.slice(0, 120);
    const told = onLine === undefined ? {} : { onLine };
    return runCommand(
      { argv, cwd: this.directory, env: this.environment(engine), deadlineMs, what, ...told },
      this.#clock,
      signal,
    );
  }
}
