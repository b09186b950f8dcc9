/** `opencode serve` without any manager, started as ours is: the same arguments, environment and folders. */
import { spawn, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { createInterface } from "node:readline";
import { SERVER_USERNAME } from "../../electron/core/opencode/client.ts";
import { launchArguments, launchEnvironment, launchUrl } from "../../electron/core/opencode/launch.ts";
import { freePort, pause } from "./machine.ts";

export interface BareServer {
  readonly child: ChildProcess;
  readonly url: string;
  readonly password: string;
  /** From spawn, in ms, until it said where it listens; health answered; the first byte of the event stream came. */
  readonly listeningMs: number;
  readonly healthMs: number;
  readonly eventMs: number;
  /** SIGTERM, and the wait for its exit. */
  stop(): Promise<void>;
}

export interface BareOptions {
  readonly binary: string;
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** Resolves when health has answered and the first byte of `/global/event` is here; both are asked for at once. */
export async function startBare(options: BareOptions): Promise<BareServer> {
  const password = randomBytes(32).toString("base64url");
  const address = { host: "127.0.0.1", port: await freePort() } as const;
  const [program, ...rest] = launchArguments(options.binary, address, false);
  const env = bareEnvironment(options.environment, launchUrl(address), password);
  const begun = performance.now();
  const child = spawn(program, rest, { cwd: options.cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  // A benchmark that fails leaves no server behind.
  const killIt = () => void child.kill("SIGKILL");
  process.once("exit", killIt);
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  void exited.then(() => process.off("exit", killIt));
  child.stderr.resume();
  const url = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).on("line", (line) => {
      const found = /listening on (http:\/\/\S+)/.exec(line)?.[1];
      if (found !== undefined) resolve(found);
    });
    void exited.then(() => reject(new Error("The bare server ended before it listened.")));
  });
  const listeningMs = performance.now() - begun;
  const headers = authorization(password);
  const health = async () => {
    await untilHealthy(url, headers);
    return performance.now() - begun;
  };
  const giveUp = new AbortController();
  const firstEvent = async () => {
    // On a connection that works by then, or on one of its own.
    const answer = await fetch(`${url}/global/event`, { headers, signal: giveUp.signal }).catch(() =>
      fetch(`${url}/global/event`, { headers, signal: giveUp.signal }),
    );
    await answer.body?.getReader().read();
    return performance.now() - begun;
  };
  const [healthMs, eventMs] = await Promise.all([health(), firstEvent()]);
  return {
    child,
    url,
    password,
    listeningMs,
    healthMs,
    eventMs,
    async stop() {
      giveUp.abort();
      child.kill("SIGTERM");
      await exited;
    },
  };
}

/** What a server of ours gets where nothing is configured. */
export function bareEnvironment(
  base: Readonly<Record<string, string>>,
  url: string,
  password: string,
): Record<string, string> {
  return launchEnvironment({ base, services: {}, extra: {}, url, password, config: null });
}

/** A healthy server answers in some ms. */
const ANSWER_MS = 500;

/**
 * Asks until health answers. Measured: a request that arrives just after OpenCode begins to listen, before it says so, is
 * taken and never answered, so each is given up after a while. And a connection kept to an earlier server on the same port
 * may break first.
 */
export async function untilHealthy(url: string, headers: Record<string, string>, pauseMs = 5): Promise<void> {
  for (;;) {
    try {
      const answer = await fetch(`${url}/global/health`, { headers, signal: AbortSignal.timeout(ANSWER_MS) });
      await answer.text();
      if (answer.ok) return;
    } catch (error) {
      // Nobody listens yet, or not any more, or it was too early.
      if (!(error instanceof TypeError || (error instanceof DOMException && error.name === "TimeoutError")))
        throw error;
    }
    await pause(pauseMs);
  }
}

export function authorization(password: string): Record<string, string> {
  return { authorization: `Basic ${Buffer.from(`${SERVER_USERNAME}:${password}`).toString("base64")}` };
}
