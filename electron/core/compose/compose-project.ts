/**
 * The containers of one environment: one compose project with a name of our own, so that two working copies, or somebody
 * else's `docker compose up` in the same folder, never meet. Containers are spoken of by id, never by a name. What docker
 * knows by the label of the project is the truth: containers that an earlier host left running are found by it, taken over
 * where they are as they should be, and never started twice.
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import type { ServicePort } from "#shared/schema/service.ts";
import type { ComposeSource } from "../environment/detect/detected.ts";
import type { Clock } from "../lib/clock.ts";
import { AppError } from "../lib/error.ts";
import type { Logger } from "../lib/logger.ts";
import type { Hold, ProcessKeeper } from "../process/owned.ts";
import type { CommandResult } from "./command.ts";
import { composeError } from "./compose-error.ts";
import { containerData } from "./container-data.ts";
import type { ContainerRun } from "./compose-override.ts";
import { ComposeQueue, type QueuedWork } from "./compose-queue.ts";
import { ContainerUsage } from "./container-usage.ts";
import { ContainerWatch } from "./container-watch.ts";
import type { ComposeEngine, ReadyEngine } from "./engine.ts";
import { writeOverride } from "./override-file.ts";
import { isAbout } from "./progress-line.ts";
import { ProjectClient } from "./project-client.ts";
import { ProjectContainers } from "./project-containers.ts";

/** Images may have to be pulled or built. */
const UP_MS = 15 * 60_000;
/** Docker's housekeeping, beside the grace of the containers. */
const STOP_MS = 30_000;
/** Longer than any `stop_grace_period` one should wait for. */
const MAX_GRACE_MS = 10 * 60_000;
const DOWN_GRACE_S = 10;
const DOWN_MS = 60_000;

export interface ComposeProjectDependencies {
  readonly engine: ComposeEngine;
  readonly keeper: ProcessKeeper;
  readonly clock: Clock;
  readonly workspace: string;
  /** The real path of the folder. */
  readonly directory: string;
  readonly source: ComposeSource;
  readonly logger?: Logger;
}

/** A service as it is to be brought up. */
export interface ContainerStart {
  readonly run: ContainerRun;
  readonly planned: readonly ServicePort[];
  readonly given: readonly ServicePort[];
  readonly graceMs: number;
}

/** A container that was brought up. */
export interface BroughtUp {
  readonly id: string;
  /** It ran already, and was left as it was. */
  readonly adopted: boolean;
}

interface Known extends ContainerStart {
  readonly nameTaken: boolean;
}

/** `deckhand-` and 16 digits that stand for the folder. */
export function composeProjectName(directory: string): string {
  return `deckhand-${createHash("sha256").update(directory).digest("hex").slice(0, 16)}`;
}

export class ComposeProject {
  readonly name: string;
  /** What is known of its containers. */
  readonly watch: ContainerWatch;
  readonly usage: ContainerUsage;
  readonly #dependencies: ComposeProjectDependencies;
  readonly #queue: ComposeQueue<"up" | "stop" | "down", BroughtUp>;
  /** What was brought up, and how; the override speaks of all of them. */
  readonly #services = new Map<string, Known>();
  readonly #client: ProjectClient;
  readonly #containers: ProjectContainers;
  #source: ComposeSource;
  #hold: Hold | null = null;
  #override: string | null = null;

