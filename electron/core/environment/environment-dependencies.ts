import type { AuditEntry } from "#shared/schema/host.ts";
import type { WorkspaceId } from "#shared/schema/id.ts";
import type { ComposeEngine } from "../compose/engine.ts";
import type { Clock } from "../lib/clock.ts";
import type { Logger } from "../lib/logger.ts";
import type { TextLogs } from "../log/text-log.ts";
import type { LogBook } from "../log/types.ts";
import type { ProcessKeeper } from "../process/owned.ts";
import type { PortRegistry } from "./ports.ts";
import type { ShellEnvironment } from "./shell-environment.ts";

/** What an environment, and the services it makes, are built from. */
export interface EnvironmentDependencies {
  readonly keeper: ProcessKeeper;
  readonly book: LogBook;
  readonly workspaceId: WorkspaceId;
  /** The real path of the workspace's folder. */
  readonly directory: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly shellEnvironment: Pick<ShellEnvironment, "variables" | "warning">;
  readonly compose: ComposeEngine;
  readonly audit: (entry: AuditEntry) => void;
  /** Asked before every start of a service; rejects with `not_trusted`. Left out, everything may start. */
  readonly admit?: () => Promise<void>;
  /** One for all environments of the host; without it two of them could be given the same port. */
  readonly ports?: PortRegistry;
  /** For services whose author wants their log in a file of the project; left out, they have none. */
  readonly textLogs?: Pick<TextLogs, "open">;
  /** Where the runs of tasks are kept beyond the life of the host; left out, they are not. */
  readonly runsFile?: string;
  /** What people call a workspace, by its id; null: nobody knows it. Left out, they are told the id. */
  readonly workspaceName?: (workspaceId: string) => string | null;
  /** In [0, 1). */
  readonly random?: () => number;
}
