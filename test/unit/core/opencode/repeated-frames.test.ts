import { array, assert, constantFrom, integer, oneof, property, record, string } from "fast-check";
import { describe, expect, it } from "vitest";
import { protocolV1 } from "../../../../electron/core/opencode/protocol/v1.ts";
import { repeatedFrames } from "../../../../electron/core/opencode/repeated-frames.ts";

const frame = (id: string, delta: unknown, more: Record<string, unknown> = {}) => {
  const properties = { sessionID: "ses_1", messageID: "msg_1", partID: "prt_1", field: "text", ...more, delta };
  return JSON.stringify({ directory: "/home/person", payload: { id, type: "message.part.delta", properties } });
};

function counted() {
  let full = 0;
  const read = repeatedFrames((data) => {
    full += 1;
    return protocolV1.readEvent(data);
  });
  return { read, full: () => full };
}

describe("frames that repeat", () => {
  it("are parsed in full only until there is a pattern", () => {
    const { read, full } = counted();
    for (let index = 0; index < 1_000; index += 1) {
      const delta = ["word", "\n", '"a" \\', "a much longer piece of text than that", "é😀", ""][index % 6];
      const data = frame(`evt_${index + 1_000}`, delta);
      expect(read(data)).toEqual(protocolV1.readEvent(data));
    }
    // Two to see that they repeat, one to prove the pattern.
    expect(full()).toBe(3);
  });

  it("find the next text's pattern, and none where two sessions take turns", () => {
    const { read, full } = counted();
    for (const session of ["ses_1", "ses_2", "ses_3"]) {
      for (let index = 0; index < 100; index += 1) read(frame("evt_1", "a", { sessionID: session }));
    }
    expect(full()).toBe(9);
    const turns = counted();
    for (let index = 0; index < 100; index += 1) {
      const data = frame("evt_1", "a", { sessionID: `ses_${index % 2}` });
      expect(turns.read(data)).toEqual(protocolV1.readEvent(data));
    }
    expect(turns.full()).toBe(100);
  });

  it.each([
    ["text that is none", frame("evt_1", "a").replace('"a"', "1")],
    ["two texts", frame("evt_1", "a").replace('"a"', '"a","delta":"b"')],
    ["a text that does not end", frame("evt_1", "a").replace('"a"', '"a')],
    ["a line end in a text", frame("evt_1", "a").replace('"a"', '"\n"')],
    ["an id with an escape", frame("evt_1", "a").replace("evt_1", 'ev\\"1')],
    ["an id that is broken", frame("evt_1", "a").replace("evt_1", "ev\u00001")],
    ["no id", frame("evt_1", "a").replace('"id":"evt_1",', "")],
    ["another folder", frame("evt_1", "a").replace("/home/person", "/home/berson")],
    ["its end cut off", frame("evt_1", "a").slice(0, -1)],
    ["something after it", `${frame("evt_1", "a")}}`],
    ["nothing in it", ""],
  ])("with %s are read in full", (_, odd) => {
    const { read, full } = counted();
    for (let index = 0; index < 5; index += 1) read(frame("evt_1", "a"));
    const before = full();
    expect(read(odd)).toEqual(protocolV1.readEvent(odd));
    expect(full()).toBeGreaterThan(before);
  });

  it("give the same events as reading each, whatever comes", () => {
    const piece = oneof(
      string(),
      string({ unit: "binary" }),
      constantFrom('"', "\\", '","delta":"', "}}}", '"id":"', "\u0000"),
    );
    const whole = record({
      id: constantFrom("evt_1", "evt_2", 'e"', "e\\", "ev\nt_"),
      delta: piece,
      odd: integer({ min: 0, max: 3 }),
    });
    assert(
      property(array(whole, { maxLength: 40 }), integer({ min: 0, max: 400 }), (parts, at) => {
        const read = repeatedFrames((data) => protocolV1.readEvent(data));
        for (let index = 0; index < 3; index += 1) read(frame("evt_1", "begin"));
        for (const { id, delta, odd } of parts) {
          const data = frame(id, delta, odd === 1 ? { partID: delta, __proto__: { a: 1 } } : {});
          for (const sent of odd === 2
            ? [data, data.slice(0, at), data.slice(0, at) + delta + data.slice(at)]
            : [data]) {
            expect(read(sent)).toEqual(protocolV1.readEvent(sent));
          }
        }
      }),
      { numRuns: 500 },
    );
  });
});
