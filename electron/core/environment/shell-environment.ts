/**
 * The environment of the user's login shell. A desktop app inherits next to nothing of it (`PATH=/usr/bin:/bin`), and with
 * nvm, mise, Homebrew and the like, no `npm` is found without it.
 */
import { randomBytes } from "node:crypto";
import { spawn } from "node:child_process";
import { access, constants } from "node:fs/promises";
import { basename, delimiter, isAbsolute } from "node:path";
import type { Failure } from "#shared/failure.ts";
import type { Clock } from "../lib/clock.ts";
import { formatDuration, withDeadline } from "../lib/deadline.ts";
import { errorText } from "../lib/error.ts";
import type { Logger } from "../lib/logger.ts";
import { childEnvironment } from "../process/environment.ts";
import { systemProcesses } from "../process/system-processes.ts";
import { signalGroup, signalProcess } from "../process/signals.ts";
import { toolFolders } from "./tool-folders.ts";

/** Slow start files exist; ten seconds is what editors allow them. */
const LIMIT_MS = 10_000;
/** No environment is larger; beyond it somebody prints without end. */
const MAX_OUTPUT_BYTES = 4 * 1024 * 1024;
/** Shells that take `-ilc`. Another one in SHELL is asked through the system's own. */
const known = new Set(["bash", "zsh", "fish", "sh", "dash", "ksh", "mksh", "ash"]);
/** Of the shell itself, not of the user. */
const shellOwn = new Set(["_", "SHLVL", "PWD", "OLDPWD", "DECKHAND_RESOLVING_ENVIRONMENT"]);
/** So long a start may take without being worth a word: it is waited for once, at the first start of anything. */
const SLOW_MS = 2_000;

type Variables = Readonly<Record<string, string>>;

export interface ShellEnvironmentDependencies {
  readonly clock: Clock;
  readonly logger: Logger;
  /** The host's own environment; default `process.env`. */
  readonly processEnvironment?: Readonly<Record<string, string | undefined>>;
  /** Default 10 s. */
  readonly limitMs?: number;
  /** The start files are broken, or slow. Never fatal, but worth knowing. */
  readonly onTrouble?: (failure: Failure) => void;
}

export class ShellEnvironment {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #base: Variables;
  readonly #limitMs: number;
  readonly #onTrouble: (failure: Failure) => void;
  #resolved: Promise<Variables> | null = null;
  #warning: string | null = null;

  constructor(dependencies: ShellEnvironmentDependencies) {
    this.#clock = dependencies.clock;
    this.#logger = dependencies.logger;
    this.#limitMs = dependencies.limitMs ?? LIMIT_MS;
    this.#onTrouble = dependencies.onTrouble ?? (() => undefined);
    const entries = Object.entries(dependencies.processEnvironment ?? process.env);
    this.#base = Object.fromEntries(entries.filter((entry): entry is [string, string] => entry[1] !== undefined));
  }

  /** What went wrong when the shell was asked, for people; null where nothing did, or it was not asked yet. */
  get warning(): string | null {
    return this.#warning;
  }

  /** The host's environment with the login shell's over it. The shell is asked once. Never rejects. */
  variables(): Promise<Variables> {
    this.#resolved ??= this.#resolve();
    return this.#resolved;
  }

  async #resolve(): Promise<Variables> {
    const shell = await this.#shell();
    const begun = this.#clock.monotonic();
    try {
      const found = await withDeadline(this.#clock, this.#limitMs, `the start files of ${shell}`, undefined, (signal) =>
        askShell(shell, this.#base, signal),
      );
      const tookMs = this.#clock.monotonic() - begun;
      if (tookMs > SLOW_MS) this.#tellSlow(shell, tookMs);
      return { ...this.#base, ...found };
    } catch (error) {
      this.#warning =
        `The environment of your shell (${shell}) could not be read: ${errorText(error)} ` +
        "Programs are looked for in the usual folders instead.";
      this.#tell(this.#warning, "Check the shell's start files, then start Deckhand again.", { shell });
      this.#logger.warn("The login shell's environment could not be read", { shell, error: errorText(error) });
      return { ...this.#base, PATH: this.#usualPath() };
    }
  }

  #tellSlow(shell: string, tookMs: number): void {
    const message = `The start files of your shell (${shell}) took ${formatDuration(tookMs)}; the first start of anything waits for them.`;
    this.#logger.warn("The login shell is slow", { shell, tookMs: Math.round(tookMs) });
    this.#tell(message, "Look for what is slow in the shell's start files.", { shell, tookMs: Math.round(tookMs) });
  }

  #tell(message: string, next: string, details: Record<string, unknown>): void {
    this.#onTrouble({ code: "opencode_environment", message, next, details });
  }