  constructor(dependencies: ComposeProjectDependencies) {
    const { clock, directory, logger = dependencies.engine.logger } = dependencies;
    this.#dependencies = dependencies;
    this.#source = dependencies.source;
    this.name = composeProjectName(directory);
    this.#client = new ProjectClient({ engine: dependencies.engine, clock, directory, name: this.name });
    this.#containers = new ProjectContainers({
      client: this.#client,
      keeper: dependencies.keeper,
      workspace: dependencies.workspace,
    });
    this.#queue = new ComposeQueue((kind, batch, signal) => this.#work(kind, batch, signal));
    this.watch = new ContainerWatch({
      clock,
      logger,
      inspect: (ids, signal) => this.#containers.inspect(ids, signal),
      follow: (onEvent) => this.#containers.follow(onEvent),
    });
    this.usage = new ContainerUsage({ clock, logger, stats: (ids) => this.#containers.stats(ids) });
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
   * Brings up one service (not those it depends on: their order is ours) and answers with its container. One that runs
   * already, as it should be, is left as it is.
   *
   * @throws AppError `docker_missing`, `docker_stopped`, `compose_failed`, `port_in_use`; or an AbortError.
   */
  async up(start: ContainerStart, onLine: (text: string) => void, signal: AbortSignal): Promise<BroughtUp> {
    const { service } = start.run;
    signal.throwIfAborted();
    this.#services.set(service, { ...start, nameTaken: false });
    return this.#queue.add({ kind: "up", service, onLine, signal });
  }

  /** Ends and removes the containers of one service. Removed, so that the next generation has a log of its own. */
  async stop(service: string): Promise<void> {
    await this.#queue.add({ kind: "stop", service });
  }

  /** Takes down whatever is left of the project: containers and networks. Volumes hold data and stay. */
  async down(): Promise<void> {
    await this.#queue.add({ kind: "down", service: "" });
  }

  /** What {@link containerData} tells of these services. @throws AppError `docker_missing`, `docker_stopped`, `timeout`. */
  dataOf(services: readonly string[]): Promise<string | null> {
    return containerData({ client: this.#client, containers: this.#containers }, services);
  }

  /** What follows the log of a container until the container ends. `since`: only lines after that (RFC 3339). */
  async logCommand(
    id: string,
    since: string | null,
  ): Promise<{ argv: [string, ...string[]]; env: Record<string, string> }> {
    const engine = await this.#client.ready();
    const from = since === null ? [] : ["--since", since];
    return { argv: [engine.docker, "logs", "--follow", ...from, id], env: this.#client.environment(engine) };
  }

  async #work(
    kind: "up" | "stop" | "down",
    batch: readonly QueuedWork<"up" | "stop" | "down">[],
    signal: AbortSignal,
  ): Promise<(work: QueuedWork<"up" | "stop" | "down">) => BroughtUp> {
    const services = batch.map(({ service }) => service);
    const engine = await this.#client.ready();
    if (kind === "up") return this.#bringUp(engine, batch, signal);
    if (kind === "stop") await this.#end(engine, services);
    else if (this.#hold !== null) {
      await this.#checked(engine, ["down", "-t", String(DOWN_GRACE_S)], DOWN_MS);
      this.#hold.drop();
      this.#hold = null;
    }
    return () => ({ id: "", adopted: false });
  }

  async #bringUp(
    engine: ReadyEngine,
    batch: readonly QueuedWork<string>[],
    signal: AbortSignal,
  ): Promise<(work: QueuedWork<string>) => BroughtUp> {
    // Before the first container exists: from then on somebody takes it down, even if we are killed.
    this.#hold ??= await this.#makeHold(engine);
    const before = await this.#containers.list(engine, signal);
    await this.#writeOverride(engine, signal);
    const services = batch.map(({ service }) => service);
    const onLine = (text: string) => {
      const about = batch.filter(({ service }) => isAbout(text, service, this.name));
      for (const { onLine: tell } of about.length === 0 ? batch : about) tell?.(text);
    };
    await this.#checked(engine, ["up", "-d", "--no-deps", "--", ...services], UP_MS, signal, onLine);
    const after = await this.#containers.list(engine, signal);
    return ({ service }) => {
      const found = after.get(service);
      if (found === undefined) {
        throw new AppError("compose_failed", `docker compose brought up ${service}, but knows no container of it.`, {
          next: "Run `docker compose up` by hand to see more.",
        });
      }
      const known = before.get(service);
      return { id: found.id, adopted: known?.running === true && known.id === found.id };
    };
  }

  async #end(engine: ReadyEngine, services: readonly string[]): Promise<void> {
    const grace = Math.max(...services.map((service) => this.#services.get(service)?.graceMs ?? 0), 10_000);
    const deadline = Math.min(grace, MAX_GRACE_MS) + STOP_MS;
    // Its own stop signal and grace period, as its file says; and its `pre_stop` hooks.
    const words = ["rm", "--stop", "--force", "--", ...services];
    const result = await this.#compose(engine, words, deadline);
    for (const service of services) this.#services.delete(service);
    if (result.code === 0) return;
    const error = composeError(`docker compose rm ${services.join(" ")}`, result);
    if (error.code === "docker_stopped") throw error;
    // The file may be broken by now. Docker knows its containers all the same.
    const left = await this.#containers.list(engine);
    const ids = services.map((service) => left.get(service)?.id).filter((id) => id !== undefined);
    if (ids.length === 0) return;
    const stopped = await this.#client.run(engine, [engine.docker, "stop", ...ids], deadline);
    const removed = await this.#client.run(engine, [engine.docker, "rm", "--force", ...ids], STOP_MS);
    if (stopped.code !== 0 || removed.code !== 0) throw error;
  }

  /** Writes what is different here, where anything is. @throws AppError `port_in_use` where docker compose is too old for it. */
  async #writeOverride(engine: ReadyEngine, signal: AbortSignal): Promise<void> {
    for (const [service, known] of this.#services) {
      const { containerName } = known.run;
      const nameTaken =
        typeof containerName === "string" && (await this.#containers.isNameTaken(engine, containerName, signal));
      if (nameTaken !== known.nameTaken) this.#services.set(service, { ...known, nameTaken });
    }
    this.#override = null;
    this.#override = writeOverride([...this.#services.values()], {
      folder: this.#dependencies.engine.folder,
      project: this.name,
      composeVersion: engine.composeVersion,
    });
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
        env: this.#client.environment(engine),
      },
    });
  }

  #prefix(engine: ReadyEngine): [string, ...string[]] {
    const { directory } = this.#dependencies;
    const paths = this.#source.files.map((file) => join(directory, file));
    const files = [...paths, ...(this.#override === null ? [] : [this.#override])].flatMap((file) => ["-f", file]);
    const profiles = this.#source.profiles.flatMap((profile) => ["--profile", profile]);
    return [...engine.compose, "--project-directory", directory, ...files, "-p", this.name, ...profiles];
  }

  async #checked(
    engine: ReadyEngine,
    command: readonly string[],
    deadlineMs: number,
    signal?: AbortSignal,
    onLine?: (text: string) => void,
  ): Promise<void> {
    const result = await this.#compose(engine, command, deadlineMs, signal, onLine);
    const words = command.filter((word) => !word.startsWith("-"));
    if (result.code !== 0) throw composeError(`docker compose ${words.join(" ")}`, result);
  }

  #compose(
    engine: ReadyEngine,
    command: readonly string[],
    deadlineMs: number,
    signal?: AbortSignal,
    onLine?: (text: string) => void,
  ): Promise<CommandResult> {
    return this.#client.run(engine, [...this.#prefix(engine), ...command], deadlineMs, signal, onLine);
  }
}
