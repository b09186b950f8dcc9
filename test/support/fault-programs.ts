/** What the fault cases of processes start: small real programs, and the few system tools some cases need. */
import { spawnSync } from "node:child_process";
import { execa } from "execa";
import { chmodSync, chownSync, cpSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { OwnedProcess, SpawnRequest } from "../../electron/core/process/owned.ts";
import { systemProcesses } from "../../electron/core/process/system-processes.ts";
import type { Stage } from "./fault-stage.ts";

export const programs = resolve(import.meta.dirname, "../fixtures/services");
export const source = systemProcesses();
export const isAlive = (pid: number) => source.read(pid)?.dead === false;

/** One of test/fixtures/services with its arguments. */
export function program(name: string, ...args: string[]): [string, ...string[]] {
  return [process.execPath, join(programs, name), ...args];
}

export interface Begun {
  readonly owned: OwnedProcess;
  readonly lines: string[];
  /** Its first line, when it came. */
  readonly first: () => Promise<string>;
}

/** Starts a program as a service of the stage's keeper. */
export async function begin(
  stage: Stage,
  argv: readonly [string, ...string[]],
  more: Partial<SpawnRequest> = {},
): Promise<Begun> {
  const lines: string[] = [];
  const owned = await stage.keeper.spawn({
    kind: "service",
    name: "program",
    workspace: "wsp_0000000000000000",
    argv,
    cwd: stage.root,
    env: { PATH: process.env["PATH"] ?? "" },
    graceMs: 300,
    ports: [],
    onLine: (_, text) => void lines.push(text),
    ...more,
  });
  return { owned, lines, first: () => stage.until("its first line", () => lines[0]) };
}

/** Everything alive that carries the marker of one owned process. */
export async function markedWith(id: string): Promise<number[]> {
  const table = await source.snapshot();
  return [...table.entries.keys()].filter((pid) => table.marker(pid)?.endsWith(`.${id}`) === true);
}

/** Null where a command works here, else why not, for the name of a skipped test. */
export function missing(argv: readonly [string, ...string[]], what: string): string | null {
  const [file, ...args] = argv;
  const { error, status } = spawnSync(file, args, { stdio: "ignore", timeout: 10_000 });
  if (error !== undefined) return `${what}: ${file} is not installed`;
  return status === 0 ? null : `${what} is not allowed here`;
}

/** What gives a program a process-id namespace of its own, with an init that collects nobody. */
export const ownProcessIds = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"] as const;
export const noProcessIds = missing([...ownProcessIds, "true"], "a process-id namespace");

/** What gives a program file systems of its own to mount. */
export const ownMounts = ["unshare", "--mount", "--propagation", "private"] as const;
export const noMounts = missing([...ownMounts, "mount", "-t", "tmpfs", "none", "/mnt"], "mounting a file system");

/** The system's user that owns nothing. Limits do not hold for root, so what has to meet one runs as this user. */
export const nobody = 65_534;
const isRoot = process.getuid?.() === 0;

/** Runs a command without the rights of root; as it is where we have none. */
export function asNobody(argv: readonly string[]): readonly [string, ...string[]] {
  if (!isRoot) return argv as [string, ...string[]];
  return ["setpriv", `--reuid=${nobody}`, `--regid=${nobody}`, "--clear-groups", ...argv];
}
export const noNobody = isRoot ? missing(asNobody(["true"]), "running without the rights of root") : null;

/** Copies of files where that user may read them, and a home of his. */
export function forNobody(stage: Stage, files: readonly string[]): { readonly files: string[]; readonly home: string } {
  chmodSync(stage.root, 0o755);
  const home = join(stage.root, "his home");
  mkdirSync(home, { mode: 0o700 });
  if (isRoot) chownSync(home, nobody, nobody);
  const copies = files.map((file, index) => {
    const folder = join(stage.root, `program ${index}`);
    cpSync(dirname(file), folder, { recursive: true });
    chmodSync(folder, 0o755);
    return join(folder, "program.mjs");
  });
  return { files: copies, home };
}

/** The output of a program that was run to its end; fails with its errors. */
export async function outputOf(stage: Stage, argv: readonly string[], ms = 20_000): Promise<string> {
  const [file = "", ...args] = argv;
  const child = execa(file, args, { reject: false, timeout: ms, cwd: stage.root, stdin: "ignore" });
  stage.defer(() => child.kill("SIGKILL"));
  const { stdout, stderr, exitCode } = await child;
  if (exitCode !== 0) throw new Error(`${argv.join(" ")} ended with ${String(exitCode)}: ${stderr}`);
  return stdout;
}

/** Threads that run under one user: what the limit of processes counts. */
export function threadsOf(user: number): number {
  let count = 0;
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const status = readFileSync(`/proc/${name}/status`, "utf8");
      if (Number(/^Uid:\s+(\d+)/m.exec(status)?.[1]) === user) count += Number(/^Threads:\s+(\d+)/m.exec(status)?.[1]);
    } catch {
      // It ended while it was looked at.
    }
  }
  return count;
}
