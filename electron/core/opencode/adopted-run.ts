/** A server that somebody else started: used as long as it is there, never ended by us. */
import type { FailureCode } from "#shared/failure.ts";
import type { Exit } from "#shared/schema/service.ts";
import { withDeadline } from "../lib/deadline.ts";
import type { Clock } from "../lib/clock.ts";
import { AppError, isAbort } from "../lib/error.ts";
import type { Logger } from "../lib/logger.ts";
import { OpencodeClient } from "./client.ts";
import { openEvents } from "./event-connection.ts";
import type { Handshake } from "./meeting.ts";
import type { Met } from "./protocol/handshake.ts";
import type { Run, RunListeners } from "./run.ts";

/** From the first request to the first event. It runs already, so it need not be waited for as long as a start. */
const MEET_MS = 10_000;

/** Where it is, and what lets us in. The password stays in memory. */
export interface Adoption {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  readonly password: string;
}

export interface AdoptedRunOptions extends Adoption {
  /** Real path of the workspace's folder. */
  readonly directory: string;
  readonly reconnectBaseMs: number;
  readonly handshake: Handshake;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random: () => number;
}

/** The address as it is used. @throws AppError `opencode_settings` unless it is `http` on loopback, and nothing besides. */
export function adoptedUrl(text: string): string {
  const refuse = (why: string) =>
    new AppError("opencode_settings", `${text.slice(0, 200)} cannot be adopted: ${why}.`, {
      next: "Give the address that `opencode serve` printed, such as http://127.0.0.1:4096.",
    });
  let url: URL;
  try {
    url = new URL(text.trim());
  } catch {
    throw refuse("it is no address");
  }
  if (url.protocol !== "http:") throw refuse("a server on this machine is reached by http");
  if (url.username !== "" || url.password !== "") throw refuse("the password is given apart from the address");
  if (url.pathname !== "/" || url.search !== "" || url.hash !== "") throw refuse("it has a path");
  const isLoopback =
    /^127(\.\d{1,3}){3}$/.test(url.hostname) || url.hostname === "[::1]" || url.hostname === "localhost";
  if (!isLoopback) throw refuse("it is not on this machine's loopback");
  return url.origin;
}

/** What a person can do about one that is not ours to restart, by the code of the failure. */
const nextSteps: Partial<Record<FailureCode, string>> = {
  opencode_unreachable: "Start that server or check its address, then adopt it again.",
  opencode_auth: "Check the password: it is the OPENCODE_SERVER_PASSWORD of whoever started that server.",
  opencode_unsafe: "Start that server with an OPENCODE_SERVER_PASSWORD, then adopt it with that.",
};

/** Rejects as the handshake does, or with `opencode_no_events`, `opencode_unreachable`. */
export async function meetAdopted(
  options: AdoptedRunOptions,
  listeners: RunListeners,
  signal: AbortSignal,
): Promise<Run> {
  const { url, password, directory, clock } = options;
  const client = new OpencodeClient({ url, password, directory, clock });
  const { protocol, version } = await meet(options.handshake, client, signal);
  const events = openEvents({ ...options, client, protocol, listeners });
  try {
    await withDeadline(clock, MEET_MS, "its first event", signal, (waiting) => events.connected(waiting));
  } catch (error) {
    await events.close();
    client.end();
    if (isAbort(error)) throw error;
    throw new AppError("opencode_no_events", `${url} answers, but no event came from it within 10 s.`, {
      next: "Check that server, then adopt it again.",
      cause: error,
    });
  }
  return {
    process: null,
    client,
    protocol,
    version,
    // Its process is not ours to watch: that it is gone is found out by its silence.
    exited: new Promise<Exit>(() => undefined),
    endedBecause: () => Promise.reject(new Error("a server that is not ours has no exit")),
    async stop() {
      await events.close();
      // It lives on and would answer; nobody of ours waits for that any more.
      client.end();
      return { empty: true, survivors: [], killed: false };
    },
  };
}

async function meet(handshake: Handshake, client: OpencodeClient, signal: AbortSignal): Promise<Met> {
  try {
    await handshake.refuseStrangers(client, signal);
    return await handshake.meet(client, null, signal);
  } catch (error) {
    client.end();
    const next = error instanceof AppError ? nextSteps[error.code] : undefined;
    if (!(error instanceof AppError) || next === undefined) throw error;
    const { code, message, details } = error;
    throw new AppError(code, message, { next, details, cause: error });
  }
}
