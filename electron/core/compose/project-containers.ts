/** What docker knows of the containers of one compose project. */
import { AppError } from "../lib/error.ts";
import type { OwnedProcess, ProcessKeeper } from "../process/owned.ts";
import { composeError } from "./compose-error.ts";
import { parseInspection } from "./container-inspection.ts";
import type { ContainerState } from "./container-watch.ts";
import type { ReadyEngine } from "./engine.ts";
import type { ProjectClient } from "./project-client.ts";

const ASK_MS = 10_000;
/** An engine that answers says how its containers are in some ms. */
const INSPECT_MS = 5_000;

export interface ProjectContainersDependencies {
  readonly client: ProjectClient;
  readonly keeper: ProcessKeeper;
  readonly workspace: string;
}

export class ProjectContainers {
  readonly #client: ProjectClient;
  readonly #keeper: ProcessKeeper;
  readonly #workspace: string;

  constructor({ client, keeper, workspace }: ProjectContainersDependencies) {
    this.#client = client;
    this.#keeper = keeper;
    this.#workspace = workspace;
  }

  /** The containers of the project by service; where one has several, the newest. */
  async list(
    engine: ReadyEngine,
    signal?: AbortSignal,
  ): Promise<ReadonlyMap<string, { readonly id: string; readonly running: boolean }>> {
    const format =
      '{{.ID}}\t{{.State}}\t{{.Label "com.docker.compose.service"}}\t{{.Label "com.docker.compose.oneoff"}}';
    const filter = `label=com.docker.compose.project=${this.#client.name}`;
    const argv = [engine.docker, "ps", "-a", "--no-trunc", "--filter", filter, "--format", format] as const;
    const result = await this.#client.run(engine, argv, ASK_MS, signal);
    if (result.code !== 0) throw composeError("docker ps", result);
    const found = new Map<string, { id: string; running: boolean }>();
    for (const line of result.stdout.split("\n")) {
      const [id = "", state = "", service = "", oneoff = ""] = line.trim().split("\t");
      if (!/^[0-9a-f]{64}$/.test(id) || oneoff === "True" || found.has(service)) continue;
      found.set(service, { id, running: state === "running" });
    }
    return found;
  }

  /** Whether a container that is none of this project has a name. */
  async isNameTaken(engine: ReadyEngine, name: string, signal: AbortSignal): Promise<boolean> {
    if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(name)) return false;
    const format = '{{.Names}}\t{{.Label "com.docker.compose.project"}}';
    const filter = `name=^/${name.replaceAll(".", "\\.")}$`;
    const result = await this.#client.run(
      engine,
      [engine.docker, "ps", "-a", "--filter", filter, "--format", format],
      ASK_MS,
      signal,
    );
    return result.stdout
      .split("\n")
      .map((line) => line.split("\t"))
      .some(([found, project]) => found === name && project !== this.#client.name);
  }

  /** States by id; a container that does not exist is left out. @throws AppError `docker_stopped` and others where docker does not answer. */
  async inspect(ids: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, ContainerState>> {
    if (ids.length === 0) return new Map();
    try {
      const engine = await this.#client.ready();
      const format = "{{.Id}}\t{{.RestartCount}}\t{{json .State}}";
      const argv = [engine.docker, "inspect", "--type", "container", "--format", format, ...ids] as const;
      const result = await this.#client.run(engine, argv, INSPECT_MS, signal);
      const found = parseInspection(result.stdout);
      // Those that do not exist any more are told of one by one, and are no failure.
      const missing = result.stderr.match(/no such (?:container|object)/gi)?.length ?? 0;
      if (result.code !== 0 && found.size + missing < ids.length) throw composeError("docker inspect", result);
      return found;
    } catch (error) {
      this.#client.forget();
      if (error instanceof AppError && error.code === "timeout") {
        throw new AppError("docker_stopped", `The Docker engine does not answer: ${error.message}`, {
          next: "Restart Docker; the containers are looked at again as soon as it answers.",
          cause: error,
        });
      }
      throw error;
    }
  }

  /** Follows the events of the containers until it is stopped. */
  async follow(onEvent: () => void): Promise<OwnedProcess> {
    const engine = await this.#client.ready();
    const filter = `label=com.docker.compose.project=${this.#client.name}`;
    return this.#keeper.spawn({
      kind: "task",
      name: "containers (events)",
      workspace: this.#workspace,
      argv: [engine.docker, "events", "--filter", "type=container", "--filter", filter, "--format", "{{.Action}}"],
      cwd: this.#client.directory,
      env: this.#client.environment(engine),
      graceMs: 1_000,
      ports: [],
      // The health checks of all containers are events as well (`exec_start`); they say nothing.
      onLine: (stream, text) => {
        if (stream === "stdout" && !text.startsWith("exec_")) onEvent();
        return undefined;
      },
    });
  }

  /** What ContainerUsage (container-usage.ts) reads. */
  async stats(ids: readonly string[]): Promise<string> {
    if (ids.length === 0) return "";
    const engine = await this.#client.ready();
    const argv = [engine.docker, "stats", "--no-stream", "--no-trunc", "--format", "{{json .}}", ...ids] as const;
    return (await this.#client.run(engine, argv, ASK_MS)).stdout;
  }
}
