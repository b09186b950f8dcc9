import { expect, test } from "vitest";
import { abortError } from "../../../../electron/core/lib/clock.ts";
import { AppError } from "../../../../electron/core/lib/error.ts";
import { runEveryHook, runHooks, type HookContext } from "../../../../electron/core/service/hooks.ts";
import { ManualClock } from "../../../support/manual-clock.ts";

const signal = () => new AbortController().signal;
const hook = (name: string) => ({ argv: [name] as [string], deadlineMs: 1_000 });

function context(run: (name: string, signal: AbortSignal) => Promise<number>) {
  const clock = new ManualClock();
  const ran: string[] = [];
  const notes: string[] = [];
  const given: HookContext = {
    name: "api",
    clock,
    run: async ([name], _, inner) => {
      ran.push(name);
      return { code: await run(name, inner), signal: null };
    },
    note: (text) => notes.push(text),
  };
  return { given, clock, ran, notes };
}

test("they run in order, and none after the first that fails", async () => {
  const { given, ran, notes } = context((name) => Promise.resolve(name === "b" ? 4 : 0));
  expect(await runHooks([hook("a"), hook("b"), hook("c")], "pre-start", given, signal())).toMatchObject({
    code: "hook_failed",
    message: "The pre-start command `b` of api ended with code 4.",
    details: { moment: "pre-start", command: "b" },
  });
  expect(ran).toEqual(["a", "b"]);
  expect(notes).toEqual(["The pre-start command `b` of api ended with code 4."]);
  expect(await runHooks([hook("a")], "pre-start", given, signal())).toBeNull();
});

test("for a service that ends they all run", async () => {
  const { given, ran, notes } = context(() =>
    Promise.reject(new AppError("command_missing", "There is no such program.")),
  );
  await runEveryHook([hook("a"), hook("b")], "pre-stop", given);
  expect(ran).toEqual(["a", "b"]);
  expect(notes).toEqual(["There is no such program.", "There is no such program."]);
});

test("at its deadline one is told to end, and nothing goes on before it has", async () => {
  let ended = false;
  const { given, clock } = context(
    (_, inner) =>
      new Promise((resolve) =>
        inner.addEventListener("abort", () => {
          clock.after(500, () => {
            ended = true;
            resolve(0);
          });
        }),
      ),
  );
  const outcome = runHooks([hook("slow")], "post-stop", given, signal());
  clock.advance(1_000);
  let settled = false;
  void outcome.then(() => (settled = true));
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
  expect([ended, settled]).toEqual([false, false]);
  clock.advance(500);
  expect((await outcome)?.message).toBe("Waited 1 s for the post-stop command `slow` of api, in vain.");
  expect(clock.pending).toBe(0);
});

test("called off from outside it is no failure", async () => {
  const controller = new AbortController();
  const { given } = context(
    (_, inner) => new Promise((_resolve, reject) => inner.addEventListener("abort", () => reject(abortError()))),
  );
  const outcome = runHooks([hook("slow")], "pre-start", given, controller.signal);
  controller.abort();
  await expect(outcome).rejects.toThrow("aborted");
});
