/** What comes over the event stream: halves, giants, garbage, floods. */
import { expect } from "vitest";
import type { Answer, StreamStep } from "../fakes/fake-opencode/fake-opencode.ts";
import { faultCase, variantsOf } from "../support/fault-case.ts";
import { startServer } from "../support/fault-server.ts";

const MEBIBYTE = 1_024 * 1_024;
const event = (type: string, properties: object = {}) => ({ payload: { type, properties } });
const frame = (type: string, properties: object = {}) => `data: ${JSON.stringify(event(type, properties))}\n\n`;
const base64 = (...parts: readonly (string | readonly number[])[]) =>
  Buffer.concat(parts.map((part) => (typeof part === "string" ? Buffer.from(part) : Buffer.from([...part])))).toString(
    "base64",
  );

faultCase(
  "N14",
  "half a line, or no blank line at the end: that event is dropped, no other is, and none comes twice",
  async (stage) => {
    const variants: readonly StreamStep[] = [
      { text: 'data: {"payload":{"type":"half"' },
      { text: `data: ${JSON.stringify(event("half"))}\n` },
      { text: "dat" },
    ];
    for (const [index, end] of variantsOf(stage, variants)) {
      for (const how of [{ close: true }, { destroy: true }]) {
        const opencode = await startServer(
          stage,
          {
            fault: {
              streams: [
                [{ connected: true }, { text: frame("one") }],
                [{ connected: true }, { text: frame("two") }],
              ],
            },
            settings: { reconnectBaseMs: 50 },
          },
          `opencode-${index}-${Object.keys(how)[0]}`,
        );
        // What the network has and we have not read yet may be lost with a connection that is destroyed.
        await stage.until("what came before", () => opencode.eventTypes.includes("one"));
        await opencode.fake.emit([end, how]);
        await stage.until("what came after", () => opencode.eventTypes.includes("two"));
        await opencode.beat();
        expect(opencode.eventTypes).toEqual(["one", "two"]);
        expect((await opencode.fake.seen()).opened).toBe(2);
        await opencode.server.close();
      }
    }
  },
);

faultCase(
  "N15",
  "an event of 10 MB, or a line without end: left out and said so, and what follows is read",
  async (stage) => {
    const variants: readonly (readonly [string, readonly StreamStep[]])[] = [
      [
        "an event of 10 MB in pieces of 1 KB",
        [{ large: { bytes: 10 * MEBIBYTE, chunk: 1_024 } }, { text: frame("after") }],
      ],
      ["a line without end", [{ large: { bytes: 12 * MEBIBYTE, chunk: 16_384, end: false } }, { destroy: true }]],
      ["an event just below the limit", [{ large: { bytes: 4 * MEBIBYTE, chunk: 1_024 } }, { text: frame("after") }]],
    ];
    for (const [index, [name, steps]] of variantsOf(stage, variants)) {
      const opencode = await startServer(
        stage,
        {
          fault: {
            streams: [
              [{ connected: true }, ...steps],
              [{ connected: true }, { text: frame("after") }],
            ],
          },
          settings: { reconnectBaseMs: 50 },
        },
        `opencode-${index}`,
      );
      await stage.until(`what comes after ${name}`, () => opencode.eventTypes.includes("after"));
      expect(opencode.eventTypes).toEqual(name.includes("below") ? ["large", "after"] : ["after"]);
      const skipped = stage.records.filter(({ message }) => message.includes("too large"));
      expect(skipped.length).toBe(name.includes("below") ? 0 : 1);
      stage.records.length = 0;
      await opencode.server.close();
    }
  },
);

faultCase(
  "N16",
  "BOM, NUL, CR alone, split code points, bytes that are no UTF-8: read as the standard says",
  async (stage) => {
    const text = (properties: object) => JSON.stringify(event("text", properties));
    const opencode = await startServer(stage, {
      fault: {
        streams: [
          [
            { bytes: base64([0xef, 0xbb, 0xbf], "data: ", JSON.stringify(event("server.connected")), "\n\n") },
            { text: `data: ${text({ at: "CR alone" })}\r\r` },
            { text: `data: ${text({ at: "CRLF" })}\r\n\r\n` },
            { text: `data: ${text({ at: "NUL \u0000" })}\n\n` },
            { text: `data: {"payload":\ndata: {"type":"text","properties":{"at":"two lines"}}}\n\n` },
            { chunks: { text: `data: ${text({ at: "é 😀 🇪🇺" })}\n\n`, size: 1 } },
            { bytes: base64('data: {"payload":{"type":"text","properties":{"at":"', [0xff, 0xc3], '"}}}\n\n') },
            { text: "data\n\nevent: x\nid: 1\n\n:\n\ndata: null\n\ndata: 7\n\ndata: []\n\n" },
            { bytes: base64([0x00, 0x00], "\n\n", `data: ${text({ at: "last" })}\n\n`) },
          ],
        ],
      },
    });
    await stage.until("the last event", () => JSON.stringify(opencode.events).includes("last"));
    const texts = opencode.events
      .filter(({ type }) => type === "text")
      .map(({ properties }) => (properties as { at: string }).at);
    expect(texts).toEqual(["CR alone", "CRLF", "NUL \u0000", "two lines", "é 😀 🇪🇺", "\ufffd\ufffd", "last"]);
    expect(opencode.status.state).toBe("running");
  },
);

