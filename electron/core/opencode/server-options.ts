import { defaultServerSettings } from "#shared/schema/settings.ts";
import { PortRegistry } from "../environment/ports.ts";
import type { TextLogs } from "../log/text-log.ts";
import type { ProcessKeeper } from "../process/owned.ts";
import type { LauncherOptions } from "./launcher.ts";
import { meeting } from "./meeting.ts";
import { startOwnedRun } from "./owned-run.ts";
import { portChooser } from "./server-port.ts";
import { StartGate } from "./start-gate.ts";
import type { UpdateCheck } from "./update-check.ts";

type WithDefault =
  | "settings"
  | "portChooser"
  | "gate"
  | "ports"
  | "handshake"
  | "startRun"
  | "random"
  | "serviceVariables";

/** Everything a server is made of. */
export interface ServerParts extends Omit<LauncherOptions, "keeper"> {
  readonly keeper: Pick<ProcessKeeper, "spawn" | "portHolder" | "usage">;
  /** A turn runs, or a permission or question waits for a person. */
  readonly isBusy: () => boolean;
  /** For the settings' log file; null: there is none, whatever they say. */
  readonly textLogs: Pick<TextLogs, "open"> | null;
  readonly updates: Pick<UpdateCheck, "noticeFor"> | null;
}

type Optional = WithDefault | "isBusy" | "textLogs" | "updates";

/** What is left out has a default that suits a server on its own; a host shares gate, ports and logs among its servers. */
export type OpencodeServerOptions = Omit<ServerParts, Optional> & Partial<Pick<ServerParts, Optional>>;

export function serverParts(options: OpencodeServerOptions): ServerParts {
  const ports = options.ports ?? new PortRegistry();
  return {
    portChooser: portChooser({ registry: ports, keeper: options.keeper }),
    settings: () => defaultServerSettings,
    gate: new StartGate(),
    ports,
    handshake: meeting,
    startRun: startOwnedRun,
    random: Math.random,
    serviceVariables: () => ({}),
    isBusy: () => false,
    textLogs: null,
    updates: null,
    ...options,
  };
}
