import { expect, it } from "vitest";
import { noteRead } from "../../../../electron/core/process/read-memory.ts";

it("keeps the buffers of a flood from piling up", () => {
  const buffer = 65_536;
  let highest = 0;
  const before = process.memoryUsage().arrayBuffers;
  for (let read = 0; read < 1_600; read += 1) {
    noteRead(Buffer.allocUnsafeSlow(buffer).length);
    highest = Math.max(highest, process.memoryUsage().arrayBuffers);
  }
  // 100 MB were read, of which V8 alone lets more than 64 MB lie. What was collected is freed beside us, a little later.
  expect(highest - before).toBeLessThan(45_000_000);
});
