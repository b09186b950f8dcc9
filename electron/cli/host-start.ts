import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Client } from "#shared/client.ts";
import { sleep, systemClock } from "../core/lib/clock.ts";
import { AppError, toFailure } from "../core/lib/error.ts";
import { connectToHost } from "./host-connection.ts";

/** A cold start takes about a second here; a machine under load several. */
const START_TIMEOUT_MS = 30_000;
const POLL_MS = 50;

/**
 * Connects to the host of a home, starting a headless one where there is none. That one outlives this command, and ends by
 * itself when nothing runs in it any more. Two commands that start at once get the same host: the home's lock lets one in.
 */
export async function connectOrStartHost(options: {
  readonly home: string;
  /** Built entry of the headless host. */
  readonly headless: string;
  readonly signal: AbortSignal;
}): Promise<{ client: Client; started: boolean }> {
  const { home, headless, signal } = options;
  const running = await tryConnect(home);
  if (running !== null) return { client: running, started: false };
  const log = join(home, "logs", "host-start.log");
  mkdirSync(join(home, "logs"), { recursive: true, mode: 0o700 });
  const file = openSync(log, "w", 0o600);
  const child = spawn(process.execPath, [headless, "--home", home, "--until-idle"], {
    detached: true,
    stdio: ["ignore", file, file],
    cwd: home,
  });
  closeSync(file);
  let exited = false;
  child.once("exit", () => (exited = true));
  child.once("error", () => (exited = true));
  child.unref();
  const deadline = systemClock.monotonic() + START_TIMEOUT_MS;
  while (systemClock.monotonic() < deadline) {
    await sleep(systemClock, POLL_MS, signal);
    const wasExited = exited;
    const client = await tryConnect(home);
    if (client !== null) return { client, started: !exited };
    // One more try after its end: another command's host may have won the lock a moment ago.
    if (wasExited) break;
  }
  const lastLines = readFileSync(log, "utf8").trimEnd().split("\n").slice(-10);
  throw new AppError("host_refused", "The headless host did not start.", {
    next: "Run `deckhand serve` to see why.",
    details: { tail: lastLines },
  });
}

async function tryConnect(home: string): Promise<Client | null> {
  try {
    return (await connectToHost(home)).client;
  } catch (error) {
    if (toFailure(error).code === "host_missing") return null;
    throw error;
  }
}
