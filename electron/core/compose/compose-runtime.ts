/** Runs one service as a container of the environment's compose project. */
import type { Exit, ServicePort } from "#shared/schema/service.ts";
import { sleep, type Clock } from "../lib/clock.ts";
import { errorText, fromFailure } from "../lib/error.ts";
import type { Logger } from "../lib/logger.ts";
import type { ProcessKeeper } from "../process/owned.ts";
import type { Instance, Launch, Runtime } from "../service/runtime.ts";
import type { ContainerRun } from "./compose-override.ts";
import type { BroughtUp, ComposeProject } from "./compose-project.ts";
import type { ContainerState, WatchedContainer } from "./container-watch.ts";

/** Between attempts to follow a log that ended while its container did not: docker is restarting it, or itself. */
const FOLLOW_MS = 500;
/** A log ends with its container; this long after it, it is not waited for any more. */
const DRAIN_MS = 1_000;

export interface ComposeRuntimeDependencies {
  readonly project: ComposeProject;
  readonly keeper: ProcessKeeper;
  readonly workspace: string;
  readonly directory: string;
  readonly run: ContainerRun;
  /** The ports as its file says them. */
  readonly planned: readonly ServicePort[];
  readonly graceMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

export class ComposeRuntime implements Runtime {
  readonly #dependencies: ComposeRuntimeDependencies;

  constructor(dependencies: ComposeRuntimeDependencies) {
    this.#dependencies = dependencies;
  }

  async start(launch: Launch, signal: AbortSignal): Promise<Instance> {
    const { project, run, planned, graceMs, clock } = this.#dependencies;
    const begun = clock.now();
    let found: BroughtUp;
    try {
      found = await project.up({ run, planned, given: launch.ports, graceMs }, (text) => tell(launch, text), signal);
    } catch (error) {
      // Half of it may exist: created but not started, or started while we were told to stop.
      await this.#remove();
      throw error;
    }
    if (found.adopted) tell(launch, "It runs already, from before: taken over as it is.");
    return this.#follow(found, launch, begun);
  }

  #follow({ id, adopted }: BroughtUp, launch: Launch, begun: number): Instance {
    const { project, run } = this.#dependencies;
    const listeners = new Set<() => void>();
    const over = new AbortController();
    let container: WatchedContainer | null = null;
    let restarts: number | null = null;
    const exited = new Promise<Exit>((resolve) => {
      const look = () => {
        const state = container?.state();
        for (const listener of listeners) listener();
        if (state === undefined || project.watch.trouble !== null || over.signal.aborted) return;
        if (restarts !== null && state !== null && state.restarts > restarts) tell(launch, "Docker has restarted it.");
        restarts = state?.restarts ?? restarts;
        if (state?.running === true || state?.restarting === true) return;
        resolve(exitOf(state));
        over.abort();
      };
      container = project.watch.add(id, look);
      over.signal.addEventListener("abort", () => resolve({ code: null, signal: "SIGKILL" }), { once: true });
    });
    project.usage.add(id);
    // What was written before it was taken over has been read by whoever started it.
    const log = this.#followLog(id, launch, adopted ? new Date(begun).toISOString() : null, over.signal);
    const read = new AbortController();
    void log.then(() => read.abort());
    const late = () => sleep(this.#dependencies.clock, DRAIN_MS, read.signal).catch(() => undefined);
    const drained = exited.then(() => Promise.race([log, late()]));
    const end = () => {
      container?.end();
      project.usage.delete(id);
      over.abort();
    };
    void exited.then(end);
    let stopping: Promise<void> | null = null;
    return {
      pid: null,
      usageId: null,
      exited,
      drained,
      stop: async () => {
        stopping ??= project.stop(run.service).finally(end);
        await stopping;
        await exited;
        await drained;
        return { empty: true, survivors: [] };
      },
      health: () => {
        const { trouble } = project.watch;
        if (trouble !== null) return Promise.reject(fromFailure(trouble));
        const state = container?.state();
        // Docker calls a container that has ended unhealthy too. That it ended is the better news, and on its way.
        return Promise.resolve(state?.running === true ? state.health : "starting");
      },
      usage: (attention) => project.usage.of(id, attention),
      trouble: () => (over.signal.aborted ? null : project.watch.trouble),
      onTrouble: (listener) => {
        let known = project.watch.trouble;
        listeners.add(() => {
          if (project.watch.trouble?.message === known?.message) return;
          known = project.watch.trouble;
          listener();
        });
      },
    };
  }

  async #remove(): Promise<void> {
    const { project, run, logger } = this.#dependencies;
    if (!project.used) return;
    try {
      await project.stop(run.service);
    } catch (error) {
      // The end of the environment takes the whole project down, and so does whoever cleans up after us.
      const fields = { service: run.service, error: errorText(error) };
      logger.warn("A container that did not start could not be removed", fields);
    }
  }

  /** Until the container has ended and everything it wrote is read; again and again while it lives. */
  async #followLog(id: string, launch: Launch, from: string | null, over: AbortSignal): Promise<void> {
    const { clock, logger, run, project } = this.#dependencies;
    let since = from;
    for (;;) {
      try {
        if (project.watch.trouble === null) {
          await this.#followOnce(id, launch, since, over);
          since = new Date(clock.now()).toISOString();
        }
      } catch (error) {
        logger.debug("The log of a container could not be followed", { service: run.service, error: errorText(error) });
      }
      if (over.aborted) return;
      await sleep(clock, FOLLOW_MS, over).catch(() => undefined);
      if (over.aborted) return;
    }
  }

  async #followOnce(id: string, launch: Launch, since: string | null, over: AbortSignal): Promise<void> {
    const { project, keeper, workspace, directory, run, clock } = this.#dependencies;
    const { argv, env } = await project.logCommand(id, since);
    const owned = await keeper.spawn({
      kind: "task",
      name: `${run.service} (log)`,
      workspace,
      argv,
      cwd: directory,
      env,
      graceMs: 1_000,
      ports: [],
      onLines: launch.onLines,
    });
    // The container has ended: its log ends by itself, unless the engine holds it open.
    let cancel: () => void = () => undefined;
    const end = () => {
      cancel = clock.after(DRAIN_MS, () => void owned.stop());
    };
    over.addEventListener("abort", end, { once: true });
    if (over.aborted) end();
    await owned.exited;
    await owned.drained;
    over.removeEventListener("abort", end);
    cancel();
    await owned.stop();
  }
}

function exitOf(state: ContainerState | null): Exit {
  // Gone: removed by us or by somebody else.
  return state === null ? { code: null, signal: "SIGKILL" } : { code: state.exitCode, signal: null };
}

/** Between the lines of the service, as docker's own words about it. */
function tell(launch: Launch, text: string): void {
  launch.onLines("stderr", Buffer.from(`${text.trim()}\n`), false);
}
