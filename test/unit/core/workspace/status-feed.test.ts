import { beforeEach, describe, expect, test } from "vitest";
import { StatusFeed } from "../../../../electron/core/workspace/status-feed.ts";
import { ManualClock } from "../../../support/manual-clock.ts";

let clock: ManualClock;
let status = 0;
/** What it takes to say how it is, in ms. */
let costs = 0;
let busy = false;
let milestone = "";
let feed: StatusFeed<number>;
let heard: string[];
let attentions: string[];

beforeEach(() => {
  clock = new ManualClock(0);
  status = 0;
  costs = 0;
  busy = false;
  milestone = "starting";
  heard = [];
  attentions = [];
  feed = new StatusFeed({
    clock,
    status: (attention) => {
      attentions.push(attention);
      clock.advance(costs);
      return status;
    },
    busy: () => busy,
    milestone: () => milestone,
    onListenerError: (error) => {
      throw error;
    },
  });
});

const watch = (attention: "closely" | "in_passing" = "closely") =>
  feed.watch((value) => heard.push(`${clock.monotonic()}: ${value}`), attention);
function change(): void {
  status += 1;
  feed.announce();
}

describe("the status of a workspace", () => {
  test("that is told in no time is told at every change", () => {
    watch();
    for (let count = 0; count < 3; count += 1) change();
    expect(heard).toEqual(["0: 0", "0: 1", "0: 2", "0: 3"]);
    expect(clock.pending).toBe(0);
  });

  test("that takes long is told again after ten times as long, and then as it is by then", () => {
    watch();
    costs = 4;
    change();
    costs = 0;
    for (let count = 0; count < 50; count += 1) change();
    expect(heard).toEqual(["0: 0", "4: 1"]);
    clock.advance(100);
    expect(heard).toEqual(["0: 0", "4: 1", "40: 51"]);
    change();
    expect(heard.at(-1)).toBe("104: 52");
    expect(clock.pending).toBe(0);
  });

  test("that takes long is told at once all the same where it is a new phase", () => {
    costs = 4;
    watch();
    change();
    change();
    milestone = "ready";
    change();
    expect(heard.at(-1)).toBe("12: 3");
    clock.advance(1_000);
    expect(heard.at(-1)).toBe("12: 3");
    expect(clock.pending).toBe(0);
  });

  test("is told every two seconds while something runs and somebody looks, and never without either", () => {
    change();
    clock.advance(10_000);
    busy = true;
    const leave = watch();
    clock.advance(5_000);
    expect(heard).toHaveLength(3);
    leave();
    clock.advance(10_000);
    expect(heard).toHaveLength(3);
    expect(clock.pending).toBe(0);
  });

  test("is told at each change and no more often to who looks in passing", () => {
    busy = true;
    watch("in_passing");
    clock.advance(10_000);
    change();
    expect(heard).toEqual(["0: 0", "10000: 1"]);
    expect(attentions).toEqual(["in_passing", "in_passing"]);
    const leave = watch();
    change();
    expect(attentions.slice(2)).toEqual(["closely", "closely"]);
    leave();
    leave();
    change();
    expect(attentions.at(-1)).toBe("in_passing");
    clock.advance(10_000);
    expect(clock.pending).toBe(0);
  });

  test("is not told any more after the end", () => {
    busy = true;
    watch();
    costs = 4;
    change();
    change();
    feed.close();
    expect(clock.pending).toBe(0);
  });
});
