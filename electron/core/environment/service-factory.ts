/** Makes the services of an environment, each with the runtime it needs. */
import type { ServiceRun } from "#shared/schema/service.ts";
import { ComposeRuntime } from "../compose/compose-runtime.ts";
import type { ComposeProject } from "../compose/compose-project.ts";
import { childEnvironment } from "../process/environment.ts";
import { runOwnedCommand, type OwnedCommand } from "../service/owned-command.ts";
import { probeExec } from "../service/probe-attempts.ts";
import { ProcessRuntime } from "../service/process-runtime.ts";
import type { Runtime } from "../service/runtime.ts";
import type { ServiceDependencies } from "../service/service-dependencies.ts";
import { Service } from "../service/service.ts";
import { CheckedRuntime } from "./checked-runtime.ts";
import type { DetectedService } from "./detect/detected.ts";
import type { EnvironmentDependencies } from "./environment-dependencies.ts";
import { namedHolder } from "./named-holder.ts";
import { argvWithPorts } from "./told-ports.ts";

export interface ServiceFactoryDependencies extends EnvironmentDependencies {
  readonly random: () => number;
  readonly composeProject: () => ComposeProject | null;
  /** How the latest life of a service came out; null: it had none. */
  readonly lastRun: (service: string) => ServiceRun | null;
  readonly onRun: ServiceDependencies<Service>["onRun"];
  readonly onChange: ServiceDependencies<Service>["onChange"];
  readonly onExplained: ServiceDependencies<Service>["onExplained"];
}

export class ServiceFactory {
  readonly #dependencies: ServiceFactoryDependencies;

  constructor(dependencies: ServiceFactoryDependencies) {
    this.#dependencies = dependencies;
  }

  /** The same service while it lives or nothing about it has changed; else a new one that counts on where it was. */
  keepOrMake(old: Service | undefined, detected: DetectedService): Service {
    if (old !== undefined) {
      const busy =
        old.live || old.state.phase === "pending" || old.state.phase === "waiting" || old.state.phase === "backoff";
      if (busy || isSame(old.detected, detected)) return old;
    }
    const { keeper, clock, book, logger, random, admit, lastRun, onRun, onChange, onExplained } = this.#dependencies;
    const { name } = detected.plan;
    const portHolder = (port: number) => namedHolder(this.#dependencies, port);
    return new Service({
      detected,
      runtime: new CheckedRuntime({
        name,
        inner: this.#runtime(detected),
        portHolder,
        admit: admit ?? (() => Promise.resolve()),
        checkFirst: detected.run.kind !== "compose",
      }),
      clock,
      random,
      book,
      logger,
      exec: async (command, launch, signal) =>
        probeExec(await this.#command(detected, "probe", command, launch.environment), signal),
      hook: async (argv, moment, launch, signal) => {
        const command = await this.#command(detected, moment, argv, launch.environment);
        return runOwnedCommand({ ...command, output: { onLines: launch.onLines } }, signal);
      },
      usage: (id) => keeper.usage(id),
      portHolder,
      lastRun: old === undefined ? lastRun(name) : null,
      onRun,
      onChange,
      onExplained,
      generation: old?.state.generation ?? 0,
    });
  }

  #runtime(detected: DetectedService): Runtime {
    const { keeper, workspaceId, directory, clock, logger, shellEnvironment } = this.#dependencies;
    const { plan, run } = detected;
    if (run.kind === "compose") {
      const project = this.#dependencies.composeProject();
      if (project === null) throw new Error(`${plan.name} is a container, but its environment has no compose file`);
      return new ComposeRuntime({
        project,
        keeper,
        workspace: workspaceId,
        directory,
        run,
        planned: plan.ports,
        graceMs: detected.graceMs,
        clock,
        logger,
      });
    }
    return new ProcessRuntime({
      keeper,
      workspace: workspaceId,
      name: plan.name,
      kind: plan.kind === "task" ? "task" : "service",
      argv: (ports) => argvWithPorts(run.argv, ports, detected.ownPorts),
      cwd: plan.workingDirectory,
      environment: detected.environment,
      shellEnvironment: () => shellEnvironment.variables(),
      stopSignal: detected.rules.stop.signal,
      graceMs: detected.graceMs,
    });
  }

  /** A program beside the service, in its folder and environment. `role` for people: `api (pre-start)`. */
  async #command(
    detected: DetectedService,
    role: string,
    argv: readonly [string, ...string[]],
    environment: Readonly<Record<string, string>>,
  ): Promise<Omit<OwnedCommand, "output">> {
    const { keeper, workspaceId: workspace, shellEnvironment } = this.#dependencies;
    const env = childEnvironment(await shellEnvironment.variables(), { ...detected.environment, ...environment });
    const { name, workingDirectory: cwd } = detected.plan;
    return { keeper, name: `${name} (${role})`, workspace, argv, cwd, env };
  }
}

/** Definitions are plain data; only the map of dependencies needs a form that can be compared. */
function isSame(a: DetectedService, b: DetectedService): boolean {
  const text = (service: DetectedService) => JSON.stringify({ ...service, dependencies: [...service.dependencies] });
  return text(a) === text(b);
}