faultCase(
  "N17",
  "retry of 0 or of 10^12 ms and an id with NUL change nothing about when it is connected again",
  async (stage) => {
    for (const [index, fields] of variantsOf(stage, [
      "retry: 0",
      "retry: 1000000000000",
      "retry: -1",
      "id: a\0b",
      "retry: x",
    ])) {
      const opencode = await startServer(
        stage,
        {
          fault: {
            streams: [
              [{ connected: true }, { text: `${fields}\n\n${frame("one")}` }, { waitMs: 10 }, { close: true }],
              [{ connected: true }],
            ],
          },
          settings: { reconnectBaseMs: 10_000 },
        },
        `opencode-${index}`,
      );
      await opencode.state("degraded");
      expect(opencode.eventTypes).toEqual(["one"]);
      // Far more than no wait at all would take.
      for (let asked = 0; asked < 10; asked += 1) await opencode.fake.seen();
      expect((await opencode.fake.seen()).opened).toBe(1);
      await opencode.recovered();
      expect((await opencode.fake.seen()).opened).toBe(2);
      await opencode.server.close();
    }
  },
);

faultCase("N18", "50,000 events in a second: all read, none lost, the main loop free", async (stage) => {
  const count = 10_000;
  const opencode = await startServer(stage);
  await opencode.fake.emit([
    { flood: { count, perSecond: 50_000, event: event("message.part.delta", { delta: "token ".repeat(4) }) } },
    { text: frame("after") },
  ]);
  await stage.until("the end of the flood", () => opencode.events.at(-1)?.type === "after");
  const numbers = opencode.events
    .filter(({ type }) => type === "message.part.delta")
    .map(({ properties }) => (properties as { number: number }).number);
  expect(numbers).toEqual(Array.from({ length: count }, (_, index) => index));
  expect(opencode.status.events).toBeGreaterThan(count);
});

faultCase(
  "N19",
  "a bomb, garbage instead of chunks, headers of 1 MB: refused, the connection given up, memory flat",
  async (stage) => {
    const garbage = base64(
      "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\nZZZ\r\nnot a chunk\r\n",
    );
    const variants: readonly (readonly ["answers" | "opening", Answer])[] = [
      ["answers", { raw: garbage }],
      ["answers", { headerBytes: MEBIBYTE }],
      ["opening", { raw: garbage.replace("application/json", "text/event-stream") }],
      ["opening", { headerBytes: MEBIBYTE }],
      ["answers", { raw: base64("\x16\x03\x01 not HTTP at all\r\n\r\n") }],
      ["answers", { gzipBytes: 100 * MEBIBYTE }],
      ["opening", { gzipBytes: 100 * MEBIBYTE }],
    ];
    for (const [index, [where, answer]] of variantsOf(stage, variants)) {
      const opencode = await startServer(stage, { settings: { reconnectBaseMs: 5_000 } }, `opencode-${index}`);
      const { pid } = opencode;
      const before = process.memoryUsage.rss();
      if (where === "answers") {
        await opencode.fake.set({ answers: { "*": answer } });
        await opencode.lookWithEvents();
      } else {
        await opencode.fake.set({ opening: answer });
        await opencode.fake.emit([{ destroy: true }]);
        await stage.until("the break", () => opencode.states.includes("degraded"));
        await stage.until("the next connection", async () => {
          await opencode.step();
          return (await opencode.fake.seen()).opened >= 2;
        });
      }
      await opencode.state("degraded");
      expect(process.memoryUsage.rss() - before).toBeLessThan(160 * MEBIBYTE);
      await opencode.fake.set({ answers: undefined, opening: undefined });
      await opencode.recovered();
      expect(opencode.status).toMatchObject({ pid, restarts: 0 });
      await opencode.server.close();
    }
  },
);
