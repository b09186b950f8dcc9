import { describe, expect, it } from "vitest";
import { FaultExit } from "../../../electron/shell/fault-exit.ts";
import type { NoticePage } from "../../../electron/shell/notice-page.ts";

function play() {
  const done: string[] = [];
  const shown: { notice: NoticePage; press: (id: string) => void }[] = [];
  const exit = new FaultExit({
    logFile: "/home/person/app.log",
    showNotice: (notice, press) => shown.push({ notice, press }),
    relaunch: () => done.push("relaunch"),
    exit: (code) => done.push(`exit ${code}`),
  });
  return { exit, done, shown };
}

describe("the way out after a fault of the app", () => {
  it("is the usual one where there was none", () => {
    const { exit, done, shown } = play();
    exit.stopped(0, true);
    expect([done, shown]).toEqual([["exit 0"], []]);
  });

  it("says what happened, first that it stops and then the ways on", () => {
    const { exit, done, shown } = play();
    exit.record("a screw came loose");
    exit.record("and everything fell apart");
    expect(shown.map(({ notice }) => [notice.message, notice.actions.length])).toEqual([["a screw came loose", 0]]);
    exit.stopped(1, true);
    expect(shown[1]?.notice).toMatchObject({
      message: "a screw came loose",
      actions: [{ id: "again" }, { id: "quit" }],
    });
    expect(shown[1]?.notice.next).toContain("/home/person/app.log");
    expect(done).toEqual([]);
  });

  it("starts again only when the person says so", () => {
    for (const [id, expected] of [
      ["again", ["relaunch", "exit 1"]],
      ["quit", ["exit 1"]],
    ] as const) {
      const { exit, done, shown } = play();
      exit.record("a screw came loose");
      exit.stopped(1, true);
      shown[1]?.press(id);
      expect(done).toEqual(expected);
    }
  });

  it("offers nothing to whoever wants out, before or after things were stopped", () => {
    const before = play();
    before.exit.record("x");
    before.exit.leave();
    before.exit.stopped(1, true);
    const after = play();
    after.exit.record("x");
    after.exit.stopped(1, true);
    after.exit.leave();
    expect([before.done, after.done]).toEqual([["exit 1"], ["exit 1"]]);
    expect(before.shown).toHaveLength(1);
  });

  it("does not wait for a person while the guardian waits for its end", () => {
    const { exit, done, shown } = play();
    exit.record("x");
    exit.stopped(1, false);
    expect([done, shown.length]).toEqual([["exit 1"], 1]);
  });
});
