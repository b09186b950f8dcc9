import { type ListenerSource, lsof, tcpTables, thisSystem } from "./listeners.ts";

/** The addresses that mean every interface, as /proc/net/tcp and tcp6 write them. */
const wildcards: ReadonlySet<string> = new Set(["0".repeat(8), "0".repeat(32)]);

/**
 * Whether somebody listens on a TCP port of every interface of this machine, so that others reach it. What a server says about
 * its address is its word; this is the kernel's. False where it cannot be found out.
 */
export async function listensEverywhere(port: number, system: ListenerSource = thisSystem): Promise<boolean> {
  if (system.platform !== "linux") return lsofShowsWildcard(await lsof(system, [port], "n"));
  return (await tcpTables()).some((table) => tableShowsWildcard(table, port));
}

/** Lines of /proc/net/tcp: `sl local_address rem_address st …`, address and port in hexadecimal; state 0A is LISTEN (man 5 proc). */
export function tableShowsWildcard(table: string, port: number): boolean {
  return table.split("\n").some((line) => {
    const [, local = "", , state] = line.trim().split(/\s+/);
    const [address = "", hexadecimal = ""] = local.split(":");
    return state === "0A" && Number.parseInt(hexadecimal, 16) === port && wildcards.has(address);
  });
}

/** The output of `lsof -Fn`: a line `n*:4096` for one that listens on every interface. */
export function lsofShowsWildcard(output: string): boolean {
  return output.split("\n").some((line) => line.startsWith("n*:"));
}
