import { expect, it } from "vitest";
import { createBlock } from "../../../../electron/core/log/line-block.ts";

const facts = { first: 1, lines: 1, at: 0, stream: "stdout", generation: 1, cut: false } as const;

it("keeps no more memory than its own bytes, however small a part of something large they came as", () => {
  const large = Buffer.alloc(64 * 1_024, "x");
  for (const bytes of [Buffer.from("a short line\n"), large.subarray(100, 120), large.subarray(0, 60_000)]) {
    const block = createBlock({ ...facts, bytes });
    expect(block.bytes.equals(bytes)).toBe(true);
    expect(block.bytes.buffer.byteLength).toBeLessThanOrEqual(4 * bytes.length);
  }
});
