import { readdir, readlink } from "node:fs/promises";
import { type ListenerSource, lsof, tcpTables, thisSystem } from "./listeners.ts";
import type { ProcessSource } from "./process-table.ts";

export interface PortHolder {
  readonly port: number;
  readonly pid: number;
  readonly command: string;
}

/**
 * Who listens on TCP ports of this machine. A holder whose process may not be looked into (another user's) is left out.
 * For naming it to people; never for killing it.
 */
export async function portHolders(
  source: ProcessSource,
  ports: readonly number[],
  system: ListenerSource = thisSystem,
): Promise<PortHolder[]> {
  if (ports.length === 0) return [];
  if (system.platform === "linux") return linuxHolders(source, new Set(ports));
  return parseLsof(await lsof(system, ports, "pcn")).filter(({ port }) => ports.includes(port));
}

/** Linux: the socket's inode from /proc/net, then the process with that socket among its open files. */
async function linuxHolders(source: ProcessSource, ports: ReadonlySet<number>): Promise<PortHolder[]> {
  const wanted = new Map((await tcpTables()).flatMap((table) => listeningInodes(table, ports)));
  if (wanted.size === 0) return [];
  const holders: PortHolder[] = [];
  for (const name of await readdir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const held = new Set<number>();
    for (const inode of await socketInodes(name)) {
      const port = wanted.get(inode);
      if (port !== undefined) held.add(port);
    }
    for (const port of held) holders.push({ port, pid: Number(name), command: source.command(Number(name)) });
  }
  return holders;
}

/** Lines of /proc/net/tcp: `sl local_address rem_address st … uid timeout inode`; state 0A is LISTEN (man 5 proc). */
export function listeningInodes(table: string, ports: ReadonlySet<number>): [inode: string, port: number][] {
  const found: [string, number][] = [];
  for (const line of table.split("\n").slice(1)) {
    const fields = line.trim().split(/\s+/);
    const port = Number.parseInt(fields[1]?.split(":")[1] ?? "", 16);
    const inode = fields[9];
    if (fields[3] === "0A" && inode !== undefined && ports.has(port)) found.push([inode, port]);
  }
  return found;
}

async function socketInodes(pid: string): Promise<string[]> {
  try {
    const files = await readdir(`/proc/${pid}/fd`);
    const links = await Promise.all(files.map((file) => readlink(`/proc/${pid}/fd/${file}`).catch(() => "")));
    return links.filter((link) => link.startsWith("socket:[")).map((link) => link.slice(8, -1));
  } catch {
    // Gone meanwhile, or another user's.
    return [];
  }
}

/** The output of `lsof -Fpcn`. */
export function parseLsof(output: string): PortHolder[] {
  const holders: PortHolder[] = [];
  let pid = 0;
  let command = "";
  for (const line of output.split("\n")) {
    const value = line.slice(1);
    if (line.startsWith("p")) pid = Number(value);
    else if (line.startsWith("c")) command = value;
    else if (line.startsWith("n")) {
      const port = Number(/:(\d+)$/.exec(value)?.[1]);
      if (!holders.some((holder) => holder.pid === pid && holder.port === port)) holders.push({ port, pid, command });
    }
  }
  return holders;
}
