import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
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

const connected = { payload: { id: "evt_1", type: "server.connected", properties: {} } };
const frame = (value: unknown) => `data: ${JSON.stringify(value)}\n\n`;

beforeEach(async () => {
  streams = [];
  events = [];
  told = [];
  bytes = 0;
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
  await expect(running).rejects.toMatchObject({ name: "AbortError" });
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

function run(clock: ManualClock | typeof systemClock = systemClock): void {
  running = runEventStream({
    client: new OpencodeClient({ url, password: "p", directory: "/d", clock: systemClock }),
    protocol: protocolV1,
    clock,
    reconnectBaseMs: 250,
    logger: silentLogger,
    random: () => 0.5,
    onEvent: (event) => events.push(event),
    onConnected: () => told.push("connected"),
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

  it("waits longer with each try that fails, and starts over after one that works", async () => {
    const clock = new ManualClock();
    const works = answer;
    answer = (response) => response.writeHead(500).end("{}");
    run(clock);
    for (const [tries, delay] of [250, 500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000].entries()) {
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
