/** The headless host: the same core behind the loopback server, its page in a browser. */
import { spawn } from "node:child_process";
import { join, resolve } from "node:path";
import { createAppLog } from "./core/lib/app-log.ts";
import { systemClock } from "./core/lib/clock.ts";
import { withDeadline } from "./core/lib/deadline.ts";
import { errorText } from "./core/lib/error.ts";
import type { Logger } from "./core/lib/logger.ts";
import { readDemo } from "./demo.ts";
import { createHost, type Host } from "./host.ts";

/** Longest orderly end, in ms; past it the guardian finishes. */
const CLOSE_DEADLINE_MS = 10_000;
/** A host that a command started ends when it has been idle this long, in ms. */
const IDLE_EXIT_MS = 30_000;
const IDLE_CHECK_MS = 1_000;

export interface HeadlessOptions {
  readonly home: string;
  /** Folder of the built entries. */
  readonly built: string;
  readonly version: string;
  /** A folder to open as a project; null: none. */
  readonly directory: string | null;
  readonly port: number;
  /** Also show the page in the person's browser. */
  readonly open: boolean;
  /** Print the address as a JSON document instead of a line. */
  readonly json: boolean;
  /** End when nothing runs and nobody is connected. */
  readonly untilIdle: boolean;
  /** Aborts on the first signal. */
  readonly signal: AbortSignal;
}

/** Resolves with the exit code when the host has ended: by a signal, by `deckhand stop`, or when idle. */
export async function runHeadless(options: HeadlessOptions): Promise<number> {
  const home = resolve(options.home);
  const logger = createAppLog({
    folder: join(home, "logs", "app"),
    level: "info",
    clock: systemClock,
    onUnwritable: (reason) => void process.stderr.write(`The log of the host cannot be written: ${reason}\n`),
  });
  const asked = new AbortController();
  const fault = endOnFault(logger, () => asked.abort());
  const host = await createHost({
    kind: "headless",
    version: options.version,
    home,
    logger,
    desktop: null,
    port: options.port,
    page: join(options.built, "..", "renderer"),
    guardian: join(options.built, "guardian.js"),
    ...readDemo(process.env),
    onStopRequested: () => asked.abort(),
  });
  process.stdout.write(
    options.json ? `${JSON.stringify({ url: host.pageUrl })}\n` : `deckhand ready ${host.pageUrl}\n`,
  );
  if (options.directory !== null) await openProject(host, options.directory);
  if (options.open) openInBrowser(host.pageUrl);
  const end = AbortSignal.any([options.signal, asked.signal]);
  const stopWatching = options.untilIdle ? watchIdle(host, () => asked.abort()) : () => undefined;
  await new Promise<void>((resolvePromise) => {
    if (end.aborted) resolvePromise();
    else end.addEventListener("abort", () => resolvePromise(), { once: true });
  });
  stopWatching();
  try {
    await withDeadline(systemClock, CLOSE_DEADLINE_MS, "the end of everything the host owns", undefined, () =>
      host.close(),
    );
    if (fault.happened) return 1;
    return options.signal.aborted ? 130 : 0;
  } catch (error) {
    logger.error("The host did not end in order; its guardian finishes", { error: errorText(error) });
    return 1;
  }
}

/** After a fault of ours nothing in memory can be relied on: it is logged, and everything owned is ended in order. */
function endOnFault(logger: Logger, end: () => void): { readonly happened: boolean } {
  const fault = { happened: false };
  const on = (kind: string) => (error: unknown) => {
    fault.happened = true;
    logger.error(`${kind} in the host`, { error });
    process.stderr.write(`deckhand: a fault of the host itself: ${errorText(error)}\n`);
    end();
  };
  process.on("uncaughtException", on("an uncaught exception"));
  process.on("unhandledRejection", on("an unhandled rejection"));
  return fault;
}

/** A folder that cannot be opened is told; the host is of use without it. */
async function openProject(host: Host, directory: string): Promise<void> {
  try {
    await host.projects.open(resolve(directory));
  } catch (error) {
    process.stderr.write(`${errorText(error)}\n`);
  }
}

function watchIdle(host: Host, onIdle: () => void): () => void {
  let idleSince: number | null = null;
  const timer = setInterval(() => {
    const now = systemClock.monotonic();
    if (!host.isIdle()) idleSince = null;
    else if (idleSince === null) idleSince = now;
    else if (now - idleSince >= IDLE_EXIT_MS) onIdle();
  }, IDLE_CHECK_MS);
  return () => clearInterval(timer);
}

/** The person's own browser; where none can be started the address on stdout is enough. */
function openInBrowser(url: string): void {
  const program = process.platform === "darwin" ? "open" : "xdg-open";
  const child = spawn(program, [url], { detached: true, stdio: "ignore" });
  child.once("error", () => void process.stderr.write("No browser could be opened; open the address yourself.\n"));
  child.unref();
}
