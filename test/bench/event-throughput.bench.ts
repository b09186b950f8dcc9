/**
 * 20,000 deltas that come as fast as they are taken: from the socket to the viewer of a session (event stream, validation,
 * fold), beside a reader that does nothing but split the events and parse their JSON. Both from the same server, in turns.
 */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { SessionId } from "#shared/schema/id.ts";
import { systemClock } from "../../electron/core/lib/clock.ts";
import { Emitter } from "../../electron/core/lib/emitter.ts";
import { silentLogger } from "../../electron/core/lib/logger.ts";
import { OpencodeClient } from "../../electron/core/opencode/client.ts";
import { runEventStream, type WireEvent } from "../../electron/core/opencode/event-stream.ts";
import { protocolV1 } from "../../electron/core/opencode/protocol/v1.ts";
import { SessionStore } from "../../electron/core/opencode/session-store.ts";
import { median, printFigure, round, summarize } from "./figures.ts";
import { REPLAY_MODE, runReplay, SESSION } from "./replay-server.ts";

const DELTAS = 20_000;
const ROUNDS = Number(process.env["DECKHAND_BENCH_ROUNDS"] ?? 15);
/** The JIT needs a few hundred thousand events to settle. */
const WARM_UP = 5;
const DIRECTORY = "/home/person/projects/harbour";

async function main(): Promise<void> {
  const source = spawn(process.execPath, [process.argv[1] ?? "", REPLAY_MODE], { stdio: ["pipe", "pipe", "inherit"] });
  const url = await new Promise<string>((resolve) => createInterface({ input: source.stdout }).once("line", resolve));
  const samples = { raw: [] as number[], ours: [] as number[] };
  const cpu = { raw: [] as number[], ours: [] as number[] };
  try {
    for (let index = -WARM_UP; index < ROUNDS; index += 1) {
      const order = index % 2 === 0 ? [readRaw, readOurs] : [readOurs, readRaw];
      for (const read of order) {
        const before = process.cpuUsage();
        const perSecond = (DELTAS * 1_000) / (await read(url));
        const { user, system } = process.cpuUsage(before);
        if (index < 0) continue;
        const who = read === readRaw ? "raw" : "ours";
        samples[who].push(perSecond);
        cpu[who].push((user + system) / DELTAS);
      }
    }
  } finally {
    source.stdin.end();
  }
  const ratio = round(median(samples.ours) / median(samples.raw), 3);
  const base = { bench: "event-throughput", unit: "deltas/s", deltas: DELTAS };
  // CPU time also holds where others keep the machine busy; it includes the threads of the garbage collector.
  const micros = (who: "raw" | "ours") => ({ cpuMicrosecondsEach: round(median(cpu[who]), 2) });
  printFigure({ ...base, name: "raw reader: split and JSON.parse", ...summarize(samples.raw), ...micros("raw") });
  printFigure({
    ...base,
    name: "event stream and session store to a viewer",
    ...summarize(samples.ours),
    ...micros("ours"),
    ratio,
    target: ">= 0.95 x the raw reader",
    met: ratio >= 0.95,
  });
}

/** In ms, from the request for the turn to its last event. */
async function readRaw(url: string): Promise<number> {
  const answer = await fetch(`${url}/global/event`);
  const reader = answer.body?.getReader();
  if (reader === undefined) throw new Error("no body");
  const decoder = new TextDecoder();
  let rest = "";
  let deltas = 0;
  let begun = 0;
  while (true) {
    const { done, value } = await reader.read();
    if (done) throw new Error("the stream ended early");
    const frames = (rest + decoder.decode(value, { stream: true })).split("\n\n");
    rest = frames.pop() ?? "";
    for (const text of frames) {
      const { payload } = JSON.parse(text.slice("data: ".length)) as {
        payload: { type: string; properties: { status?: { type: string } } };
      };
      if (payload.type === "message.part.delta") deltas += 1;
      if (payload.type === "server.connected") {
        begun = performance.now();
        void fetch(`${url}/flood`);
      }
      if (payload.properties.status?.type !== "idle") continue;
      const ms = performance.now() - begun;
      await reader.cancel();
      if (deltas !== DELTAS) throw new Error(`${deltas} deltas came instead of ${DELTAS}`);
      return ms;
    }
  }
}

async function readOurs(url: string): Promise<number> {
  const fail = (error: unknown) => {
    throw error;
  };
  const events = new Emitter<WireEvent>(fail);
  const connected = new Emitter<void>(fail);
  const gone = new Emitter<string>(fail);
  const client = new OpencodeClient({ url, password: "bench", directory: DIRECTORY, clock: systemClock });
  const store = new SessionStore({
    connection: {
      client: () => client,
      protocol: () => protocolV1,
      onConnected: (listener) => connected.on(listener),
      onGone: (listener) => gone.on(listener),
      onEvent: (listener) => events.on(listener),
    },
    directory: DIRECTORY,
    clock: systemClock,
    logger: silentLogger,
    turns: null,
  });
  const ending = new AbortController();
  const stream = runEventStream({
    client,
    protocol: protocolV1,
    clock: systemClock,
    logger: silentLogger,
    random: Math.random,
    onEvent: (event) => events.emit(event),
    onConnected: () => connected.emit(),
    onDisconnected: (reason) => fail(new Error(reason)),
    signal: ending.signal,
  }).catch(() => undefined);
  let deltas = 0;
  let begun = 0;
  const ms = await new Promise<number>((resolve, reject) => {
    store.events(
      SESSION as SessionId,
      (event) => {
        if (event.kind === "delta") deltas += 1;
        if (event.kind === "snapshot" && begun === 0) {
          begun = performance.now();
          void fetch(`${url}/flood`);
        }
        if (event.kind === "session" && event.session.status.type === "idle" && deltas > 0)
          resolve(performance.now() - begun);
      },
      reject,
    );
  });
  store.close();
  ending.abort();
  await stream;
  if (deltas !== DELTAS) throw new Error(`${deltas} deltas came instead of ${DELTAS}`);
  return ms;
}

if (process.argv[2] === REPLAY_MODE) runReplay(DIRECTORY, DELTAS);
else await main();
