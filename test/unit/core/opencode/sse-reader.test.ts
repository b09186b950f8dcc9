import { array, assert, constantFrom, integer, property } from "fast-check";
import { describe, expect, it } from "vitest";
import { SseReader } from "../../../../electron/core/opencode/sse-reader.ts";

const bytes = (text: string) => Buffer.from(text, "utf8");

function read(chunks: readonly Uint8Array[], cap?: number) {
  const data: string[] = [];
  let skipped = 0;
  const reader = new SseReader({
    onData: (text) => data.push(text),
    onSkipped: () => (skipped += 1),
    ...(cap === undefined ? {} : { cap }),
  });
  for (const chunk of chunks) reader.feed(chunk);
  return { data, skipped };
}

/** The bytes in pieces of the lengths given, the rest in one. */
function split(whole: Uint8Array, lengths: readonly number[]): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  let at = 0;
  for (const length of lengths) {
    pieces.push(whole.subarray(at, at + length));
    at += length;
  }
  return [...pieces, whole.subarray(at)];
}

/** Time of the processor in ms: what else the machine has to do is not ours. */
function busyMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

describe("SseReader", () => {
  it("reads the same however the bytes are cut, also inside a character", () => {
    const frames = ['{"a":"é😀"}', "plain", "läßt", '{"long":"' + "x".repeat(500) + '"}'];
    for (const end of ["\n", "\r\n"]) {
      const whole = bytes(frames.map((frame) => `data: ${frame}${end}${end}`).join(""));
      assert(
        property(array(integer({ min: 0, max: 40 }), { maxLength: 60 }), (lengths) => {
          expect(read(split(whole, lengths)).data).toEqual(frames);
        }),
      );
      expect(read(Array.from(whole, (byte) => Uint8Array.of(byte))).data).toEqual(frames);
    }
  });

  it("turns what is no UTF-8 into a replacement sign and goes on", () => {
    expect(read([Uint8Array.of(0x64, 0x61, 0x74, 0x61, 0x3a, 0xff, 0x0a, 0x0a), bytes("data: next\n\n")]).data).toEqual(
      ["\ufffd", "next"],
    );
  });

  it("ignores comments, unknown fields and half an event before the end", () => {
    expect(read([bytes(": hb\n\nfoo: bar\nretry: 1e12\nid: \u0000x\ndata: a\n\ndata: half")]).data).toEqual(["a"]);
  });

  it("skips an event beyond the cap, tells it once, and reads the next one", () => {
    for (const end of ["\n\n", "\r\n\r\n"]) {
      const whole = bytes(`data: before${end}data: ${"x".repeat(5_000)}${end}data: after${end}`);
      for (const size of [1, 7, 100, 1_000]) {
        const lengths = Array.from({ length: Math.ceil(whole.length / size) }, () => size);
        expect(read(split(whole, lengths), 1_000)).toEqual({ data: ["before", "after"], skipped: 1 });
      }
    }
  });

  it("bounds an event of many lines too", () => {
    const many = bytes("data: 0123456789\n".repeat(1_000));
    const lengths = Array.from({ length: 100 }, () => 170);
    expect(read([...split(many, lengths), bytes("\ndata: after\n\n")], 1_000)).toEqual({ data: ["after"], skipped: 1 });
  });

  it("takes time that grows with the bytes, not with their square", () => {
    const chunk = bytes("x".repeat(1_024));
    const started = busyMs();
    const { data } = read([bytes("data: "), ...Array.from({ length: 7_000 }, () => chunk), bytes("\n\n")]);
    expect(data[0]?.length).toBe(7_000 * 1_024);
    expect(busyMs() - started).toBeLessThan(1_000);
  });

  it("reads 10 MB in pieces of 1 kB in some ten times of 1 MB, not a hundred times", () => {
    const chunk = bytes("x".repeat(1_024));
    const take = (chunks: number) => {
      const started = busyMs();
      const { data } = read(
        [bytes("data: "), ...Array.from({ length: chunks }, () => chunk), bytes("\n\n")],
        12 * 1024 * 1024,
      );
      expect(data[0]?.length).toBe(chunks * 1_024);
      return busyMs() - started;
    };
    take(1_000);
    const small = Math.min(take(1_000), take(1_000), take(1_000));
    const large = Math.min(take(10_000), take(10_000));
    // The millisecond is for a clock that is coarse where 1 MB takes next to nothing.
    expect(large).toBeLessThan(50 * (small + 1));
  });

  it("skips a line without an end in bounded memory, and reads what comes after its end", () => {
    const chunk = bytes("x".repeat(64 * 1_024));
    const data: string[] = [];
    let skipped = 0;
    const reader = new SseReader({ onData: (text) => data.push(text), onSkipped: () => (skipped += 1) });
    const before = process.memoryUsage().heapUsed;
    for (let index = 0; index < 1_600; index += 1) reader.feed(chunk);
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(64 * 1024 * 1024);
    reader.feed(bytes("\n\ndata: after\n\n"));
    expect([data, skipped]).toEqual([["after"], 1]);
  });

  it.each<[string, string]>([
    ["CR only", "data: a\rdata: b\r\rdata: c\r\r\n"],
    ["all ends mixed", "data: a\r\ndata: b\n\r\ndata: c\n\r\n"],
    ["a mark of byte order first", "\ufeffdata: a\ndata: b\n\ndata: c\n\n"],
  ])("reads lines with %s", (_, text) => {
    expect(read([bytes(text)]).data).toEqual(["a\nb", "c"]);
    expect(read(Array.from(bytes(text), (byte) => Uint8Array.of(byte))).data).toEqual(["a\nb", "c"]);
  });

  it.each(["\n\n", "\r\n\r\n", "\r\r", "\n\r\n", "\r\n\n"])("ends a skipped event at %j", (end) => {
    const whole = bytes(`data: ${"x".repeat(200)}${end}data: after\n\n`);
    for (const size of [1, 2, 3, 50]) {
      const lengths = Array.from({ length: Math.ceil(whole.length / size) }, () => size);
      expect(read(split(whole, lengths), 100)).toEqual({ data: ["after"], skipped: 1 });
    }
  });

  it("leaves a NUL in its place, and takes no id and no wait from the stream", () => {
    expect(read([bytes("retry: 0\nretry: 1e12\nretry: 5\nid: a\u0000b\ndata: \u0000x\n\n")]).data).toEqual(["\u0000x"]);
  });

  it("survives any bytes", () => {
    const alphabet = constantFrom(
      "data:",
      "data: {",
      "\n",
      "\r",
      "\r\n",
      "\n\n",
      ":",
      "id: 1",
      "\u0000",
      "event: x",
      "\ufeff",
      "é",
    );
    assert(
      property(array(alphabet, { maxLength: 60 }), (parts) => {
        const { data } = read(
          parts.map((part) => bytes(part)),
          50,
        );
        expect(data.every((text) => text.length <= 100)).toBe(true);
      }),
    );
  });
});
