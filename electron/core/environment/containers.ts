/** The compose project of an environment: what its containers have in common. */
import { ComposeProject } from "../compose/compose-project.ts";
import type { Service } from "../service/service.ts";
import type { ComposeSource } from "./detect/detected.ts";
import type { EnvironmentDependencies } from "./environment-dependencies.ts";

type ContainersDependencies = Pick<
  EnvironmentDependencies,
  "keeper" | "clock" | "workspaceId" | "directory" | "compose"
>;

export class Containers {
  readonly #dependencies: ContainersDependencies;
  #project: ComposeProject | null = null;

  constructor(dependencies: ContainersDependencies) {
    this.#dependencies = dependencies;
  }

  /** Null while no plan has named a compose file. */
  get project(): ComposeProject | null {
    return this.#project;
  }

  /** Stands for the data of these services of the compose file; null: it cannot be told. @throws AppError where docker does not answer. */
  async dataOf(services: readonly string[]): Promise<string | null> {
    return (await this.#project?.dataOf(services)) ?? null;
  }

  adopt(source: ComposeSource | null): void {
    if (source === null) return;
    if (this.#project !== null) {
      this.#project.update(source);
      return;
    }
    const { keeper, clock, workspaceId, directory, compose } = this.#dependencies;
    this.#project = new ComposeProject({ engine: compose, keeper, clock, workspace: workspaceId, directory, source });
  }

  /**
   * At the end of the last container, what docker compose made around them goes too.
   *
   * @throws AppError `compose_failed`.
   */
  async takeDown(services: Iterable<Service>): Promise<void> {
    if (this.#project === null || !this.#project.used) return;
    for (const { detected, live, state } of services) {
      if (detected.run.kind === "compose" && (live || state.desired === "running")) return;
    }
    await this.#project.down();
  }
}
