/** One probe of each kind. Each ends when its signal aborts, and answers rather than throws where a probe just fails. */
import { request } from "node:http";
import { request as requestSecurely } from "node:https";
import { connect } from "node:net";
import { plainText } from "../log/sanitize.ts";
import { systemCode } from "../lib/error.ts";
import { runOwnedCommand, type OwnedCommand } from "./owned-command.ts";
import type { ProbeAnswer } from "./probe.ts";

/** `localhost` may mean either, and a server may listen on only one of them. */
const loopback = ["127.0.0.1", "::1"] as const;
/** Of a line, this much is matched: enough for any ready message, and no feast for a slow expression. */
const MATCHED_CHARACTERS = 4_096;

/** One attempt. */
export type Attempt = (signal: AbortSignal) => Promise<ProbeAnswer>;

/**
 * Asks both addresses, and from then on the one that answered well alone, as long as it does: a healthy service is probed for
 * days, and each probe of the other address would be in vain.
 */
function askLoopback<Answer>(
  ask: (host: string, signal: AbortSignal) => Promise<Answer>,
  isGood: (answer: Answer) => boolean,
): (signal: AbortSignal) => Promise<readonly Answer[]> {
  let good: string | undefined;
  return async (signal) => {
    if (good !== undefined) {
      const answer = await ask(good, signal);
      if (isGood(answer)) return [answer];
    }
    const answers = await Promise.all(loopback.map((host) => ask(host, signal)));
    good = loopback[answers.findIndex(isGood)];
    return answers;
  };
}

/** Whether somebody accepts connections on a port of this machine. */
export function tcpProbe(port: number): Attempt {
  const ask = askLoopback(
    (host, signal) => canConnect(host, port, signal),
    (code) => code === null,
  );
  return async (signal) =>
    (await ask(signal)).includes(null) ? { ok: true } : { ok: false, reason: `Nobody listens on port ${port}` };
}

/** Null where it connects, else the system's code. */
function canConnect(host: string, port: number, signal: AbortSignal): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (answer: string | null) => {
      signal.removeEventListener("abort", onAbort);
      socket.destroy();
      resolve(answer);
    };
    const onAbort = () => end("ABORTED");
    signal.addEventListener("abort", onAbort, { once: true });
    socket.once("connect", () => end(null));
    socket.once("error", (error) => end(systemCode(error) ?? "ERROR"));
    if (signal.aborted) end("ABORTED");
  });
}

/** What is asked, and what counts as well. */
export interface HttpQuestion {
  readonly url: string;
  /** Exactly this status; null: one from 200 to 399. */
  readonly status: number | null;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Whether a URL answers as it should. A redirect is an answer and is not followed; the body is not read. A server on this
 * machine is asked on both of its addresses, and its certificate, which it most likely made itself, is not judged.
 */
export function httpProbe({ url, status, headers }: HttpQuestion): Attempt {
  const target = URL.canParse(url) ? new URL(url) : null;
  if (target === null || !/^https?:$/.test(target.protocol)) {
    return () => Promise.resolve({ ok: false, reason: `${url} is no http address`, final: true });
  }
  const host = target.hostname.replace(/^\[(.*)\]$/, "$1");
  const local = host === "localhost" || loopback.some((address) => address === host);
  const isGood = (answer: number | string) =>
    typeof answer === "number" && (status === null ? answer >= 200 && answer < 400 : answer === status);
  const askOne = (address: string, signal: AbortSignal) => askHttp({ target, host: address, local, headers }, signal);
  const ask = local
    ? askLoopback(askOne, isGood)
    : async (signal: AbortSignal): Promise<readonly (number | string)[]> => [await askOne(host, signal)];
  return async (signal) => {
    const answers = await ask(signal);
    if (answers.some(isGood)) return { ok: true };
    // One that answered wrongly says more than one where nobody listens.
    const told = answers.find((answer) => typeof answer === "number");
    if (told !== undefined) return { ok: false, reason: `${target.href} answers ${told}` };
    return {
      ok: false,
      reason: `${target.href}: ${answers.find((answer) => answer !== "ECONNREFUSED") ?? answers[0]}`,
    };
  };
}

/** The status, or the code or text of what went wrong. */
function askHttp(
  question: {
    readonly target: URL;
    readonly host: string;
    readonly local: boolean;
    readonly headers: Readonly<Record<string, string>>;
  },
  signal: AbortSignal,
): Promise<number | string> {
  const { target, host, local, headers } = question;
  return new Promise((resolve) => {
    const secure = target.protocol === "https:";
    const options = {
      host,
      port: target.port === "" ? (secure ? 443 : 80) : Number(target.port),
      path: `${target.pathname}${target.search}`,
      headers: { host: target.host, "user-agent": "deckhand-probe", ...headers },
      agent: false,
      signal,
    };
    const asked = secure ? requestSecurely({ ...options, rejectUnauthorized: !local }) : request(options);
    asked.once("response", (response) => {
      asked.destroy();
      resolve(response.statusCode ?? 0);
    });
    // Stays for good: destroying the request above makes it report an error of its own.
    asked.on("error", (error) => resolve(systemCode(error) ?? error.message));
    asked.end();
  });
}

/** Whether a command ends with code 0; the whole tree of it ends with the probe. */
export async function probeExec(command: Omit<OwnedCommand, "output">, signal: AbortSignal): Promise<ProbeAnswer> {
  let last = "";
  const onLine = (_: string, text: string) => {
    if (text.trim() !== "") last = plainText(text).slice(0, 200);
  };
  const exit = await runOwnedCommand({ ...command, output: { onLine } }, signal);
  if (exit.code === 0) return { ok: true };
  const how = exit.code === null ? `was ended by ${exit.signal}` : `ended with code ${exit.code}`;
  return { ok: false, reason: `${command.argv[0]} ${how}${last === "" ? "" : `: ${last}`}` };
}

/** Looks for a line of the current generation; feed it every line. */
export class LogProbe {
  readonly #pattern: RegExp;
  #seen = false;

  /** @param pattern A regular expression, or where it is none, a text; matched against the text without colours. */
  constructor(pattern: string) {
    this.#pattern = expressionOf(pattern);
  }

  get seen(): boolean {
    return this.#seen;
  }

  /** @returns Whether this is the line. */
  feed(text: string): boolean {
    if (this.#seen) return false;
    this.#seen = this.#pattern.test(plainText(text).slice(0, MATCHED_CHARACTERS));
    return this.#seen;
  }

  attempt(): ProbeAnswer {
    return this.#seen ? { ok: true } : { ok: false, reason: `No line matched /${this.#pattern.source}/` };
  }
}

function expressionOf(pattern: string): RegExp {
  try {
    return new RegExp(pattern, "u");
  } catch {
    // `started (pid`, `+++ ready`: no expression, so what it says is meant as it stands.
    return new RegExp(pattern.replaceAll(/[.*+?^${}()|[\]\\/]/g, "\\$&"), "u");
  }
}
