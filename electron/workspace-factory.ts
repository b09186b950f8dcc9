/** Wires the parts of one workspace together. Used by host.ts alone. */
import { join } from "node:path";
import type { Failure } from "#shared/failure.ts";
import { ComposeEngine } from "./core/compose/engine.ts";
import { Environment } from "./core/environment/environment.ts";
import { machineFolder, PortClaims } from "./core/environment/port-claims.ts";
import { PortMemory } from "./core/environment/port-memory.ts";
import { PortRegistry } from "./core/environment/ports.ts";
import { placeVariables } from "./core/environment/service-variables.ts";
import { ShellEnvironment } from "./core/environment/shell-environment.ts";
import type { Clock } from "./core/lib/clock.ts";
import type { Logger } from "./core/lib/logger.ts";
import type { Scope } from "./core/lib/scope.ts";
import { createLogStore } from "./core/log/log-store.ts";
import { createTextLogs } from "./core/log/text-log.ts";
import { BinaryFinder } from "./core/opencode/binary.ts";
import { Chat } from "./core/opencode/chat.ts";
import { editedFile } from "./core/opencode/edited-file.ts";
import { KnownVersions } from "./core/opencode/known-versions.ts";
import { OpencodeServer } from "./core/opencode/server.ts";
import type { SharedServerFile } from "./core/opencode/shared-server.ts";
import { StartGate } from "./core/opencode/start-gate.ts";
import { UpdateCheck } from "./core/opencode/update-check.ts";
import type { ProcessKeeper } from "./core/process/owned.ts";
import { systemProcesses } from "./core/process/system-processes.ts";
import { Monitor } from "./core/environment/monitoring/monitor.ts";
import type { AuditLog } from "./core/store/audit-log.ts";
import type { Database } from "./core/store/database.ts";
import { StoredInterruptedTurns } from "./core/store/interrupted-turns.ts";
import type { SettingsStore } from "./core/store/settings-store.ts";
import type { ProjectRecord } from "./core/workspace/projects.ts";
import type { TrustRegister } from "./core/workspace/trust.ts";
import { Workspace } from "./core/workspace/workspace.ts";

export interface FactoryParts {
  readonly home: string;
  readonly scope: Scope;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly keeper: ProcessKeeper;
  readonly database: Database;
  readonly settings: SettingsStore;
  readonly audit: AuditLog;
  readonly trust: TrustRegister;
  readonly sharedServer: SharedServerFile;
  /** Added to every server's OpenCode configuration; null in real use. */
  readonly opencodeConfig: Record<string, unknown> | null;
  /** Where the versions of npm packages are asked for. */
  readonly registry: string;
  /** Something of the host as a whole is in trouble, such as a log that cannot be written. */
  readonly onTrouble: (failure: Failure) => void;
}

/** What the workspaces of a host share is made here once; the function returned makes one workspace. */
export function workspaceFactory(parts: FactoryParts): (project: ProjectRecord) => Workspace {
  const { home, scope, clock, logger, keeper, settings, audit, trust } = parts;
  const shellEnvironment = new ShellEnvironment({ clock, logger, onTrouble: parts.onTrouble });
  const engine = new ComposeEngine({ clock, logger, shellEnvironment, folder: join(home, "compose") });
  const claims = new PortClaims({ folder: machineFolder(), source: systemProcesses(), logger });
  scope.add("port claims", () => claims.close());
  const ports = new PortRegistry({
    claims,
    memory: new PortMemory({ file: join(home, "ports.json"), logger }),
  });
  const turns = new StoredInterruptedTurns({ database: parts.database });
  const versions = new KnownVersions({ file: join(home, "opencode-versions.json"), logger });
  const finder = new BinaryFinder({ clock, versions });
  const logs = createLogStore({ home, clock, logger, onTrouble: parts.onTrouble });
  scope.add("logs", () => logs.close());
  const textLogs = createTextLogs({ clock, logger, onTrouble: parts.onTrouble });
  scope.add("text logs", () => textLogs.close());
  const gate = new StartGate();
  const updates = new UpdateCheck({ registry: parts.registry, clock, logger });
  /** What people call each workspace, by its id. */
  const names = new Map<string, string>();

  return (project) => {
    const { directory, workspace: workspaceId } = project;
    names.set(workspaceId, project.name);
    const book = logs.book(workspaceId);
    const admit = (): Promise<void> => made.admit();
    const server = new OpencodeServer({
      keeper,
      book,
      workspaceId,
      directory,
      findBinary: async (signal) => {
        // The first step of every start, also of one that a crash brings about.
        await admit();
        return finder.find({
          setting: settings.get().opencodeBinary,
          environment: await shellEnvironment.variables(),
          workspace: directory,
          signal,
        });
      },
      environment: async () => ({ ...(await shellEnvironment.variables()) }),
      serviceVariables: () => placeVariables(environment.status("in_passing").services),
      config: () => parts.opencodeConfig,
      settings: () => settings.get().server,
      isBusy: () => chat.busy(),
      ports,
      gate,
      textLogs,
      updates,
      clock,
      logger,
    });
    const environment = new Environment({
      keeper,
      book,
      workspaceId,
      directory,
      clock,
      logger,
      shellEnvironment,
      compose: engine,
      ports,
      textLogs,
      runsFile: join(home, "runs", `${workspaceId}.json`),
      workspaceName: (id) => names.get(id) ?? null,
      audit: (entry) => audit.add(entry),
      admit,
    });
    const monitor = new Monitor({
      clock,
      logger,
      services: () => environment.status("in_passing").services,
      audit: (query) => audit.list({ ...query, workspace: workspaceId }),
    });
    server.onEvent((event) => {
      const path = editedFile(event, directory);
      if (path !== null) monitor.noteEdit(path);
    });
    const chat = new Chat({ server, directory, clock, logger, turns });
    const made = new Workspace({
      project,
      environment,
      monitor,
      shellEnvironment,
      server,
      sharedServer: parts.sharedServer,
      chat,
      book,
      trust,
      undoFile: join(home, "undo", `${workspaceId}.json`),
      clock,
      logger,
    });
    return made;
  };
}
