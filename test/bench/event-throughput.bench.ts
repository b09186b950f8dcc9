/**
 * 20,000 deltas from the socket to the viewer of a session (event stream, validation, fold), beside a reader that does nothing
 * but split the events and parse their JSON. Both from the same server, in turns: once from a server that writes them as fast
 * as they are taken (replay-server.ts), once from the real OpenCode with a scripted model behind it.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { SessionId } from "#shared/schema/id.ts";
import { systemClock } from "../../electron/core/lib/clock.ts";
import { Emitter } from "../../electron/core/lib/emitter.ts";
import { silentLogger } from "../../electron/core/lib/logger.ts";
import { OpencodeClient } from "../../electron/core/opencode/client.ts";
import { runEventStream, type WireEvent } from "../../electron/core/opencode/event-stream.ts";
import { protocolV1 } from "../../electron/core/opencode/protocol/v1.ts";
import { SessionStore } from "../../electron/core/opencode/session-store.ts";
import { scriptedModelConfig } from "../fakes/scripted-model/config.ts";
import { startScriptedModel } from "../fakes/scripted-model/server.ts";
import { worldEnvironment } from "../support/world.ts";
import { authorization, startBare } from "./bare-server.ts";
import { median, printFigure, round, summarize } from "./figures.ts";
import { opencodeBinary } from "./machine.ts";
import { REPLAY_MODE, runReplay, SESSION } from "./replay-server.ts";

const DELTAS = 20_000;
const ROUNDS = Number(process.env["DECKHAND_BENCH_ROUNDS"] ?? 15);
/** The JIT needs a few hundred thousand events to settle. */
const WARM_UP = 5;
/** A turn of 20,000 words is two seconds of CPU to OpenCode and the model. */
const REAL_ROUNDS = Math.min(5, ROUNDS);
const REAL_WARM_UP = 1;
const DIRECTORY = "/home/person/projects/harbour";
const PASSWORD = "bench";
/** A round takes seconds; one in which nothing comes is a fault of the benchmark. */
const ROUND_MS = 120_000;

/** A server that has a session and, when told, a turn of so many deltas in it. */
interface Source {
  readonly url: string;
  readonly password: string;
  readonly directory: string;
  readonly session: string;
  /** Begins the turn. Its last event says that the session is idle. */
  readonly begin: () => void;
}

type Reader = (source: Source) => Promise<number>;
type Both<Value> = Record<"raw" | "ours", Value>;

/** Deltas a second, and the processor's time for each in µs: that also holds where others keep the machine busy. */
async function compare(
  rounds: number,
  warmUp: number,
  source: () => Promise<Source>,
): Promise<Both<{ perSecond: number[]; cpu: number[] }>> {
  const samples = {
    raw: { perSecond: [] as number[], cpu: [] as number[] },
    ours: { perSecond: [] as number[], cpu: [] as number[] },
  };
  const readers: Both<Reader> = { raw: readRaw, ours: readOurs };
  for (let index = -warmUp; index < rounds; index += 1) {
    for (const who of index % 2 === 0 ? (["raw", "ours"] as const) : (["ours", "raw"] as const)) {
      const from = await source();
      const before = process.cpuUsage();
      const perSecond = (DELTAS * 1_000) / (await inTime(readers[who](from)));
      const { user, system } = process.cpuUsage(before);
      if (index < 0) continue;
      samples[who].perSecond.push(perSecond);
      samples[who].cpu.push((user + system) / DELTAS);
    }
  }
  return samples;
}

async function inTime<Value>(reading: Promise<Value>): Promise<Value> {
  const late = new Error(`The deltas did not come within ${ROUND_MS / 1_000} s.`);
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => (timer = setTimeout(() => reject(late), ROUND_MS)));
  return Promise.race([reading, deadline]).finally(() => clearTimeout(timer));
}

function report(from: string, { raw, ours }: Both<{ perSecond: number[]; cpu: number[] }>): void {
  const ratio = round(median(ours.perSecond) / median(raw.perSecond), 3);
  const base = { bench: "event-throughput", unit: "deltas/s", deltas: DELTAS, from };
  const micros = (cpu: readonly number[]) => ({ cpuMicrosecondsEach: round(median(cpu), 2) });
  printFigure({ ...base, name: "raw reader: split and JSON.parse", ...summarize(raw.perSecond), ...micros(raw.cpu) });
  printFigure({
    ...base,
    name: "event stream and session store to a viewer",
    ...summarize(ours.perSecond),
    ...micros(ours.cpu),
    ratio,
    cpuRatio: round(median(raw.cpu) / median(ours.cpu), 3),
    target: ">= 0.95 x the raw reader",
    met: ratio >= 0.95,
  });
}

