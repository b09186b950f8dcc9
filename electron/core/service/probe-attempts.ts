/** One probe of each kind. Each ends when its signal aborts, and answers rather than throws where a probe just fails. */
import { request } from "node:http";
import { connect } from "node:net";
import { plainText } from "../log/sanitize.ts";
import type { ProcessKeeper } from "../process/owned.ts";
import { systemCode } from "../lib/error.ts";
import type { ProbeAnswer } from "./probe.ts";

/** `localhost` may mean either, and a server may listen on only one of them. */
const loopback = ["127.0.0.1", "::1"] as const;
/** Of a line, this much is matched: enough for any ready message, and no feast for a slow expression. */
const MATCHED_CHARACTERS = 4_096;

/** Whether somebody accepts connections on a port of this machine. */
export async function probeTcp(port: number, signal: AbortSignal): Promise<ProbeAnswer> {
  const answers = await Promise.all(loopback.map((host) => canConnect(host, port, signal)));
  return answers.includes(null) ? { ok: true } : { ok: false, reason: `Nobody listens on port ${port}` };
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

/**
 * Whether a URL answers with a status from 200 to 399. A redirect is an answer and is not followed; the body is not read.
 * Plain http only: a dev server with a certificate of its own is probed by tcp.
 */
export async function probeHttp(url: string, signal: AbortSignal): Promise<ProbeAnswer> {
  const target = new URL(url);
  const hosts = target.hostname === "localhost" ? loopback : [target.hostname.replace(/^\[(.*)\]$/, "$1")];
  let answer: ProbeAnswer = { ok: false, reason: `${url} does not answer` };
  for (const host of hosts) {
    answer = await askHttp(target, host, signal);
    if (answer.ok) return answer;
  }
  return answer;
}

function askHttp(target: URL, host: string, signal: AbortSignal): Promise<ProbeAnswer> {
  return new Promise((resolve) => {
    const asked = request({
      host,
      port: target.port === "" ? 80 : Number(target.port),
      path: `${target.pathname}${target.search}`,
      headers: { host: target.host, "user-agent": "deckhand-probe" },
      agent: false,
      signal,
    });
    asked.once("response", (response) => {
      const status = response.statusCode ?? 0;
      asked.destroy();
      const ok = status >= 200 && status < 400;
      resolve(ok ? { ok } : { ok, reason: `${target.href} answers ${status}` });
    });
    // Stays for good: destroying the request above makes it report an error of its own.
    asked.on("error", (error) =>
      resolve({ ok: false, reason: `${target.href}: ${systemCode(error) ?? error.message}` }),
    );
    asked.end();
  });
}

/** Whether a command ends with code 0. It is owned like any process, so that its whole tree ends with the probe. */
export async function probeExec(
  input: {
    readonly keeper: ProcessKeeper;
    readonly name: string;
    readonly workspace: string;
    readonly command: readonly [string, ...string[]];
    readonly cwd: string;
    readonly env: Readonly<Record<string, string>>;
  },
  signal: AbortSignal,
): Promise<ProbeAnswer> {
  let last = "";
  const owned = await input.keeper.spawn({
    kind: "task",
    name: `${input.name} (probe)`,
    workspace: input.workspace,
    argv: input.command,
    cwd: input.cwd,
    env: input.env,
    graceMs: 500,
    ports: [],
    onLine: (_, text) => {
      last = text.slice(0, 200);
    },
  });
  const onAbort = () => void owned.stop();
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  const exit = await owned.exited;
  signal.removeEventListener("abort", onAbort);
  await owned.stop();
  if (exit.code === 0) return { ok: true };
  const how = exit.code === null ? `was ended by ${exit.signal}` : `ended with code ${exit.code}`;
  return { ok: false, reason: `${input.command[0]} ${how}${last === "" ? "" : `: ${last}`}` };
}

/** Looks for a line of the current generation; feed it every line. */
export class LogProbe {
  readonly #pattern: RegExp;
  #seen = false;

  /** @param pattern A regular expression; matched against the text without colours. */
  constructor(pattern: string) {
    this.#pattern = new RegExp(pattern, "u");
  }

  feed(text: string): void {
    if (!this.#seen) this.#seen = this.#pattern.test(plainText(text).slice(0, MATCHED_CHARACTERS));
  }

  attempt(): ProbeAnswer {
    return this.#seen ? { ok: true } : { ok: false, reason: `No line matched /${this.#pattern.source}/` };
  }
}