  async #shell(): Promise<string> {
    const wanted = this.#base["SHELL"] ?? "";
    const candidates = isAbsolute(wanted) && known.has(basename(wanted)) ? [wanted] : [];
    for (const shell of [...candidates, process.platform === "darwin" ? "/bin/zsh" : "/bin/bash"]) {
      try {
        await access(shell, constants.X_OK);
        return shell;
      } catch {
        // Not there, or not allowed: the next one.
      }
    }
    return "/bin/sh";
  }

  #usualPath(): string {
    const inherited = (this.#base["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
    return [...new Set([...inherited, ...toolFolders(this.#base)])].join(delimiter);
  }
}

/** Whatever the start files print stands before the first marker or after the last, and is thrown away. */
function askShell(shell: string, base: Variables, signal: AbortSignal): Promise<Variables> {
  const marker = `deckhand-${randomBytes(12).toString("hex")}`;
  const script = `printf %s ${marker}; command env -0; printf %s ${marker}`;
  return new Promise((resolve, reject) => {
    const child = spawn(shell, ["-ilc", script], {
      cwd: base["HOME"] ?? "/",
      // A start file that starts a long program, or another shell, can look at this and leave it.
      env: childEnvironment(base, { DECKHAND_RESOLVING_ENVIRONMENT: "1" }),
      stdio: ["ignore", "pipe", "ignore"],
      // A group of its own: an interactive shell must not fight over our terminal, and all of it can be ended at once.
      detached: true,
    });
    const chunks: Buffer[] = [];
    let size = 0;
    const end = () => {
      // Not yet waited for, so that its number cannot belong to anybody else.
      if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) void endSession(child.pid);
    };
    signal.addEventListener("abort", end, { once: true });
    child.stdout.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size > MAX_OUTPUT_BYTES) end();
      else chunks.push(chunk);
    });
    const finish = (settle: () => void) => {
      signal.removeEventListener("abort", end);
      // Programs that the start files left behind may hold the pipe; nobody reads it any more.
      child.stdout.destroy();
      settle();
    };
    child.once("error", (error) => finish(() => reject(error)));
    const read = (code: number | null) => {
      const found = parseOutput(Buffer.concat(chunks).toString("utf8"), marker);
      if (found !== null) finish(() => resolve(found));
      else finish(() => reject(new Error(`it ended with ${code ?? "a signal"} before it told.`)));
    };
    child.once("close", read);
    child.once("exit", (code) => {
      // `close` waits for every holder of the pipe. What was asked for is complete when the shell itself has ended.
      setImmediate(() => setImmediate(() => read(code)));
    });
  });
}

/** Ends the shell and all of its session: an interactive shell gives each program it starts a group of its own. */
async function endSession(leader: number): Promise<void> {
  const source = systemProcesses();
  const self = source.read(leader);
  if (self === null) return;
  const { entries } = await source.snapshot();
  for (const entry of entries.values()) if (entry.sid === leader) signalProcess(source, entry, "SIGKILL");
  signalGroup(source, self, "SIGKILL");
}

function parseOutput(output: string, marker: string): Variables | null {
  const from = output.indexOf(marker);
  const to = output.lastIndexOf(marker);
  if (from < 0 || to <= from) return null;
  const entries: [string, string][] = [];
  for (const entry of output.slice(from + marker.length, to).split("\0")) {
    const equals = entry.indexOf("=");
    const name = entry.slice(0, equals);
    if (equals > 0 && !shellOwn.has(name) && !name.startsWith("BASH_FUNC_"))
      entries.push([name, entry.slice(equals + 1)]);
  }
  return entries.length === 0 ? null : Object.fromEntries(entries);
}
