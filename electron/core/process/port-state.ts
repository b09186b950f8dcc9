/** Whether a TCP port of this machine can be listened on, found out by doing so for an instant. */
import { createServer } from "node:net";
import { systemCode } from "../lib/error.ts";

/** `forbidden`: not ours to bind, like those below 1024 for most users. */
export type PortState = "free" | "held" | "forbidden";

/** Every address a dev server may bind. One that is held by somebody else, on any of them, is of no use. */
const addresses = ["127.0.0.1", "::1", "0.0.0.0"] as const;

/** Looks at each address a dev server may bind. */
export async function portState(port: number): Promise<PortState> {
  // On Linux whoever listens on all addresses of both families has proven all of them; elsewhere a wildcard goes beside others.
  if (process.platform === "linux" && (await bindOnce(port, "::")) === "free") return "free";
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
