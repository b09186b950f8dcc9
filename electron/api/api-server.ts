/**
 * The loopback server of a host: health for scripts, the contract over a WebSocket for the command line and for browsers,
 * and the page itself where the host serves one. Binds 127.0.0.1 only.
 */
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { getRequestListener } from "@hono/node-server";
import { WebSocketServer } from "ws";
import { AppError, errorText, systemCode } from "../core/lib/error.ts";
import type { Logger } from "../core/lib/logger.ts";
import type { Channel } from "../ipc/channel.ts";
import { isOurOwnRequest, isToken, subprotocolToken } from "./access.ts";
import { apiRoutes } from "./routes.ts";
import { webSocketChannel } from "./web-socket-channel.ts";

/** One frame at most, in bytes: the longest legal prompt with room to spare. */
const MAX_FRAME_BYTES = 8 * 1024 * 1024;
/** Requests have no body and few headers; a client slower than this is none of ours. */
const REQUEST_TIMEOUT_MS = 10_000;
const MAX_CONNECTIONS = 256;

export interface ApiServerOptions {
  /** 0: any free port. */
  readonly port: number;
  readonly token: string;
  /** Folder of the built page; null: none is served. */
  readonly page: string | null;
  readonly logger: Logger;
  /** Null while the host can work; else one sentence why not. */
  readonly notReady: () => string | null;
  readonly onChannel: (channel: Channel) => void;
}

export interface ApiServer {
  readonly port: number;
  /** Clients connected now. */
  readonly clients: () => number;
  close(): Promise<void>;
}

/** @throws AppError `port_in_use` where a port was asked for and is taken. */
export async function startApiServer(options: ApiServerOptions): Promise<ApiServer> {
  let port = options.port;
  const routes = apiRoutes({
    port: () => port,
    page: options.page,
    logger: options.logger,
    notReady: options.notReady,
  });
  const server = createServer(
    { requestTimeout: REQUEST_TIMEOUT_MS, headersTimeout: REQUEST_TIMEOUT_MS },
    // Hono must not put its own Request and Response in place of Node's: the tests and Electron share one global.
    getRequestListener(routes.fetch, { overrideGlobalObjects: false }),
  );
  server.maxConnections = MAX_CONNECTIONS;
  await listen(server, port);
  ({ port } = server.address() as AddressInfo);
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_FRAME_BYTES,
    handleProtocols: (offered) => (offered.has("deckhand") ? "deckhand" : false),
  });
  server.on("upgrade", (request, socket, head) => {
    const refusal = refusalOf(options, port, request);
    if (refusal !== null) return refuse(socket, refusal);
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      webSocket.on("error", (error) => options.logger.warn("A connection broke", { error: errorText(error) }));
      options.onChannel(webSocketChannel(webSocket));
    });
  });
  return {
    port,
    clients: () => sockets.clients.size,
    async close() {
      for (const socket of sockets.clients) socket.terminate();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

function refusalOf(options: ApiServerOptions, port: number, request: IncomingMessage): string | null {
  if (!isOurOwnRequest(request, port)) return "403 Forbidden";
  if (request.url !== "/rpc") return "404 Not Found";
  return isToken(subprotocolToken(request), options.token) ? null : "401 Unauthorized";
}

function refuse(socket: Duplex, status: string): void {
  socket.on("error", () => undefined); // Whoever was refused may be gone already; there is nobody to tell.
  socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error) => {
      const code = systemCode(error) === "EADDRINUSE" ? "port_in_use" : "internal";
      const next = "Leave the port out, and a free one is taken.";
      const message = `Listening on 127.0.0.1:${port} failed: ${errorText(error)}.`;
      reject(new AppError(code, message, { next, cause: error }));
    });
    server.listen(port, "127.0.0.1", resolve);
  });
}
