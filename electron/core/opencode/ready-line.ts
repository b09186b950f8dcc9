/**
 * The line in which `opencode serve` says where it listens, as far as all generations share it. How the sentence goes is the
 * business of each (protocol/v1.ts, protocol/v2.ts); which address may be in it is judged here.
 */

/** Longer lines are noise: the real one has some fifty characters. Also keeps the pattern cheap on a line of 64 KiB. */
const READY_LINE_MAX = 512;
/** Below are the ports of the system; OpenCode takes 4096 or one the kernel picks. */
const LOWEST_PORT = 1_024;

export type ReadyLine =
  | { readonly kind: "listening"; readonly port: number; readonly url: string }
  /** It says that it can be reached from other machines. */
  | { readonly kind: "unsafe"; readonly host: string }
  /** It looks like the line, but the address in it cannot be one. */
  | { readonly kind: "invalid"; readonly address: string };

/**
 * Reads one line of stdout; null where it is not the ready line. The whole line must be it: a port in some other sentence
 * is not taken. Where several lines match, the last one counts, since a server that moves says so.
 *
 * @param pattern The generation's line without colours, whole, with the address as its first group.
 */
export function readAddressLine(line: string, pattern: RegExp): ReadyLine | null {
  if (line.length > READY_LINE_MAX) return null;
  // eslint-disable-next-line no-control-regex -- SGR colours begin with ESC
  const plain = line.replaceAll(/\u001b\[[0-9;]*m/g, "").trim();
  const address = pattern.exec(plain)?.[1];
  return address === undefined ? null : readAddress(address);
}

/** Judges an address that a server, or a file of it, names: loopback only, and no port of the system. */
export function readAddress(address: string): ReadyLine {
  const parts = /^http:\/\/(\[[0-9A-Fa-f:.]+\]|[0-9A-Za-z.-]+):([0-9]{1,5})\/?$/.exec(address);
  const host = parts?.[1]?.toLowerCase();
  const port = Number(parts?.[2]);
  if (host === undefined || port < LOWEST_PORT || port > 65_535) return { kind: "invalid", address };
  if (!isLoopback(host)) return { kind: "unsafe", host };
  // `localhost` may resolve to either family; the server was told 127.0.0.1, so that is what is asked.
  const reachable = host === "localhost" ? "127.0.0.1" : host;
  return { kind: "listening", port, url: `http://${reachable}:${port}` };
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "[::1]" || /^127(\.[0-9]{1,3}){3}$/.test(host);
}
