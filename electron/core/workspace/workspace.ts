/**
 * One workspace at run time: its environment, its OpenCode server and the gate in front of both.
 *
 * Nothing of the folder runs before `admission` has read it anew and found that exactly this content is trusted; what it read
 * is what is then run. The server and the environment know nothing of trust, and nobody else starts either.
 */
import type { EnvironmentStatus } from "#shared/schema/environment.ts";
import type { EnvironmentPlan } from "#shared/schema/plan.ts";
import type { TrustReview } from "#shared/schema/workspace.ts";
import { configNames } from "../environment/config/config-file.ts";
import type { DetectedProject } from "../environment/detect/detected.ts";
import { projectFiles } from "../environment/detect/project-files.ts";
import type { Environment } from "../environment/environment.ts";
import type { Monitor } from "../environment/monitoring/monitor.ts";
import type { ShellEnvironment } from "../environment/shell-environment.ts";
import type { Clock } from "../lib/clock.ts";
import { Emitter } from "../lib/emitter.ts";
import { errorText } from "../lib/error.ts";
import type { Logger } from "../lib/logger.ts";
import type { LogBook } from "../log/types.ts";
import type { Chat } from "../opencode/chat.ts";
import type { OpencodeServer } from "../opencode/server.ts";
import type { SharedServerFile } from "../opencode/shared-server.ts";
import { Admission, DEFAULT_PROFILE, type Selection } from "./admission.ts";
import type { Attention } from "../process/owned.ts";
import { ConfigFile } from "./config-file.ts";
import { PlanChanges } from "./plan-changes.ts";
import { planView } from "./plan-view.ts";
import type { ProjectRecord } from "./projects.ts";
import { StatusFeed } from "./status-feed.ts";
import type { TrustRegister } from "./trust.ts";
import { WorkspaceServer } from "./workspace-server.ts";

export interface WorkspaceParts {
  readonly project: ProjectRecord;
  readonly environment: Environment;
  readonly monitor: Monitor;
  readonly shellEnvironment: Pick<ShellEnvironment, "variables">;
  readonly server: OpencodeServer;
  readonly sharedServer: Pick<SharedServerFile, "find" | "passwordOf">;
  readonly chat: Chat;
  readonly book: LogBook;
  readonly trust: TrustRegister;
  /** Where the texts that a save replaced are kept; left out: only in memory. */
  readonly undoFile?: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

export class Workspace {
  readonly project: ProjectRecord;
  readonly environment: Environment;
  readonly monitor: Monitor;
  readonly chat: Chat;
  readonly book: LogBook;
  readonly changes: PlanChanges;
  readonly config: ConfigFile;
  readonly server: WorkspaceServer;
  readonly #admission: Admission;
  readonly #feed: StatusFeed<EnvironmentStatus>;
  readonly #fileChanges: Emitter<void>;
  /** Services that were started by name since nothing ran: they are part of the plan whatever its profile is. */
  #named: ReadonlySet<string> = new Set();

