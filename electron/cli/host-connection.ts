import { WebSocket } from "ws";
import { createClient, type Client } from "#shared/client.ts";
import type { Connection, ConnectionState } from "#shared/connection.ts";
import type { HostFrame } from "#shared/rpc.ts";
import { readHostFile, type HostFile } from "../api/host-file.ts";
import { AppError, errorText, systemCode } from "../core/lib/error.ts";

/** A host on this machine answers a connection within milliseconds; one under heavy load within this, in ms. */
const CONNECT_TIMEOUT_MS = 5_000;

/** @throws AppError `host_missing` where none runs for the home, `host_refused` where it did not accept us. */
export async function connectToHost(home: string): Promise<{ client: Client; host: HostFile }> {
  const host = readHostFile(home);
  if (host === null || !isAlive(host.pid)) throw noHost(home);
  try {
    const socket = await openSocket(host);
    return { client: createClient(socketConnection(socket)), host };
  } catch (error) {
    // The file outlives a host that was killed for an instant, until the guardian has removed it.
    if (systemCode(error) === "ECONNREFUSED") throw noHost(home);
    throw new AppError(
      "host_refused",
      `The host (pid ${host.pid}) did not accept the connection: ${errorText(error)}.`,
      {
        next: "Stop it and start it again.",
        cause: error,
      },
    );
  }
}

/** Signal 0 only asks. A pid that was reused since then fails at the token, not here. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemCode(error) === "EPERM";
  }
}

function noHost(home: string): AppError {
  return new AppError("host_missing", `No host runs for ${home}.`, {
    next: "Open the Deckhand app, or run `deckhand up` or `deckhand serve`.",
  });
}

function openSocket(host: HostFile): Promise<WebSocket> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`ws://127.0.0.1:${host.port}/rpc`, ["deckhand", `token.${host.token}`], {
      handshakeTimeout: CONNECT_TIMEOUT_MS,
      maxPayload: 64 * 1024 * 1024,
    });
    socket.once("open", () => resolve(socket));
    socket.once("error", reject);
  });
}

/** A connection that does not reconnect: a command is short, and a host that went away is its news. */
function socketConnection(socket: WebSocket): Connection {
  const frameListeners = new Set<(frame: HostFrame) => void>();
  const stateListeners = new Set<(state: ConnectionState) => void>();
  let state: ConnectionState = "open";
  socket.on("message", (data) => {
    // The other end holds our token: it is the host, and what it sends is typed by the contract.
    const frame = JSON.parse(String(data)) as HostFrame;
    for (const listener of frameListeners) listener(frame);
  });
  socket.on("error", () => undefined); // `close` follows and tells.
  socket.on("close", () => {
    state = "closed";
    for (const listener of stateListeners) listener(state);
  });
  return {
    send: (frame) => socket.send(JSON.stringify(frame)),
    onFrame: (listener) => subscribe(frameListeners, listener),
    state: () => state,
    onState: (listener) => subscribe(stateListeners, listener),
    close: () => socket.close(),
  };
}

function subscribe<Listener>(listeners: Set<Listener>, listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
