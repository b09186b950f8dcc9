/** Runs one service as a container of the environment's compose project. */
import type { Exit } from "#shared/schema/service.ts";
import { sleep, type Clock } from "../lib/clock.ts";
import { errorText } from "../lib/error.ts";
import type { Logger } from "../lib/logger.ts";
import type { OwnedProcess, ProcessKeeper } from "../process/owned.ts";
import type { Instance, Launch, Runtime } from "../service/runtime.ts";
import type { ComposeProject, ContainerState } from "./compose-project.ts";

/** Between looks at a container whose log has ended: docker may be restarting it, or itself. */
const LOOK_MS = 500;

export interface ComposeRuntimeDependencies {
  readonly project: ComposeProject;
  readonly keeper: ProcessKeeper;
  readonly workspace: string;
  readonly directory: string;
  readonly service: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

export class ComposeRuntime implements Runtime {
  readonly #dependencies: ComposeRuntimeDependencies;

  constructor(dependencies: ComposeRuntimeDependencies) {
    this.#dependencies = dependencies;
  }

  async start(launch: Launch, signal: AbortSignal): Promise<Instance> {
    const { project, service } = this.#dependencies;
    let id: string;
    try {
      id = await project.up(
        service,
        (text) => launch.onLines("stderr", Buffer.from(`${text.trim()}\n`), false),
        signal,
      );
    } catch (error) {
      // Half of it may exist: created but not started, or started while we were told to stop.
      await this.#remove();
      throw error;
    }
    const watching = new AbortController();
    const exited = this.#watch(id, launch, watching.signal);
    let stopping: Promise<void> | null = null;
    return {
      pid: null,
      usageId: null,
      exited,
      drained: exited.then(() => undefined),
      stop: async () => {
        stopping ??= project.stop(service).finally(() => watching.abort());
        await stopping;
        await exited;
        return { empty: true, survivors: [] };
      },
      health: async (probing) => {
        const state = await project.inspect(id, probing);
        // Docker calls a container that has ended unhealthy too. That it ended is the better news, and on its way.
        return state?.running === true ? state.health : "starting";
      },
    };
  }

  async #remove(): Promise<void> {
    const { project, service, logger } = this.#dependencies;
    if (!project.used) return;
    try {
      await project.stop(service);
    } catch (error) {
      // The end of the environment takes the whole project down, and so does whoever cleans up after us.
      logger.warn("A container that did not start could not be removed", { service, error: errorText(error) });
    }
  }

  /** Follows the log; its end means the container's, unless docker says otherwise. */
  async #watch(id: string, launch: Launch, signal: AbortSignal): Promise<Exit> {
    const { clock, logger, service } = this.#dependencies;
    let since: string | null = null;
    let last: ContainerState | null = null;
    while (!signal.aborted) {
      try {
        await this.#followLog(id, launch, since, signal);
        since = new Date(clock.now()).toISOString();
        const state = await this.#dependencies.project.inspect(id);
        // Gone: removed by us or by somebody else.
        if (state === null) break;
        last = state;
        if (!state.running && !state.restarting) break;
      } catch (error) {
        logger.warn("A container could not be watched", { service, error: errorText(error) });
      }
      await sleep(clock, LOOK_MS, signal).catch(() => undefined);
    }
    if (last === null || last.running) return { code: null, signal: "SIGKILL" };
    return { code: last.exitCode, signal: null };
  }

  async #followLog(id: string, launch: Launch, since: string | null, signal: AbortSignal): Promise<void> {
    const { project, keeper, workspace, directory, service } = this.#dependencies;
    const { argv, env } = await project.logCommand(id, since);
    const owned: OwnedProcess = await keeper.spawn({
      kind: "task",
      name: `${service} (log)`,
      workspace,
      argv,
      cwd: directory,
      env,
      graceMs: 1_000,
      ports: [],
      onLines: launch.onLines,
    });
    const end = () => void owned.stop();
    signal.addEventListener("abort", end, { once: true });
    if (signal.aborted) end();
    await owned.exited;
    await owned.drained;
    signal.removeEventListener("abort", end);
  }
}
