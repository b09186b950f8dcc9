/** Wires the parts of one workspace together. Used by host.ts alone. */
import type { Notice } from "#shared/schema/host.ts";
import { ComposeEngine } from "./core/compose/engine.ts";
import { Environment } from "./core/environment/environment.ts";
import { ShellEnvironment } from "./core/environment/shell-environment.ts";
import type { Clock } from "./core/lib/clock.ts";
import type { Logger } from "./core/lib/logger.ts";
import type { Scope } from "./core/lib/scope.ts";
import { createLogStore } from "./core/log/log-store.ts";
import { BinaryFinder } from "./core/opencode/binary.ts";
import { Chat } from "./core/opencode/chat.ts";
import { OpencodeServer } from "./core/opencode/server.ts";
import type { ProcessKeeper } from "./core/process/owned.ts";
import type { AuditLog } from "./core/store/audit-log.ts";
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
  readonly settings: SettingsStore;
  readonly audit: AuditLog;
  readonly trust: TrustRegister;
  /** Added to every server's OpenCode configuration; null in real use. */
  readonly opencodeConfig: Record<string, unknown> | null;
  readonly notify: (notice: Notice) => void;
}