async function flatOut(): Promise<void> {
  const replay = spawn(process.execPath, [process.argv[1] ?? "", REPLAY_MODE], { stdio: ["pipe", "pipe", "inherit"] });
  try {
    const url = await new Promise<string>((resolve) => createInterface({ input: replay.stdout }).once("line", resolve));
    const begin = () => void fetch(`${url}/flood`);
    const source = { url, password: PASSWORD, directory: DIRECTORY, session: SESSION, begin };
    report("as fast as it is taken", await compare(ROUNDS, WARM_UP, () => Promise.resolve(source)));
  } finally {
    replay.stdin.end();
  }
}

async function fromOpencode(): Promise<void> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "deckhand-bench-events-")));
  const model = await startScriptedModel();
  const config = JSON.stringify(scriptedModelConfig(model.url));
  const environment = { ...worldEnvironment(folder, model), OPENCODE_CONFIG_CONTENT: config };
  const { url, password, stop } = await startBare({ binary: opencodeBinary, cwd: folder, environment });
  const post = async (path: string, body: object) => {
    const answer = await fetch(`${url}${path}?${new URLSearchParams({ directory: folder }).toString()}`, {
      method: "POST",
      headers: { ...authorization(password), "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
    return answer;
  };
  // A session each, so that none has more to read at its beginning than another.
  const source = async (): Promise<Source> => {
    const { id } = (await (await post("/session", {})).json()) as { id: string };
    const parts = [{ type: "text", text: `#slow 0\n#stream ${DELTAS}` }];
    return {
      url,
      password,
      directory: folder,
      session: id,
      begin: () => void post(`/session/${id}/prompt_async`, { parts }),
    };
  };
  try {
    report("OpenCode", await compare(REAL_ROUNDS, REAL_WARM_UP, source));
  } finally {
    await stop();
    await model.close();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function readRaw({ url, password, session, begin }: Source): Promise<number> {
  const answer = await fetch(`${url}/global/event`, { headers: authorization(password) });
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
        payload: { type: string; properties?: { sessionID?: string; status?: { type: string } } };
      };
      if (payload.type === "message.part.delta") deltas += 1;
      if (payload.type === "server.connected") {
        begun = performance.now();
        begin();
      }
      if (payload.properties?.status?.type !== "idle" || payload.properties.sessionID !== session) continue;
      const ms = performance.now() - begun;
      await reader.cancel();
      if (deltas !== DELTAS) throw new Error(`${deltas} deltas came instead of ${DELTAS}`);
      return ms;
    }
  }
}

async function readOurs({ url, password, directory, session, begin }: Source): Promise<number> {
  const fail = (error: unknown) => {
    throw error;
  };
  const events = new Emitter<WireEvent>(fail);
  const connected = new Emitter<void>(fail);
  const gone = new Emitter<string>(fail);
  const client = new OpencodeClient({ url, password, directory, clock: systemClock });
  const store = new SessionStore({
    connection: {
      client: () => client,
      protocol: () => protocolV1,
      onConnected: (listener) => connected.on(listener),
      onGone: (listener) => gone.on(listener),
      onEvent: (listener) => events.on(listener),
    },
    directory,
    clock: systemClock,
    logger: silentLogger,
    turns: null,
  });
  const ending = new AbortController();
  let lost: (error: Error) => void = () => undefined;
  const stream = runEventStream({
    client,
    protocol: protocolV1,
    clock: systemClock,
    logger: silentLogger,
    random: Math.random,
    onEvent: (event) => events.emit(event),
    onConnected: () => connected.emit(),
    onDisconnected: (reason) => lost(new Error(reason)),
    signal: ending.signal,
    // It only ever rejects because it was told to end.
  }).catch(() => undefined);
  let deltas = 0;
  let begun = 0;
  const ms = await new Promise<number>((resolve, reject) => {
    lost = reject;
    store.events(
      session as SessionId,
      (event) => {
        if (event.kind === "delta") deltas += 1;
        if (event.kind === "snapshot" && begun === 0) {
          begun = performance.now();
          begin();
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
else {
  await flatOut();
  await fromOpencode();
}
