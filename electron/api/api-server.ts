/**
 * The loopback server of a host: health for scripts, the contract over a WebSocket for the command line and for browsers,
 * and the page itself where the host serves one. Binds 127.0.0.1 only.
 */
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { WebSocketServer } from "ws";
import { AppError, errorText, systemCode } from "../core/lib/error.ts";
import type { Logger } from "../core/lib/logger.ts";
import type { Channel } from "../ipc/channel.ts";
import { isOurOwnRequest, isToken, subprotocolToken } from "./access.ts";
import { resolvePageFile } from "./page-files.ts";
import { pageHeaders, securePage } from "./page-security.ts";
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
  close(): Promise<void>;
}

/** @throws AppError `port_in_use` where a port was asked for and is taken. */
export async function startApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS, headersTimeout: REQUEST_TIMEOUT_MS });
  server.maxConnections = MAX_CONNECTIONS;
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_FRAME_BYTES,
    handleProtocols: (offered) => (offered.has("deckhand") ? "deckhand" : false),
  });
  await listen(server, options.port);
  const { port } = server.address() as AddressInfo;
  server.on("request", (request, response) => {
    void respond(options, port, request, response).catch((error: unknown) => {
      options.logger.error("A request failed", { error: errorText(error) });
      if (!response.headersSent) sendJson(response, 500, { error: "internal", details: null });
      else response.destroy();
    });
  });
  server.on("upgrade", (request, socket, head) => {
    const refusal = refuseUpgrade(options, port, request);
    if (refusal !== null) return refuse(socket, refusal);
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      webSocket.on("error", (error) => options.logger.warn("A connection broke", { error: errorText(error) }));
      options.onChannel(webSocketChannel(webSocket));
    });
  });
  return {
    port,
    async close() {
      for (const socket of sockets.clients) socket.terminate();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

async function respond(
  options: ApiServerOptions,
  port: number,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (!isOurOwnRequest(request, port)) return sendJson(response, 403, { error: "forbidden", details: null });
  if (request.method !== "GET" && request.method !== "HEAD") {
    return sendJson(response, 405, { error: "method_not_allowed", details: null });
  }
  const path = new URL(request.url ?? "/", "http://host").pathname;
  if (path === "/healthz" || path === "/health") return sendJson(response, 200, { status: "ok" });
  if (path === "/ready") {
    const reason = options.notReady();
    return sendJson(response, reason === null ? 200 : 503, reason === null ? { status: "ready" } : { error: "not_ready", details: reason });
  }
  return sendPage(options, port, path, response);
}

async function sendPage(options: ApiServerOptions, port: number, path: string, response: ServerResponse): Promise<void> {
  const file = options.page === null ? null : await resolvePageFile(options.page, path);
  if (file === null) return sendJson(response, 404, { error: "not_found", details: null });
  const nonce = randomBytes(16).toString("base64");
  const content = await readFile(file.path);
  const headers = pageHeaders({ nonce, connect: [`ws://127.0.0.1:${port}`] });
  response.writeHead(200, { ...headers, "content-type": file.contentType, "cache-control": "no-store" });
  response.end(file.contentType.startsWith("text/html") ? securePage(content.toString("utf8"), nonce) : content);
}

function refuseUpgrade(options: ApiServerOptions, port: number, request: IncomingMessage): string | null {
  if (!isOurOwnRequest(request, port)) return "403 Forbidden";
  if (request.url !== "/rpc") return "404 Not Found";
  return isToken(subprotocolToken(request), options.token) ? null : "401 Unauthorized";
}

function refuse(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
}

function sendJson(response: ServerResponse, status: number, body: Record<string, unknown>): void {
  const stamped = status >= 400 ? { ...body, timestamp: new Date().toISOString() } : body;
  response.writeHead(status, {
    "content-type": "application/json",
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
  });
  response.end(JSON.stringify(stamped));
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error) => {
      const taken = systemCode(error) === "EADDRINUSE";
      reject(
        new AppError(taken ? "port_in_use" : "internal", `Listening on 127.0.0.1:${port} failed: ${errorText(error)}.`, {
          next: "Leave the port out, and a free one is taken.",
          cause: error,
        }),
      );
    });
    server.listen(port, "127.0.0.1", resolve);
  });
}
