import type { EnvironmentStatus } from "#shared/schema/environment.ts";
import type { ProjectId, WorkspaceId } from "#shared/schema/id.ts";
import type { Project } from "#shared/schema/workspace.ts";
import { Emitter } from "../lib/emitter.ts";
import { AppError, errorText } from "../lib/error.ts";
import type { Logger } from "../lib/logger.ts";
import type { ProjectRecord, ProjectRegistry } from "./projects.ts";
import type { Workspace } from "./workspace.ts";

/** The projects the user opened and their workspaces at run time, which are made when first asked for. */
export class Workspaces {
  readonly #registry: ProjectRegistry;
  readonly #logger: Logger;
  readonly #onStatus: (status: EnvironmentStatus, project: ProjectRecord) => void;
  readonly #create: (project: ProjectRecord) => Workspace;
  readonly #workspaces = new Map<WorkspaceId, Workspace>();
  readonly #trusted = new Map<WorkspaceId, boolean>();
  readonly #projectChanges: Emitter<readonly Project[]>;
  readonly #statusChanges: Emitter<readonly EnvironmentStatus[]>;

  constructor(dependencies: {
    registry: ProjectRegistry;
    create: (project: ProjectRecord) => Workspace;
    /** Each status of each workspace that is in use. */
    onStatus?: (status: EnvironmentStatus, project: ProjectRecord) => void;
    logger: Logger;
  }) {
    this.#registry = dependencies.registry;
    this.#logger = dependencies.logger;
    this.#create = dependencies.create;
    this.#onStatus = dependencies.onStatus ?? (() => undefined);
    const onError = (error: unknown) =>
      dependencies.logger.error("A listener of the workspaces failed", { error: errorText(error) });
    this.#projectChanges = new Emitter(onError);
    this.#statusChanges = new Emitter(onError);
  }

  projects(): readonly Project[] {
    return this.#registry
      .list()
      .map((record) => ({ ...record, trusted: this.#trusted.get(record.workspace) ?? false }));
  }

  async open(directory: string): Promise<Project> {
    const record = this.#registry.open(directory);
    await this.refreshTrust(record.workspace);
    this.#announceProjects();
    return { ...record, trusted: this.#trusted.get(record.workspace) ?? false };
  }

  /** Stops what runs in it, then forgets it. */
  async remove(id: ProjectId): Promise<void> {
    const record = this.#registry.find(id);
    if (record === undefined) throw new AppError("not_found", "There is no such project.");
    const workspace = this.#workspaces.get(record.workspace);
    await workspace?.stop();
    await workspace?.close();
    this.#workspaces.delete(record.workspace);
    this.#registry.remove(id);
    this.#announceProjects();
    this.#announceStatuses();
  }

  /** @throws AppError `not_found`. */
  get(id: WorkspaceId): Workspace {
    const existing = this.#workspaces.get(id);
    if (existing !== undefined) return existing;
    const record = this.#registry.findByWorkspace(id);
    if (record === undefined) {
      throw new AppError("not_found", "There is no such workspace.", { next: "Open its folder as a project first." });
    }
    const workspace = this.#create(record);
    this.#workspaces.set(id, workspace);
    workspace.watch((status) => {
      this.#onStatus(status, record);
      this.#announceStatuses();
    }, "in_passing");
    workspace.onFilesChanged(() => {
      this.refreshTrust(id).catch((error: unknown) =>
        this.#logger.error("The trust of a folder could not be read", { error: errorText(error) }),
      );
    });
    return workspace;
  }

  /** The workspaces in use since the host started. */
  all(): readonly Workspace[] {
    return [...this.#workspaces.values()];
  }

  /** Reads anew whether the folder, as it is now, is trusted; a folder that cannot be read is not. */
  async refreshTrust(id: WorkspaceId): Promise<void> {
    const before = this.#trusted.get(id);
    let trusted = false;
    try {
      trusted = await this.get(id).isTrusted();
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
    }
    this.#trusted.set(id, trusted);
    if (before !== trusted) this.#announceProjects();
  }

  watchProjects(listener: (projects: readonly Project[]) => void): () => void {
    const stop = this.#projectChanges.on(listener);
    listener(this.projects());
    return stop;
  }

  /** Calls at once with the status of every workspace, then at each change of any. */
  watchStatuses(listener: (statuses: readonly EnvironmentStatus[]) => void): () => void {
    const stop = this.#statusChanges.on(listener);
    listener(this.#statuses());
    return stop;
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.all().map((workspace) => workspace.close()));
  }

  #statuses(): readonly EnvironmentStatus[] {
    return this.all().map((workspace) => workspace.status("in_passing"));
  }

  #announceProjects(): void {
    if (this.#projectChanges.listenerCount > 0) this.#projectChanges.emit(this.projects());
  }

  #announceStatuses(): void {
    if (this.#statusChanges.listenerCount > 0) this.#statusChanges.emit(this.#statuses());
  }
}
