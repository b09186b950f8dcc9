/** The port a server is given. Chosen before the spawn: its children are told of it, so it cannot be learned afterwards. */
import { createServer } from "node:net";
import type { ServerSettings } from "#shared/schema/settings.ts";
import { portState } from "../process/port-state.ts";
import type { PortRegistry } from "../environment/ports.ts";
import { AppError, errorText } from "../lib/error.ts";
import type { ProcessKeeper } from "../process/owned.ts";
import { launchUrl } from "./launch.ts";
import { answersLikeOpencode } from "./stranger.ts";

export interface PortWish {
  readonly host: ServerSettings["host"];
  /** 0: any free one. */
  readonly port: number;
  /** Whoever gets it, in the registry. */
  readonly owner: string;
}

export interface PortSources {
  readonly registry: PortRegistry;
  readonly keeper: Pick<ProcessKeeper, "portHolder">;
}

/** Where a server gets its port from. */
export interface PortChooser {
  choose(wish: PortWish, signal: AbortSignal): Promise<number>;
  /** Whether a port that had been free is taken now. */
  isTaken(port: number): Promise<boolean>;
}

/** Of this machine, and of nobody else of this host. */
export function portChooser(sources: PortSources): PortChooser {
  return {
    choose: (wish, signal) => choosePort(wish, sources, signal),
    isTaken: async (port) => (await portState(port)) === "held",
  };
}

/**
 * A port that is free now, and that nobody else of this host is given. It may be taken in the instant before the server
 * binds it; whoever starts the server then asks again.
 *
 * @throws AppError `port_in_use`, or `opencode_running` where an OpenCode answers on the port the settings fix.
 */
async function choosePort(wish: PortWish, { registry, keeper }: PortSources, signal: AbortSignal): Promise<number> {
  if (wish.port === 0) {
    const free = await anyFreePort(wish.host);
    const port = await registry.allocate(free, wish.owner, new Set());
    if (port !== null) return port;
    throw new AppError("port_in_use", "No free port was found for OpenCode.", { next: "Stop something that listens." });
  }
  const state = await portState(wish.port);
  if (state === "free") return wish.port;
  throw await takenError(wish, keeper, signal);
}

async function takenError(wish: PortWish, keeper: PortSources["keeper"], signal: AbortSignal): Promise<AppError> {
  const url = launchUrl(wish);
  const holder = await keeper.portHolder(wish.port);
  const who = holder === null ? "another process" : `${holder.command} (pid ${holder.pid})`;
  const details = { port: wish.port, url, ...holder };
  if (await answersLikeOpencode(url, signal)) {
    return new AppError("opencode_running", `An OpenCode server runs on ${url} already: ${who}.`, {
      next: "Adopt that server with its address and password, end it, or set the port to 0.",
      details,
    });
  }
  return new AppError("port_in_use", `Port ${wish.port}, which the settings give to OpenCode, is used by ${who}.`, {
    next: "End that process, or set the port to 0 in the settings, so that a free one is chosen.",
    details,
  });
}

/** One that the system has chosen: it does not choose the same twice in a row, so two hosts rarely meet. */
function anyFreePort(host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", (error) => {
      const message = `No port of ${host} could be listened on: ${errorText(error)}.`;
      reject(new AppError("opencode_settings", message, { next: "Set the server's host to 127.0.0.1.", cause: error }));
    });
    server.listen({ port: 0, host }, () => {
      const address = server.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}