  constructor(parts: WorkspaceParts) {
    this.project = parts.project;
    this.environment = parts.environment;
    this.monitor = parts.monitor;
    this.chat = parts.chat;
    this.book = parts.book;
    const onError = (error: unknown) =>
      parts.logger.error("A listener of a workspace failed", { error: errorText(error) });
    this.#feed = new StatusFeed({
      clock: parts.clock,
      status: (attention) => this.status(attention),
      busy: () => this.busy,
      milestone: () => this.environment.phase,
      onListenerError: onError,
    });
    this.#fileChanges = new Emitter(onError);
    const { directory } = parts.project;
    this.#admission = new Admission({ ...parts, directory });
    this.server = new WorkspaceServer({ ...parts, admission: this.#admission, shared: parts.sharedServer });
    this.changes = new PlanChanges({
      ...parts,
      directory,
      admission: this.#admission,
      selection: () => this.#selection(),
      onChange: () => this.#feed.announce(),
      onFiles: () => this.#fileChanges.emit(),
    });
    this.config = new ConfigFile({
      ...parts,
      directory,
      admission: this.#admission,
      profile: () => this.environment.profile,
      undoFile: parts.undoFile ?? null,
    });
    this.environment.onChange(() => {
      this.monitor.wake();
      this.#feed.announce();
    });
    this.server.onChange(() => this.#feed.announce());
  }

  /** What any profile of the folder would run, and whether that is trusted. */
  async review(): Promise<TrustReview> {
    await this.#show();
    return this.#admission.review();
  }

  async isTrusted(): Promise<boolean> {
    return (await this.review()).state === "trusted";
  }

  grant(contentHash: string): Promise<void> {
    return this.#admission.grant(contentHash);
  }

  revoke(): void {
    this.#admission.revoke();
  }

  /** Whether the folder may run as it is now; asked before every single start. @throws AppError `not_trusted`, … */
  admit(): Promise<void> {
    return this.#admission.check();
  }

  /** What a start would do. @throws AppError `unknown_service`, `folder_missing`, … */
  async plan(wanted: {
    profile?: string | undefined;
    services?: readonly string[] | undefined;
  }): Promise<EnvironmentPlan> {
    const { profile = this.environment.profile, services } = wanted;
    const detected = await this.#admission.read({ profile, named: services });
    const files = projectFiles(detected.directory);
    let file: string | null = null;
    for (const name of configNames) if (file === null && (await files.exists(name))) file = name;
    return planView(detected, services, { file, undo: this.config.undoable });
  }

  /** Answers as soon as the start is accepted. @throws AppError `not_trusted`, `no_services`, `plan_invalid`, … */
  async start(options: {
    profile?: string | undefined;
    services?: readonly string[] | undefined;
    /** The services named without what they need. */
    alone?: boolean;
    server: boolean;
  }): Promise<{ runId: string }> {
    const { phase, profile: inForce } = this.environment;
    const profile = options.profile ?? (phase === "stopped" ? DEFAULT_PROFILE : inForce);
    const named = new Set([...(phase === "stopped" ? [] : this.#named), ...(options.services ?? [])]);
    const detected = await this.#admit(named.size === 0 ? { profile } : { profile, named: [...named] });
    this.#named = named;
    if (options.server) this.server.startBeside();
    const run = this.environment.start({
      detected,
      profile,
      ...(options.services === undefined ? {} : { services: options.services }),
      ...(options.alone === undefined ? {} : { alone: options.alone }),
    });
    this.changes.look();
    return run;
  }

  /** The services named; or all of them and the server. Resolves when nothing of it is left. */
  async stop(services?: readonly string[]): Promise<void> {
    if (services !== undefined) return this.environment.stop(services);
    const ends = await Promise.allSettled([this.environment.stop(), this.server.stop()]);
    const failed = ends.find((end) => end.status === "rejected");
    if (failed !== undefined) throw failed.reason;
  }

  async restart(services: readonly string[]): Promise<{ runId: string }> {
    await this.#admission.check();
    return this.environment.restart(services);
  }

  /** @throws AppError `not_trusted`, `unknown_service`, `bad_input`, `plan_invalid`. */
  async scale(service: string, count: number): Promise<{ runId: string | null }> {
    await this.#admission.check();
    return this.environment.scale(service, count);
  }

  /** @throws AppError `not_trusted`, `unknown_service`, `not_found`, `plan_invalid`. */
  async movePort(service: string, port: number, to: number): Promise<{ runId: string }> {
    await this.#admission.check();
    return this.environment.movePort(service, port, to);
  }

  status(attention: Attention = "closely"): EnvironmentStatus {
    const { pending: filesChanged } = this.changes;
    return {
      ...this.environment.status(attention),
      directory: this.project.directory,
      workspace: this.project.workspace,
      server: this.server.status(attention),
      ...(filesChanged === null ? {} : { filesChanged }),
    };
  }

  /** Something of it runs or is about to. */
  get busy(): boolean {
    const { phase } = this.environment;
    return !(phase === "stopped" || phase === "failed") || this.server.up;
  }

  /** Calls at once with the current status, then at each change and, with `closely`, every two seconds while something runs. */
  watch(listener: (status: EnvironmentStatus) => void, attention: Attention = "closely"): () => void {
    return this.#feed.watch(listener, attention);
  }

  /** Files of the folder that decide what would run have changed. */
  onFilesChanged(listener: () => void): () => void {
    return this.#fileChanges.on(listener);
  }

  async close(): Promise<void> {
    this.#feed.close();
    this.monitor.close();
    this.chat.close();
    await Promise.allSettled([this.changes.close(), this.environment.close(), this.server.close()]);
  }

  async #admit(selection: Selection): Promise<DetectedProject> {
    const detected = await this.#admission.admit(selection);
    this.changes.follow(detected);
    return detected;
  }

  /** Shows the plan that a start would carry out, where nothing runs. */
  async #show(): Promise<void> {
    const selection = this.#selection();
    const detected = await this.#admission.read(selection);
    this.changes.follow(detected);
    this.environment.show(detected, selection.profile);
  }

  #selection(): Selection {
    const { profile } = this.environment;
    return this.#named.size === 0 ? { profile } : { profile, named: [...this.#named] };
  }
}
