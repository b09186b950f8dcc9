import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";

/** Where a system tells who listens. Only tests name another than the one we run on. */
export interface ListenerSource {
  readonly platform: NodeJS.Platform;
  readonly lsofPath: string;
}

export const thisSystem: ListenerSource = { platform: process.platform, lsofPath: "/usr/sbin/lsof" };

/** Linux: the tables of TCP sockets, IPv4 and IPv6 (man 5 proc); empty where there is none. */
export function tcpTables(): Promise<readonly string[]> {
  // A machine may have no IPv6.
  return Promise.all(["tcp", "tcp6"].map((name) => readFile(`/proc/net/${name}`, "utf8").catch(() => "")));
}

/**
 * macOS: what `lsof -F` prints of the listeners on TCP ports, one field a line (lsof(8), OUTPUT FOR OTHER PROGRAMS).
 *
 * @param fields Letters of the wanted fields: `p` pid, `c` name of the program, `n` address.
 */
export function lsof({ lsofPath }: ListenerSource, ports: readonly number[], fields: string): Promise<string> {
  const selection = ports.map((port) => `-iTCP:${port}`);
  return new Promise((resolve) => {
    const options = { encoding: "utf8", timeout: 5_000 } as const;
    // It ends with 1 when nothing listens; what it printed counts.
    execFile(lsofPath, ["-nP", ...selection, "-sTCP:LISTEN", `-F${fields}`], options, (_, stdout) => resolve(stdout));
  });
}
