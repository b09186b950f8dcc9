import { execFile, spawnSync } from "node:child_process";
import { promisify } from "node:util";
import { findMarker } from "./marker.ts";
import type { ProcessEntry, ProcessSource } from "./process-table.ts";

/**
 * macOS: one `ps` for all processes. Written against its manual (ps(1): `-E` shows the environment of own processes
 * after the command, `lstart` is the start in full, to the second); the parser is tested on recorded text, the whole is
 * unproven until someone runs it on a Mac.
 */
/** How the system's programs are asked; each answers its output, whatever it ended with, empty when it could not be run. */
export interface MacCommands {
  now(file: string, args: readonly string[]): string;
  /** @throws Error when it fails: no list must not look like an empty one. */
  soon(file: string, args: readonly string[]): Promise<string>;
}

const columns = "pid=,ppid=,pgid=,state=,rss=,time=,lstart=";
const psPath = "/bin/ps";
const execFileAsync = promisify(execFile);

export function macProcesses(commands: MacCommands = systemCommands): ProcessSource {
  const ask = (pid: number, what: string) => commands.now(psPath, ["-ww", "-o", what, "-p", String(pid)]);
  return {
    bootId: bootSession(commands),
    read: (pid) => parseLine(ask(pid, columns).split("\n")[0] ?? "")?.entry ?? null,
    command: (pid) => ask(pid, "command=").trim().slice(0, 200),
    snapshot: async () => parseProcessList(await commands.soon(psPath, ["-axwwE", "-o", `${columns},command=`])),
  };
}

/** `lstart` is printed in the user's language otherwise. */
const plain = { LC_ALL: "C", TZ: "UTC" };

const systemCommands: MacCommands = {
  now: (file, args) => spawnSync(file, args, { encoding: "utf8", env: plain }).stdout ?? "",
  async soon(file, args) {
    // 64 MiB: a thousand processes with large environments.
    const { stdout } = await execFileAsync(file, args, { encoding: "utf8", maxBuffer: 64 * 1_024 * 1_024, env: plain });
    return stdout;
  },
};

/** The output of `ps -axwwE -o pid=,ppid=,pgid=,state=,rss=,time=,lstart=,command=`. */
export function parseProcessList(text: string) {
  const entries = new Map<number, ProcessEntry>();
  const markers = new Map<number, string>();
  for (const line of text.split("\n")) {
    const parsed = parseLine(line);
    if (parsed === null || parsed.entry.dead) continue;
    entries.set(parsed.entry.pid, parsed.entry);
    const marker = findMarker(parsed.rest);
    if (marker !== null) markers.set(parsed.entry.pid, marker);
  }
  return { entries, marker: (pid: number) => markers.get(pid) ?? null };
}

const linePattern =
  /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(\d+)\s+((?:\d+-)?(?:\d+:)?\d+:\d+(?:\.\d+)?)\s+(\w{3}\s+\w{3}\s+\d+\s+[\d:]{8}\s+\d{4})(?:\s+(.*))?$/;

function parseLine(line: string): { entry: ProcessEntry; rest: string } | null {
  const match = linePattern.exec(line);
  if (match === null) return null;
  const [, pid, ppid, pgid, state, memory, time, started, rest] = match;
  const startSeconds = Date.parse(`${started ?? ""} UTC`) / 1_000;
  const startTime = (started ?? "").replace(/\s+/g, " ");
  return {
    entry: {
      pid: Number(pid),
      ppid: Number(ppid),
      pgid: Number(pgid),
      // `sess` is an address or 0 there; groups, descent and the marker do without it.
      sid: 0,
      startOrder: startSeconds,
      startTime,
      dead: (state ?? "").startsWith("Z"),
      memoryBytes: Number(memory) * 1_024,
      cpuMs: cpuTime(time ?? "0:00"),
    },
    rest: rest ?? "",
  };
}

/** `[days-][hours:]minutes:seconds[.hundredths]` in ms. */
function cpuTime(text: string): number {
  const [rest = "0", days = "0"] = text.split("-").reverse();
  const seconds = rest.split(":").reduce((sum, part) => sum * 60 + Number(part), 0);
  return Math.round((Number(days) * 86_400 + seconds) * 1_000);
}

/** One id per start of the machine: `kern.bootsessionuuid`, or the time of the start where it is missing. */
function bootSession(commands: MacCommands): string {
  for (const name of ["kern.bootsessionuuid", "kern.boottime"]) {
    const value = commands.now("/usr/sbin/sysctl", ["-n", name]).trim();
    if (value !== "") return value;
  }
  throw new Error("sysctl tells neither kern.bootsessionuuid nor kern.boottime.");
}
