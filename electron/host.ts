/**
 * The composition root: every long-lived object of a host is built here, once, and owned by one Scope.
 * The desktop app (main.ts) and the headless host (headless.ts) differ only in what they pass in.
 */
import type { HostInfo, HostKind } from "#shared/schema/host.ts";
import type { EnvironmentStatus } from "#shared/schema/environment.ts";
import type { Project } from "#shared/schema/workspace.ts";
import type { WorkspaceId } from "#shared/schema/id.ts";
import type { Channel } from "./ipc/channel.ts";
import type { Logger } from "./core/lib/logger.ts";

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
  /** Asked to end (by `host.stop`): the owner closes the host and exits. */
  readonly onStopRequested: () => void;
}

export interface Host {
  readonly info: () => HostInfo;
  /** `http://127.0.0.1:PORT/#token=…`, for a browser of the person at this machine. Never logged. */
  readonly pageUrl: string;
  /** Serves the contract over a connection until it closes. */
  readonly connect: (channel: Channel) => void;
  readonly projects: {
    list(): readonly Project[];
    /** Calls at once with the current list, then at each change. */
    watch(listener: (projects: readonly Project[]) => void): () => void;
  };
  /** For the tray: the state of every workspace, at once and at each change; and start/stop without a window. */
  readonly environments: {
    watch(listener: (environments: readonly EnvironmentStatus[]) => void): () => void;
    start(workspace: WorkspaceId): Promise<void>;
    stop(workspace: WorkspaceId): Promise<void>;
  };
  /** Everything stopped, logs flushed, leases cleared. Bounded; called again it waits for the same end. */
  readonly close: () => Promise<void>;
}

export declare function createHost(options: HostOptions): Promise<Host>;
