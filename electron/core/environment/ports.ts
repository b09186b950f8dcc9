/** Which ports services get. One registry serves all environments of a host, so that two of them never get the same. */
import { createServer } from "node:net";
import { systemCode } from "../lib/error.ts";

/** `forbidden`: not ours to bind, like those below 1024 for most users. */
export type PortState = "free" | "held" | "forbidden";

/** Every address a dev server may bind. One that is held by somebody else, on any of them, is of no use. */
const addresses = ["127.0.0.1", "::1", "0.0.0.0"] as const;
/** Ports looked at above the wanted one. Someone with more than a hundred in a row taken has another problem. */
const MAX_STEPS = 100;

/** Whether a port can be listened on, found out by doing so for an instant on each address. */
export async function portState(port: number): Promise<PortState> {
  for (const address of addresses) {
    const state = await bindOnce(port, address);
    if (state !== "free") return state;
  }
  return "free";
}

function bindOnce(port: number, host: string): Promise<PortState> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error) => {
      const code = systemCode(error);
      // A machine without IPv6 has no ::1, and nobody else can hold it there either.
      if (code === "EADDRNOTAVAIL" || code === "EAFNOSUPPORT" || code === "EINVAL") resolve("free");
      else resolve(code === "EACCES" || code === "EPERM" ? "forbidden" : "held");
    });
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve("free")));
  });
}

/** Ports given out and not returned. */
export class PortRegistry {
  readonly #owners = new Map<number, string>();

  /**
   * The wanted port if it is free and nobody of ours has it, else the next one above that is. Null where none is found.
   *
   * @param owner Whoever gets it; asking again for what one has already is fine.
   * @param avoid Ports that other services of the environment insist on.
   */
  async allocate(prefer: number, owner: string, avoid: ReadonlySet<number>): Promise<number | null> {
    const last = Math.min(prefer + MAX_STEPS, 65_535);
    for (let port = prefer; port <= last; port += 1) {
      if ((port !== prefer && avoid.has(port)) || (this.#owners.get(port) ?? owner) !== owner) continue;
      // Claimed before the test, which takes a moment: another environment may be looking at the same one.
      const had = this.#owners.has(port);
      this.#owners.set(port, owner);
      if ((await portState(port)) === "free") return port;
      if (!had) this.#owners.delete(port);
    }
    return null;
  }

  release(owner: string): void {
    for (const [port, holder] of this.#owners) if (holder === owner) this.#owners.delete(port);
  }
}
