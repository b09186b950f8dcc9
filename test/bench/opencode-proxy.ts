/**
 * The real OpenCode behind a door of ours: a program that takes OpenCode's place (`serve --port N`, `--version`), starts the
 * real one beside it and passes everything through. Through the door a benchmark can break the event stream as a network
 * does, or put frames of its own into it (`/bench/…`, see `askProxy`). Everything else is the real server's.
 */
import { spawn } from "node:child_process";
import { chmodSync, writeFileSync } from "node:fs";
import { createServer, request, type IncomingMessage, type ServerResponse } from "node:http";
import { createInterface } from "node:readline";
import { opencodeBinary } from "./machine.ts";

/** First argument of a benchmark's own program when it is run as the server. */
export const PROXY_MODE = "as-opencode";

/** Writes the program that the settings name as OpenCode's binary; it runs this benchmark again, in proxy mode. */
export function writeProxyBinary(path: string): void {
  const words = [process.execPath, process.argv[1] ?? "", PROXY_MODE].map((word) => `'${word}'`).join(" ");
  const lines = [
    "#!/bin/sh",
    `[ "$1" = serve ] || exec '${opencodeBinary}' "$@"`,
    `exec ${words} '${opencodeBinary}' "$@"`,
  ];
  writeFileSync(path, `${lines.join("\n")}\n`);
  chmodSync(path, 0o755);
}

/** Asks the door itself. `break` cuts every event stream; `tokens` streams text into the session (see `Tokens`). */
export async function askProxy(url: string, what: "break" | "tokens", body: object = {}): Promise<unknown> {
  const answer = await fetch(`${url}/bench/${what}`, { method: "POST", body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`the proxy answered ${answer.status}: ${await answer.text()}`);
  return answer.json();
}

export interface Tokens {
  readonly sessionId: string;
  readonly directory: string;
  readonly count: number;
  readonly perSecond: number;
}

/** Runs as the server. @param words The real binary, then what OpenCode was asked for. */
export function runProxy(words: readonly string[]): void {
  const [binary = "", ...rest] = words;
  const asked = rest.indexOf("--port") + 1;
  const port = Number(rest[asked] ?? 0);
  const real = spawn(binary, rest.with(asked, "0"), { stdio: ["ignore", "pipe", "inherit"] });
  real.once("exit", (code) => process.exit(code ?? 1));
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, () => real.kill(signal));
  createInterface({ input: real.stdout }).on("line", (line) => {
    const found = /listening on http:\/\/127\.0\.0\.1:(\d+)/.exec(line)?.[1];
    if (found === undefined) process.stdout.write(`${line}\n`);
    else openDoor(Number(found), port, (own) => process.stdout.write(`${line.replace(found, String(own))}\n`));
  });
}

function openDoor(realPort: number, port: number, onOpen: (port: number) => void): void {
  const streams = new Set<ServerResponse>();
  const server = createServer((incoming, outgoing) => {
    const path = incoming.url ?? "/";
    if (path.startsWith("/bench/")) void command(path.slice("/bench/".length), incoming, outgoing, streams);
    else passOn(realPort, incoming, outgoing, streams);
  });
  server.keepAliveTimeout = 120_000;
  server.listen(port, "127.0.0.1", () => {
    const address = server.address();
    onOpen(typeof address === "object" && address !== null ? address.port : port);
  });
}

function passOn(port: number, incoming: IncomingMessage, outgoing: ServerResponse, streams: Set<ServerResponse>): void {
  const { method, headers, url } = incoming;
  const inner = request({ host: "127.0.0.1", port, method, headers, path: url }, (answer) => {
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
    outgoing.flushHeaders();
    if (url?.startsWith("/global/event") === true && answer.statusCode === 200) streams.add(outgoing);
    answer.pipe(outgoing);
  });
  inner.on("error", () => outgoing.destroy());
  outgoing.once("close", () => {
    streams.delete(outgoing);
    inner.destroy();
  });
  incoming.pipe(inner);
}

async function command(
  what: string,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  streams: Set<ServerResponse>,
): Promise<void> {
  let text = "";
  for await (const chunk of incoming) text += String(chunk);
  if (what === "break") for (const stream of streams) stream.destroy();
  if (what === "tokens") await streamTokens(JSON.parse(text) as Tokens, streams);
  outgoing.end(JSON.stringify({ streams: streams.size }));
}

/** Ten words to a sentence and ten sentences to a paragraph, as a model writes. */
const PARAGRAPH_TOKENS = 100;

/** A turn as OpenCode tells it, each token with its number and the time at which it is written: `t17x1760000000123 `. */
async function streamTokens(tokens: Tokens, streams: Set<ServerResponse>): Promise<void> {
  const { sessionId: sessionID, directory, count, perSecond } = tokens;
  const tell = (type: string, properties: object) => {
    const frame = `data: ${JSON.stringify({ directory, payload: { id: `evt_${Math.random()}`, type, properties } })}\n\n`;
    for (const stream of streams) stream.write(frame);
  };
  const created = Date.now();
  const messageID = `msg_bench${created}`;
  const partID = `prt_bench${created}`;
  const info = {
    id: messageID,
    sessionID,
    role: "assistant",
    parentID: "msg_none",
    time: { created },
    modelID: "m1",
    providerID: "scripted",
    mode: "build",
    agent: "build",
    path: { cwd: directory, root: directory },
    cost: 0,
    tokens: { input: 0, output: 0, reasoning: 0, cache: { read: 0, write: 0 } },
  };
  tell("session.status", { sessionID, status: { type: "busy" } });
  tell("message.updated", { sessionID, info });
  tell("message.part.updated", {
    sessionID,
    part: { id: partID, sessionID, messageID, type: "text", text: "", time: { start: created } },
  });
  const begun = performance.now();
  let sent = 0;
  while (sent < count) {
    // Timers have a grain of a millisecond: at 2,000 a second that is two tokens a turn.
    const due = Math.min(count, Math.floor(((performance.now() - begun) * perSecond) / 1_000));
    for (; sent < due; sent += 1) {
      const end = sent % PARAGRAPH_TOKENS === PARAGRAPH_TOKENS - 1 ? "\n\n" : " ";
      const delta = `t${sent}x${Date.now()}${end}`;
      tell("message.part.delta", { sessionID, messageID, partID, field: "text", delta });
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  tell("session.status", { sessionID, status: { type: "idle" } });
}
