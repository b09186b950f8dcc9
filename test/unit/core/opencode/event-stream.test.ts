import { createServer, type Server, type ServerResponse } from "node:http";
import { createServer as createRawServer, type AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../../../../electron/core/lib/clock.ts";
import { silentLogger } from "../../../../electron/core/lib/logger.ts";
import { OpencodeClient } from "../../../../electron/core/opencode/client.ts";
import { runEventStream, SILENCE_MS, type WireEvent } from "../../../../electron/core/opencode/event-stream.ts";
import { protocolV1 } from "../../../../electron/core/opencode/protocol/v1.ts";
import { ManualClock } from "../../../support/manual-clock.ts";
import { until } from "../../../support/opencode-world.ts";

let server: Server;
let url: string;
/** The connections of the stream, newest last. */
let streams: ServerResponse[];
let answer: (response: ServerResponse) => void;
let ending: AbortController;
let running: Promise<unknown>;
let events: WireEvent[];
let told: string[];
/** All bytes that came. */
let bytes: number;
/** Codes of the tries that failed. */
let refused: string[];

const connected = { payload: { id: "evt_1", type: "server.connected", properties: {} } };
const frame = (value: unknown) => `data: ${JSON.stringify(value)}\n\n`;

beforeEach(async () => {
  streams = [];
  events = [];
  told = [];
  bytes = 0;
  refused = [];
  ending = new AbortController();
  running = Promise.resolve();
  answer = (response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(frame(connected));
  };
  server = createServer((_, response) => {
    streams.push(response);
    answer(response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  ending.abort();
  await running.catch((error: unknown) => expect(error).toMatchObject({ name: "AbortError" }));
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

function run(
  clock: ManualClock | typeof systemClock = systemClock,
  change: { readonly reconnectBaseMs?: undefined; readonly random?: () => number } = {},
): void {
  const base = "reconnectBaseMs" in change ? {} : { reconnectBaseMs: 250 };
  running = runEventStream({
    ...base,
    client: new OpencodeClient({ url, password: "p", directory: "/d", clock: systemClock }),
    protocol: protocolV1,
    clock,
    logger: silentLogger,
    random: change.random ?? (() => 0.5),
    onEvent: (event) => events.push(event),
    onConnected: () => told.push("connected"),
    onRefused: (error) => refused.push(error.code),
    onActivity: (length) => (bytes += length),
    onDisconnected: (reason) => told.push(reason),
    signal: ending.signal,
  });
}

describe("runEventStream", () => {
  it("opens the envelope, leaves out the second copy of durable events, and announces the connection first", async () => {
    run();
    await until("the connection", () => told.length === 1);
    streams[0]?.write(frame({ directory: "/d", project: "p", payload: { type: "a.b", properties: { x: 1 } } }));
    streams[0]?.write(frame({ directory: "/d", payload: { type: "sync", syncEvent: {} } }));
    streams[0]?.write("data: {not json\n\ndata: [1]\n\ndata: 7\n\n");
    streams[0]?.write(frame({ directory: "/d", payload: { type: "c.d" } }));
    await until("the events", () => events.length === 3);
    expect(events).toEqual([
      { directory: null, type: "server.connected", properties: {}, position: null },
      { directory: "/d", type: "a.b", properties: { x: 1 }, position: null },
      { directory: "/d", type: "c.d", properties: undefined, position: null },
    ]);
  });

  it.each<[string, (response: ServerResponse) => void, string]>([
    ["ends", (response) => response.end(), "the server ended the stream"],
    ["breaks", (response) => response.destroy(), "terminated"],
  ])("connects again when the stream %s, and announces it again", async (_, breakIt, reason) => {
    run();
    await until("the first connection", () => told.length === 1);
    const [first] = streams;
    if (first !== undefined) breakIt(first);
    await until("the second connection", () => told.length === 3);
    expect(told).toEqual(["connected", reason, "connected"]);
  });

  it("waits by the default base, with the jitter at its ends", async () => {
    for (const [random, wait] of [
      [0, 800],
      [0.999_999, 1_200],
    ] as const) {
      const clock = new ManualClock();
      answer = (response) => response.writeHead(500).end("{}");
      run(clock, { reconnectBaseMs: undefined, random: () => random });
      await until("the wait", () => clock.pending === 1);
      const { length } = streams;
      clock.advance(wait - 1);
      expect(streams).toHaveLength(length);
      clock.advance(1);
      await until("the next try", () => streams.length === length + 1);
      ending.abort();
      await running.catch(() => undefined);
      ending = new AbortController();
    }
    ending.abort();
  });

  it("waits longer with each try that fails, and starts over after one that works", async () => {
    const clock = new ManualClock();
    const works = answer;
    answer = (response) => response.writeHead(500).end("{}");
    run(clock);
    for (const [tries, delay] of [250, 500, 1_000, 2_000, 2_500, 2_500, 2_500, 2_500].entries()) {
      await until("the next wait", () => streams.length === tries + 1 && clock.pending === 1);
      clock.advance(delay - 1);
      expect([tries, streams.length]).toEqual([tries, tries + 1]);
      if (tries === 7) answer = works;
      clock.advance(1);
    }
    await until("the connection", () => told.length === 1);
    streams.at(-1)?.end();
    await until("the wait after it", () => told.length === 2 && clock.pending === 1);
    answer = (response) => response.writeHead(500).end("{}");
    const before = streams.length;
    clock.advance(250);
    await until("the quick try", () => streams.length === before + 1);
  });

  it("takes a stream without bytes for dead, and any byte for life", async () => {
    const clock = new ManualClock();
    run(clock);
    await until("the connection", () => told.length === 1);
    for (let beat = 0; beat < 4; beat += 1) {
      clock.advance(SILENCE_MS - 1);
      const before = bytes;
      streams[0]?.write(": beat\n\n");
      await until("the beat", () => bytes > before);
    }
    expect(told).toEqual(["connected"]);
    clock.advance(SILENCE_MS);
    await until("the end", () => told.length === 2);
    expect(told[1]).toBe("no bytes for 25 s");
  });

  it("keeps trying where the server answers with a page or refuses the password", async () => {
    let count = 0;
    answer = (response) => {
      count += 1;
      if (count === 1) response.writeHead(200, { "content-type": "text/html" }).end("<html>");
      else if (count === 2) response.writeHead(401).end();
      else response.writeHead(200, { "content-type": "text/event-stream" }).write(frame(connected));
    };
    run();
    await until("the connection", () => told.length === 1);
    expect([count, told]).toEqual([3, ["connected"]]);
  });

  it("tells each try that fails with its reason", async () => {
    let count = 0;
    answer = (response) => {
      count += 1;
      if (count === 1) response.writeHead(401).end();
      else if (count === 2) response.writeHead(503).end("busy");
      else response.writeHead(200, { "content-type": "text/event-stream" }).write(frame(connected));
    };
    run();
    await until("the connection", () => told.length === 1);
    expect(refused).toEqual(["opencode_auth", "opencode_error"]);
  });

  it("follows no redirect, whoever it names", async () => {
    let strangers = 0;
    const stranger = createServer((_, response) => {
      strangers += 1;
      response.end();
    });
    await new Promise<void>((resolve) => stranger.listen(0, "127.0.0.1", resolve));
    const location = `http://127.0.0.1:${(stranger.address() as AddressInfo).port}/global/event`;
    answer = (response) => response.writeHead(302, { location }).end();
    run();
    await until("two tries", () => streams.length === 2);
    expect([strangers, told, refused[0]]).toEqual([0, [], "opencode_error"]);
    await new Promise((resolve) => stranger.close(resolve));
  });

  it("drops half an event before a cut and has it once after the next connection", async () => {
    run();
    await until("the connection", () => told.length === 1);
    const whole = frame({ directory: "/d", payload: { type: "a.b", properties: {} } });
    streams[0]?.end(whole.slice(0, -2));
    await until("the second connection", () => told.length === 3);
    streams[1]?.write(whole);
    await until("the event", () => events.length === 3);
    expect(events.map((event) => event.type)).toEqual(["server.connected", "server.connected", "a.b"]);
  });

  it("gives up an answer whose headers have no end", async () => {
    const hostile = createRawServer((socket) => {
      socket.on("error", () => undefined);
      socket.write(`HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nx-large: ${"x".repeat(1024 * 1024)}`);
    });
    await new Promise<void>((resolve) => hostile.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${(hostile.address() as AddressInfo).port}`;
    run();
    await until("the refusal", () => refused.length > 0);
    expect(refused[0]).toBe("opencode_unreachable");
    ending.abort();
    await running.catch(() => undefined);
    await new Promise((resolve) => hostile.close(resolve));
  });

  it("unpacks a bomb piece by piece and skips what it is", async () => {
    answer = (response) => {
      response.writeHead(200, { "content-type": "text/event-stream", "content-encoding": "gzip" });
      const head = Buffer.from(frame(connected));
      const rest = Buffer.from(`\n\n${frame({ payload: { type: "after", properties: {} } })}`);
      // 64 MB of one line, in some 64 kB.
      response.end(gzipSync(Buffer.concat([head, Buffer.from("data: "), Buffer.alloc(64 * 1024 * 1024, "x"), rest])));
    };
    const before = process.memoryUsage().heapUsed;
    run();
    await until("the event after it", () => events.some((event) => event.type === "after"));
    expect(events.map((event) => event.type)).toEqual(["server.connected", "after"]);
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(64 * 1024 * 1024);
  });

  it("ends at once and leaves no timer when it is given up while it waits", async () => {
    const clock = new ManualClock();
    answer = (response) => response.writeHead(500).end("{}");
    run(clock);
    await until("the wait", () => clock.pending === 1);
    ending.abort();
    await expect(running).rejects.toMatchObject({ name: "AbortError" });
    expect(clock.pending).toBe(0);
  });

  it("does not begin where it was given up before", async () => {
    ending.abort();
    run();
    await expect(running).rejects.toMatchObject({ name: "AbortError" });
    expect(streams).toEqual([]);
  });

  it("passes 20,000 events on without losing one", async () => {
    run();
    await until("the connection", () => told.length === 1);
    const pieces = Array.from({ length: 20_000 }, (_, index) =>
      frame({ directory: "/d", payload: { type: "x", properties: { index } } }),
    );
    streams[0]?.write(pieces.join(""));
    await until("all of them", () => events.length === 20_001);
    expect(events.slice(1).every((event, index) => (event.properties as { index: number }).index === index)).toBe(true);
  });
});
