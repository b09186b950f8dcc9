/**
 * The one address of a service that runs several times: a server of the host's that hands each request to the next of those
 * that are ready. Connections that are upgraded (WebSocket) stay with the one they were given to.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { createProxyServer } from "httpxy";
import { errorText, systemCode } from "../lib/error.ts";

export interface ReplicaFrontDependencies {
  /** The service as the author named it. */
  readonly name: string;
  /** Ports of those that are ready, in a steady order. */
  readonly targets: () => readonly number[];
  /** A connection to one of them failed. */
  readonly onTrouble: (text: string) => void;
}

/** Both families, as for any dev server: `localhost` may mean either. */
const hosts = ["127.0.0.1", "::1"] as const;

export class ReplicaFront {
  readonly #dependencies: ReplicaFrontDependencies;
  readonly #proxy = createProxyServer({ xfwd: true });
  readonly #sockets = new Set<Socket>();
  #servers: Server[] = [];
  #turn = 0;

  constructor(dependencies: ReplicaFrontDependencies) {
    this.#dependencies = dependencies;
    this.#proxy.on("error", (error, _, response) => this.#failed(error, response));
  }

  /** Null while nobody can reach it. */
  get port(): number | null {
    const address = this.#servers[0]?.address();
    return address === null || address === undefined ? null : (address as AddressInfo).port;
  }

  /** @throws The system's error where the port cannot be listened on. */
  async open(port: number): Promise<void> {
    for (const host of hosts) {
      const server = createServer((request, response) => void this.#hand(request, response));
      server.on("upgrade", (request, socket: Socket, head) => void this.#upgrade(request, socket, head));
      server.on("connection", (socket) => {
        this.#sockets.add(socket);
        socket.once("close", () => this.#sockets.delete(socket));
      });
      try {
        await listen(server, port, host);
        this.#servers.push(server);
      } catch (error) {
        // Without IPv6 there is no ::1, and nobody asks for it.
        const code = systemCode(error);
        if (host === "::1" && (code === "EADDRNOTAVAIL" || code === "EAFNOSUPPORT" || code === "EINVAL")) continue;
        await this.close();
        throw error;
      }
    }
  }

  /** Also ends the connections that are open. */
  async close(): Promise<void> {
    const servers = this.#servers;
    this.#servers = [];
    const closed = servers.map((server) => new Promise((resolve) => server.close(resolve)));
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(closed);
  }

  #next(): { host: string; port: number } | null {
    const ports = this.#dependencies.targets();
    const port = ports[this.#turn % ports.length];
    this.#turn = (this.#turn + 1) % Number.MAX_SAFE_INTEGER;
    return port === undefined ? null : { host: "localhost", port };
  }

  async #hand(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const target = this.#next();
    if (target === null) {
      refuse(response, 503, `None of ${this.#dependencies.name} is ready.\n`);
      return;
    }
    await this.#proxy.web(request, response, { target }).catch((error: unknown) => this.#failed(error, response));
  }

  async #upgrade(request: IncomingMessage, socket: Socket, head: Buffer): Promise<void> {
    const target = this.#next();
    if (target === null) socket.destroy();
    else await this.#proxy.ws(request, socket, { target }, head).catch((error: unknown) => this.#failed(error, socket));
  }

  #failed(error: unknown, response: unknown): void {
    const { name, onTrouble } = this.#dependencies;
    // One who goes away in the middle of an answer is no trouble of the service's.
    if (systemCode(error) === "ECONNREFUSED") onTrouble(`one of ${name} could not be reached: ${errorText(error)}`);
    if (isResponse(response)) refuse(response, 502, `${name} did not answer.\n`);
    else (response as Socket | undefined)?.destroy();
  }
}

function refuse(response: ServerResponse, status: number, text: string): void {
  if (response.headersSent) response.destroy();
  else response.writeHead(status, { "content-type": "text/plain; charset=utf-8", connection: "close" }).end(text);
}

function isResponse(value: unknown): value is ServerResponse {
  return typeof value === "object" && value !== null && "headersSent" in value;
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port, host, exclusive: true }, () => {
      server.off("error", reject);
      resolve();
    });
  });
}
