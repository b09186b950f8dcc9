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
    const started = performance.now();
    const { data } = read([bytes("data: "), ...Array.from({ length: 7_000 }, () => chunk), bytes("\n\n")]);
    expect(data[0]?.length).toBe(7_000 * 1_024);
    expect(performance.now() - started).toBeLessThan(1_000);
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
