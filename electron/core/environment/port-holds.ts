/**
 * Keeps ports from strangers between their choice and the start of the service: a migration of a minute may lie between.
 * Held on the loopback addresses only, so that no firewall asks a person about it; whoever connects is turned away.
 */
import { createServer, type Server } from "node:net";

const addresses = ["127.0.0.1", "::1"] as const;

export class PortHolds {
  readonly #servers = new Map<number, Server[]>();

  /** Listens on it where it can be listened on. Resolves when it does; never rejects. */
  async hold(port: number): Promise<void> {
    if (this.#servers.has(port)) return;
    const servers: Server[] = [];
    this.#servers.set(port, servers);
    await Promise.all(
      addresses.map(
        (host) =>
          new Promise<void>((resolve) => {
            const server = createServer((socket) => socket.resetAndDestroy());
            servers.push(server);
            // Somebody was faster, or the machine has no such address: the service itself will tell.
            server.once("error", () => resolve());
            server.listen({ port, host, exclusive: true }, () => {
              // It may have been let go meanwhile.
              if (this.#servers.get(port) !== servers) server.close();
              resolve();
            });
            // It is no reason for a process to live.
            server.unref();
          }),
      ),
    );
  }

  /** Lets it go: it can be listened on when this returns. */
  release(port: number): void {
    const servers = this.#servers.get(port) ?? [];
    this.#servers.delete(port);
    for (const server of servers) if (server.listening) server.close();
  }

  releaseAll(): void {
    for (const port of Array.from(this.#servers.keys())) this.release(port);
  }
}
