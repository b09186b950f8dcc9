/** Runs services as operating system processes, through the keeper that owns every process of the host. */
import type { ServicePort } from "#shared/schema/service.ts";
import { AppError } from "../lib/error.ts";
import { joinVariables } from "../lib/variables.ts";
import { childEnvironment } from "../process/environment.ts";
import type { ProcessKeeper } from "../process/owned.ts";
import type { Instance, Launch, Runtime } from "./runtime.ts";

export interface ProcessRuntimeDependencies {
  readonly keeper: ProcessKeeper;
  readonly workspace: string;
  readonly name: string;
  readonly kind: "service" | "task";
  /** What is run where it is given these ports. */
  readonly argv: (ports: readonly ServicePort[]) => readonly [string, ...string[]];
  readonly cwd: string;
  /** What its source sets for it, over the login shell's environment. */
  readonly environment: Readonly<Record<string, string>>;
  readonly shellEnvironment: () => Promise<Readonly<Record<string, string>>>;
  /** Sent first when it is stopped. */
  readonly stopSignal: NodeJS.Signals;
  /** From the stop signal to SIGKILL, in ms. */
  readonly graceMs: number;
}

export class ProcessRuntime implements Runtime {
  readonly #dependencies: ProcessRuntimeDependencies;

  constructor(dependencies: ProcessRuntimeDependencies) {
    this.#dependencies = dependencies;
  }

  async start(launch: Launch, signal: AbortSignal): Promise<Instance> {
    const { keeper, workspace, name, kind, argv, cwd, environment, shellEnvironment, stopSignal, graceMs } =
      this.#dependencies;
    const shell = await shellEnvironment();
    if (signal.aborted) throw new AppError("cancelled", `${name} was stopped before it was started.`);
    // Its output goes through a pipe, so most programs would drop their colours. Who set NO_COLOR wants that.
    const colour = "NO_COLOR" in shell || "NO_COLOR" in environment ? {} : { FORCE_COLOR: "1" };
    const owned = await keeper.spawn({
      kind,
      name,
      workspace,
      argv: argv(launch.ports),
      cwd,
      env: childEnvironment(shell, joinVariables(colour, environment, launch.environment)),
      stopSignal,
      graceMs,
      ports: launch.ports.map(({ port }) => port),
      onLines: launch.onLines,
    });
    return {
      pid: owned.pid,
      usageId: owned.id,
      exited: owned.exited,
      drained: owned.drained,
      stop: () => owned.stop(),
      health: null,
    };
  }
}
