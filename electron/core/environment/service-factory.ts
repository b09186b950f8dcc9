/** Makes the services of an environment, each with the runtime it needs. */
import { ComposeRuntime } from "../compose/compose-runtime.ts";
import type { ComposeProject } from "../compose/compose-project.ts";
import { childEnvironment } from "../process/environment.ts";
import { probeExec } from "../service/probe-attempts.ts";
import { ProcessRuntime } from "../service/process-runtime.ts";
import type { Runtime } from "../service/runtime.ts";
import { Service, type ServiceDependencies } from "../service/service.ts";
import { CheckedRuntime } from "./checked-runtime.ts";
import type { DetectedService } from "./detect/detected.ts";
import type { EnvironmentDependencies } from "./environment-dependencies.ts";

export interface ServiceFactoryDependencies extends EnvironmentDependencies {
  readonly random: () => number;
  readonly composeProject: () => ComposeProject | null;
  readonly onChange: ServiceDependencies["onChange"];
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
    const { keeper, clock, book, logger, random, admit, onChange } = this.#dependencies;
    return new Service({
      detected,
      runtime: new CheckedRuntime({
        name: detected.plan.name,
        inner: this.#runtime(detected),
        keeper,
        admit: admit ?? (() => Promise.resolve()),
        checkFirst: detected.run.kind !== "compose",
      }),
      clock,
      random,
      book,
      logger,
      exec: (command, launch, signal) => this.#exec(detected, command, launch.environment, signal),
      portHolder: (port) => keeper.portHolder(port),
      onChange,
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
        service: run.service,
        clock,
        logger,
      });
    }
    return new ProcessRuntime({
      keeper,
      workspace: workspaceId,
      name: plan.name,
      kind: plan.kind === "task" ? "task" : "service",
      argv: run.argv,
      cwd: plan.workingDirectory,
      environment: detected.environment,
      shellEnvironment: () => shellEnvironment.variables(),
      graceMs: detected.graceMs,
    });
  }

  async #exec(
    detected: DetectedService,
    command: readonly [string, ...string[]],
    environment: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ) {
    const { keeper, workspaceId, shellEnvironment } = this.#dependencies;
    const env = childEnvironment(await shellEnvironment.variables(), { ...detected.environment, ...environment });
    const { name, workingDirectory: cwd } = detected.plan;
    return probeExec({ keeper, name, workspace: workspaceId, command, cwd, env }, signal);
  }
}

/** Definitions are plain data; only the map of dependencies needs a form that can be compared. */
function isSame(a: DetectedService, b: DetectedService): boolean {
  const text = (service: DetectedService) => JSON.stringify({ ...service, dependencies: [...service.dependencies] });
  return text(a) === text(b);
}
