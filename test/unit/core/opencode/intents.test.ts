import { array, assert, asyncProperty, constantFrom, nat, tuple } from "fast-check";
import { expect, it } from "vitest";
import { Intents, type Intent } from "../../../../electron/core/opencode/intents.ts";

const turns = async (count: number) => {
  for (let index = 0; index < count; index += 1) await Promise.resolve();
};

it("runs one at a time, every stop, and ends as the last intent says, in whatever order they come", async () => {
  const kinds = constantFrom<Intent>("start", "stop", "restart");
  await assert(
    asyncProperty(array(tuple(kinds, nat(8), nat(8)), { minLength: 1, maxLength: 12 }), async (asked) => {
      const intents = new Intents();
      let inside = 0;
      let running = false;
      const ends = [];
      for (const [intent, takes, pause] of asked) {
        ends.push(
          intents
            .request(intent, async (signal) => {
              inside += 1;
              expect(inside).toBe(1);
              if (intent !== "start") running = false;
              await turns(takes);
              // A start that is given up leaves nothing running.
              if (intent !== "stop" && !signal.aborted) running = true;
              inside -= 1;
              if (signal.aborted) throw new Error("given up");
            })
            .then(
              () => "done",
              () => "given up",
            ),
        );
        await turns(pause);
      }
      const last = asked.at(-1)?.[0];
      expect((await Promise.all(ends)).at(-1)).toBe("done");
      expect(running).toBe(last !== "stop");
    }),
  );
});

it("gives those who ask for the same the same end, and tells a failure to them alone", async () => {
  const intents = new Intents();
  let runs = 0;
  const failing = async () => {
    runs += 1;
    throw new Error("no disk");
  };
  const starts = [intents.request("start", failing), intents.request("start", failing)];
  await turns(3);
  const results = await Promise.allSettled([...starts, intents.request("stop", () => Promise.resolve())]);
  expect([runs, results.map((result) => result.status)]).toEqual([1, ["rejected", "rejected", "fulfilled"]]);
});

it("does not begin what a later intent took back before its turn", async () => {
  const intents = new Intents();
  let runs = 0;
  const start = intents.request("start", () => Promise.resolve(void (runs += 1)));
  const stop = intents.request("stop", () => Promise.resolve());
  await expect(start).rejects.toMatchObject({ code: "cancelled" });
  await stop;
  expect(runs).toBe(0);
});
