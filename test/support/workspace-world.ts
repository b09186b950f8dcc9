/** A real workspace over a real environment, with trust and undo as a host has them, and no OpenCode server. */
import { join } from "node:path";
import { projectIdSchema } from "#shared/schema/id.ts";
import { Monitor } from "../../electron/core/environment/monitoring/monitor.ts";
import { systemClock } from "../../electron/core/lib/clock.ts";
import { silentLogger } from "../../electron/core/lib/logger.ts";
import { openDatabase } from "../../electron/core/store/database.ts";
import { TrustRegister } from "../../electron/core/workspace/trust.ts";
import { Workspace } from "../../electron/core/workspace/workspace.ts";
import { createEnvironmentWorld, testWorkspace, type EnvironmentWorld } from "./environment-world.ts";

export interface WorkspaceWorld {
  readonly world: EnvironmentWorld;
  readonly workspace: Workspace;
  /** Ends everything; what the environment reported as its own fault is in `world.errors`. */
  close(): Promise<void>;
}

export function createWorkspaceWorld(guardianPath: string): WorkspaceWorld {
  const world = createEnvironmentWorld({ guardianPath });
  const { database } = openDatabase(join(world.folder, "..", "store.db"), Date.now);
  const variables = Object.fromEntries(Object.entries(process.env).filter((entry) => entry[1] !== undefined));
  const server = {
    onChange: () => () => undefined,
    status: () => ({ state: "stopped", plan: null }),
    stop: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
  const common = { clock: systemClock, logger: silentLogger };
  const workspace = new Workspace({
    ...common,
    project: {
      id: projectIdSchema.parse("prj_00000000000000aa"),
      workspace: testWorkspace,
      name: "shop",
      directory: world.folder,
      openedAt: "",
    },
    environment: world.environment,
    monitor: new Monitor({ ...common, services: () => [], audit: () => [] }),
    shellEnvironment: { variables: () => Promise.resolve(variables as Record<string, string>) },
    server: server as never,
    sharedServer: {} as never,
    chat: { close: () => undefined } as never,
    book: world.book,
    trust: new TrustRegister({ database, now: Date.now }),
    undoFile: join(world.folder, "..", "undo", "one.json"),
  });
  return {
    world,
    workspace,
    async close() {
      await workspace.close();
      database.close();
      await world.close();
    },
  };
}
