/**
 * The composition root: every long-lived object of a host is built here, once, and owned by one Scope.
 * The desktop app (main.ts) and the headless host (headless.ts) differ only in what they pass in.
 */
import { randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import type { Alert } from "#shared/schema/alert.ts";
import type { EnvironmentStatus } from "#shared/schema/environment.ts";
import type { HostInfo, HostKind } from "#shared/schema/host.ts";
import type { WorkspaceId } from "#shared/schema/id.ts";
import type { Project } from "#shared/schema/workspace.ts";
import { startApiServer } from "./api/api-server.ts";
import { removeHostFile, writeHostFile } from "./api/host-file.ts";
import { systemClock } from "./core/lib/clock.ts";
import { AppError, errorText } from "./core/lib/error.ts";
import type { Logger } from "./core/lib/logger.ts";
import { Scope } from "./core/lib/scope.ts";
import { serviceFilePath } from "./core/opencode/service-file.ts";
import { SharedServerFile } from "./core/opencode/shared-server.ts";
import { createProcessKeeper } from "./core/process/keeper.ts";
import { AuditLog } from "./core/store/audit-log.ts";
import { openDatabase, openForJournal } from "./core/store/database.ts";
import { acquireHostLock } from "./core/store/host-lock.ts";
import { SettingsStore } from "./core/store/settings-store.ts";
import { ProjectRegistry } from "./core/workspace/projects.ts";
import { TrustRegister } from "./core/workspace/trust.ts";
import { Alerts } from "./core/workspace/alerts.ts";
import { Workspaces } from "./core/workspace/workspaces.ts";
import { HostState } from "./host-state.ts";
import { workspaceFactory } from "./workspace-factory.ts";
import type { Channel } from "./ipc/channel.ts";
import { hostHandlers } from "./ipc/host-handlers.ts";
import { serve } from "./ipc/serve.ts";

/** What only a desktop can do for the core. */
export interface Desktop {
  /** The native folder dialog; null where the person chose none. */
  pickFolder(): Promise<string | null>;
  /** Shows a link in the person's browser; the host has checked it already. */
  openExternal(url: string): Promise<void>;
}

export interface HostOptions {
  readonly kind: HostKind;
  readonly version: string;
  /** Folder of all state and logs of this host. */
  readonly home: string;
  readonly logger: Logger;
  readonly desktop: Desktop | null;
  /** Port of the loopback API; 0: any free one. */
  readonly port: number;
  /** Folder of the built page, served to browsers; null: the API alone. */
  readonly page: string | null;
  /** Built entry of the guardian. */
  readonly guardian: string;
  /** A line that stays on screen because the model is scripted. */
  readonly demo: string | null;
  /** Added to every server's OpenCode configuration (the demo's scripted provider); null in real use. */
  readonly opencodeConfig?: Record<string, unknown> | null;
  /** Where newer versions of OpenCode are asked for, if the settings want that; left out: npm's own registry. */
  readonly registry?: string;
  /** Registration of OpenCode 2's shared server; left out: where OpenCode keeps it. */
  readonly serviceFile?: string;
  /** Asked to end (by `host.stop`): the owner closes the host and exits. */
  readonly onStopRequested: () => void;
}

export interface Host {
  readonly info: () => HostInfo;
  /** `http://127.0.0.1:PORT/#token=…`, for a browser of the person at this machine. Never logged. */
  readonly pageUrl: string;
  /** Serves the contract over a connection until it closes. */
  readonly connect: (channel: Channel) => void;
  /** The machine woke up: what was measured before says nothing about any server now. */
  readonly resumed: () => void;
  /** Nothing runs and nobody is connected. */
  readonly isIdle: () => boolean;
  readonly projects: {
    list(): readonly Project[];
    /** @throws AppError `folder_missing`, `not_a_folder`, `folder_unreadable`. */
    open(directory: string): Promise<Project>;
    /** Calls at once with the current list, then at each change. */
    watch(listener: (projects: readonly Project[]) => void): () => void;
  };
  /** For the tray: the state of every workspace, at once and at each change; and start/stop without a window. */
  readonly environments: {
    watch(listener: (environments: readonly EnvironmentStatus[]) => void): () => void;
    start(workspace: WorkspaceId): Promise<void>;
    stop(workspace: WorkspaceId): Promise<void>;
  };
  /** For the desktop's notifications. */
  readonly alerts: {
    /** Failures and recoveries from now on, while the settings want notifications. */
    follow(listener: (alert: Alert) => void): () => void;
    /** The person has clicked the notification of an alert: the window shows what it is about. */
    open(alert: Alert): void;
  };
  /** Everything stopped, logs flushed, leases cleared. Bounded; called again it waits for the same end. */
  readonly close: () => Promise<void>;
}

/** @throws AppError `host_running` where another host owns the home, `state_unwritable`, `port_in_use`. */
export async function createHost(options: HostOptions): Promise<Host> {
  const scope = new Scope("host", options.logger);
  try {
    return await build(options, scope);
  } catch (error) {
    await scope.close();
    throw error;
  }
}

async function build(options: HostOptions, scope: Scope): Promise<Host> {
  const { home, logger } = options;
  const clock = systemClock;
  const now = () => clock.now();
  makeHome(home);

  const lock = acquireHostLock(join(home, "host.lock"));
  if (lock === null) {
    throw new AppError("host_running", `Another Deckhand host owns ${home}.`, {
      next: "Use that one, or stop it with `deckhand stop`.",
    });
  }
  scope.add("lock", () => lock.release());

  const storePath = join(home, "deckhand.db");
  const { database, quarantined } = openDatabase(storePath, now);
  scope.add("store", () => database.close());
  const journal = openForJournal(storePath);
  scope.add("journal", () => journal.close());

  const state = new HostState({
    kind: options.kind,
    version: options.version,
    home,
    demo: options.demo,
    desktop: options.desktop !== null,
    now,
    logger,
  });
  if (quarantined !== null) {
    state.notify({
      id: "store-damaged",
      severity: "warning",
      message: `The store was damaged and has been started afresh: projects, trust and settings are gone. The damaged file is kept as ${quarantined}.`,
      next: "Open your folders again.",
    });
  }

  const settings = new SettingsStore({ database, logger });
  const audit = new AuditLog({
    database: journal,
    now,
    onListenerError: (error) => logger.error("A listener of the audit failed", { error: errorText(error) }),
  });
  const registry = new ProjectRegistry({ database, now });
  const trust = new TrustRegister({ database, now });

  const runId = randomBytes(8).toString("hex");
  const keeper = createProcessKeeper({ home, runId, clock, logger, guardianPath: options.guardian, scope });
  const settled = await keeper.settle();
  if (settled.survivors.length > 0) {
    state.notify({
      id: "survivors",
      severity: "warning",
      message: `An earlier run left processes that could not be ended: ${settled.survivors.map((each) => `${each.command} (pid ${each.pid})`).join(", ")}.`,
      next: "End them yourself if they are in the way.",
    });
  }

  const createWorkspace = workspaceFactory({
    home,
    scope,
    clock,
    logger,
    keeper,
    database,
    settings,
    audit,
    trust,
    sharedServer: new SharedServerFile({
      path: options.serviceFile ?? serviceFilePath(process.env, homedir()),
      // Where there are no user ids, files have no modes to be trusted by either, and the registration is refused.
      userId: process.getuid?.() ?? 0,
    }),
    opencodeConfig: options.opencodeConfig ?? null,
    registry: options.registry ?? "https://registry.npmjs.org",
    // Slow or broken start files of the shell are worth a look; everything works all the same.
    onTrouble: ({ code, message, next }) =>
      state.notify({
        id: `trouble-${code}`,
        severity: code === "opencode_environment" ? "warning" : "error",
        message,
        next,
      }),
  });
  const alerts = new Alerts({ clock, logger });
  scope.add("alerts", () => alerts.close());
  const workspaces = new Workspaces({
    registry,
    create: createWorkspace,
    onStatus: (status, project) => alerts.note(status, project.name),
    logger,
  });
  scope.add("workspaces", () => workspaces.close());
  scope.run("trust of the known projects", async () => {
    for (const project of registry.list()) await workspaces.refreshTrust(project.workspace);
  });

  const handlers = hostHandlers({
    workspaces,
    settings,
    audit,
    info: () => state.info(),
    watchInfo: (listener) => state.watch(listener),
    processes: () => ({ host: state.identity(), processes: keeper.list() }),
    followAlerts: (listener) => alerts.follow(listener),
    followOpenedAlerts: (listener) => alerts.followOpened(listener),
    dismissNotice: (id) => state.dismiss(id),
    background: (what, work) => scope.run(what, work),
    // The answer must be on its way before the connection ends.
    requestStop: () => setImmediate(options.onStopRequested),
    pickFolder: options.desktop === null ? null : () => options.desktop?.pickFolder() ?? Promise.resolve(null),
    openExternal: options.desktop === null ? null : (url) => options.desktop?.openExternal(url) ?? Promise.resolve(),
  });
  const channels = new Set<Channel>();
  const connect = (channel: Channel): void => {
    channels.add(channel);
    channel.onClose(() => channels.delete(channel));
    serve({ channel, handlers, clock, logger });
  };

  const token = randomBytes(32).toString("hex");
  const api = await startApiServer({
    port: options.port,
    token,
    page: options.page,
    logger,
    notReady: () => (scope.closed ? "The host is ending." : null),
    onChannel: connect,
  });
  scope.add("api", () => api.close());
  scope.add("connections", () => {
    for (const channel of channels) channel.close();
  });
  writeHostFile(home, { ...state.identity(), port: api.port, token });
  // Registered last, so it goes first: from here on no command finds a host that is ending.
  scope.add("host file", () => removeHostFile(home));
  logger.info("The host is ready", { kind: options.kind, version: options.version, pid: process.pid, port: api.port });

  return {
    info: () => state.info(),
    pageUrl: `http://127.0.0.1:${api.port}/#token=${token}`,
    connect,
    resumed: () => {
      for (const workspace of workspaces.all()) workspace.server.resumed();
    },
    isIdle: () => channels.size === 0 && workspaces.all().every((workspace) => !workspace.busy),
    projects: {
      list: () => workspaces.projects(),
      open: (directory) => workspaces.open(directory),
      watch: (listener) => workspaces.watchProjects(listener),
    },
    environments: {
      watch: (listener) => workspaces.watchStatuses(listener),
      async start(id) {
        await workspaces.get(id).start({ server: settings.get().serverWithEnvironment });
      },
      stop: (id) => workspaces.get(id).stop(),
    },
    alerts: {
      follow: (listener) => alerts.follow((alert) => settings.get().notifications && listener(alert)),
      open: (alert) => alerts.open(alert),
    },
    close: () => scope.close(),
  };
}

function makeHome(home: string): void {
  try {
    mkdirSync(home, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new AppError("state_unwritable", `Making the home ${home} failed: ${errorText(error)}.`, {
      next: "Name another folder with --home or DECKHAND_HOME.",
      cause: error,
    });
  }
}
