import { describe, expect, it } from "vitest";
import { EventPositions } from "../../../../electron/core/opencode/event-positions.ts";

describe("EventPositions", () => {
  it("notices a hole in one session, not between sessions, repetitions or late copies", () => {
    const positions = new EventPositions();
    const gaps = [
      ["a", 7],
      ["a", 8],
      ["b", 1],
      ["a", 8],
      ["a", 5],
      ["a", 9],
      ["a", 11],
      ["a", 12],
      ["b", 3],
    ].map(([session, number]) => positions.isGap({ session: String(session), number: Number(number) }));
    expect(gaps).toEqual([false, false, false, false, false, false, true, false, true]);
  });

  it("knows nothing after a new connection", () => {
    const positions = new EventPositions();
    positions.isGap({ session: "a", number: 1 });
    positions.clear();
    expect(positions.isGap({ session: "a", number: 9 })).toBe(false);
  });

  it("forgets the session not heard of for the longest time", () => {
    const positions = new EventPositions();
    for (let index = 0; index < 1_000; index += 1) positions.isGap({ session: `s${index}`, number: 1 });
    positions.isGap({ session: "s0", number: 2 });
    positions.isGap({ session: "new", number: 1 });
    expect(positions.isGap({ session: "s0", number: 4 })).toBe(true);
    expect(positions.isGap({ session: "s1", number: 9 })).toBe(false);
  });
});
