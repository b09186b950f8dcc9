/**
 * What other orchestrators promise about order, as cases of the environment's design. Each is named with its number; where it
 * was seen stands in its title.
 */
import { describe, expect, test } from "vitest";
import { done, environmentStage, onFailure, shell, writes } from "../support/environment-stage.ts";
import { madeProject, type Made } from "../support/environment-world.ts";

const stage = environmentStage();
const after = (...names: string[]): NonNullable<Made["needs"]> =>
  Object.fromEntries(names.map((name) => [name, done] as const));
const isBefore = (first: string, second: string) => {
  const lines = stage.lines();
  expect(lines.indexOf(first), `${first} before ${second} in ${lines.join(" ")}`).toBeLessThan(lines.indexOf(second));
};
const eight = Array.from({ length: 8 }, (_, index) => `process${index + 1}`);

describe("the shapes of process-compose's fixtures", () => {
  test("environment case 1: chain-arrow, all eight complete, from the last to the first", async () => {
    const outcome = await stage.run(
      ...eight.map((name, index) => writes(name, after(...eight.slice(index + 1, index + 2)))),
    );
    expect(outcome).toEqual({ outcome: "ready", failures: [] });
    expect(stage.lines()).toEqual(eight.toReversed());
    for (const name of eight) expect(stage.world.service(name).exit).toEqual({ code: 0, signal: null });
  });

  test("environment case 2: chain-rhombus, process8 runs once, process5 after 6 and 7", async () => {
    await stage.run(
      writes("process1", after("process2")),
      writes("process2", after("process3", "process4")),
      writes("process3", after("process5")),
      writes("process4", after("process5")),
      writes("process5", after("process6", "process7")),
      writes("process6", after("process8")),
      writes("process7", after("process8")),
      writes("process8"),
    );
    expect(stage.lines().filter((name) => name === "process8")).toHaveLength(1);
    expect(stage.lines()[0]).toBe("process8");
    isBefore("process6", "process5");
    isBefore("process7", "process5");
    expect(stage.lines().at(-1)).toBe("process1");
  });

  test("environment case 3: chain-with-errors, an end of any kind lets one go on, a failure skips the rest", async () => {
    const outcome = await stage.run(
      writes("process1", after("process2")),
      writes("process2", after("process3")),
      shell("process3", "echo process3 >> order.txt; exit 1", { kind: "task", needs: after("process4") }),
      writes("process4", { process5: "service_completed" }),
      shell("process5", "echo process5 >> order.txt; exit 1", { kind: "task", restart: onFailure(1) }),
      writes("bystander"),
    );
    expect(stage.phases()).toEqual({
      process1: "skipped",
      process2: "skipped",
      process3: "failed",
      process4: "completed",
      process5: "failed",
      bystander: "completed",
    });
    expect(stage.world.service("process5")).toMatchObject({ restarts: 1, exit: { code: 1 } });
    expect(stage.lines().filter((name) => name !== "bystander")).toEqual([
      "process5",
      "process5",
      "process4",
      "process3",
    ]);
    // A failure that nobody said is the project's failure is told, and nothing else is ended by it.
    expect(outcome.endedBy).toBeUndefined();
  });

  test("environment case 4: one-for-many, one waits for seven", async () => {
    const seven = eight.slice(1);
    await stage.run(writes("process1", after(...seven)), ...seven.map((name) => writes(name)));
    expect(stage.lines()).toHaveLength(8);
    expect(stage.lines().at(-1)).toBe("process1");
  });

  test("environment case 5: many-for-one, seven wait for one", async () => {
    const seven = eight.slice(1);
    const slow = shell("process1", "sleep 0.3; echo process1 >> order.txt", { kind: "task" });
    await stage.run(slow, ...seven.map((name) => writes(name, after("process1"))));
    expect(stage.lines()).toHaveLength(8);
    expect(stage.lines()[0]).toBe("process1");
  });

  test("environment case 6: odd-then-even, four pairs side by side", async () => {
    const pair = (index: number): Made[] => [
      // An odd one ends only when all four are there: they would wait for ever one after the other.
      shell(
        `odd${index}`,
        `echo odd${index} >> order.txt; until [ $(grep -c odd order.txt) -ge 4 ]; do sleep 0.02; done`,
        { kind: "task" },
      ),
      writes(`even${index}`, after(`odd${index}`)),
    ];
    const outcome = await stage.run(...[1, 2, 3, 4].flatMap(pair));
    expect(outcome.outcome).toBe("ready");
    for (const index of [1, 2, 3, 4]) isBefore(`odd${index}`, `even${index}`);
  });

  test("environment case 7: dependent-on-failing-log-line, the waiter is skipped and nothing hangs", async () => {
    const outcome = await stage.run(
      shell("failer", "echo not that; exit 1", { restart: { mode: "no" }, rules: { readyLine: "the line" } }),
      { ...writes("waiter"), needs: { failer: "service_log_ready" } },
    );
    expect(stage.phases()).toEqual({ failer: "failed", waiter: "skipped" });
    expect(outcome.outcome).toBe("failed");
    expect(stage.world.service("waiter").why).toContain("waiter was skipped: it needs failer, which failed.");
  });

  test("environment case 7: one that ends well without the line skips the waiter too; the line opens the way at once", async () => {
    await stage.run(
      shell("quiet", "echo something else", { rules: { readyLine: "the line" } }),
      { ...writes("waiter"), needs: { quiet: "service_log_ready" } },
      shell("speaker", "sleep 0.2; echo 'here is the line'; echo speaker >> order.txt; sleep 600", {
        rules: { readyLine: "the li(n|m)e" },
      }),
      { ...writes("hearer"), needs: { speaker: "service_log_ready" } },
    );
    expect(stage.phases()).toMatchObject({ quiet: "completed", waiter: "skipped", speaker: "running" });
    expect(stage.phases()["hearer"]).toBe("completed");
    expect(stage.world.service("waiter").why).toBe(
      "waiter was skipped: it needs quiet, which ended without what is waited for.",
    );
  });

  test("environment case 8: chain, the waves name them from the last to the first", () => {
    const { detection } = madeProject(
      stage.world.folder,
      eight.map((name, index) => writes(name, after(...eight.slice(index + 1, index + 2)))),
    );
    expect(detection.order.flat()).toEqual(eight.toReversed());
  });

  test("environment case 9: chain-exit, a leaf that ends with 42 ends everything, and the outcome says so", async () => {
    const outcome = await stage.run(
      writes("process1", after("leaf")),
      shell("leaf", "sleep 0.2; exit 42", { kind: "task", rules: { endsEnvironment: "failure" } }),
      shell("server", "exec sleep 600"),
    );
    expect(outcome).toMatchObject({
      outcome: "failed",
      endedBy: { service: "leaf", exit: { code: 42, signal: null } },
      failures: [{ service: "leaf", failure: { code: "task_failed" } }],
    });
    expect(outcome.failures[0]?.failure.message).toContain("code 42");
    await stage.reaches({ leaf: "failed", server: "stopped", process1: "stopped" });
    expect(stage.world.environment.status().phase).toBe("failed");
    expect(stage.world.audit.filter(({ actor, service }) => actor === "policy" && service === null)).toHaveLength(1);
  });

  test("environment case 10: circular is refused with its path, non-circular starts", async () => {
    const circle = [writes("a", after("b")), writes("b", after("c")), writes("c", after("a")), writes("free")];
    expect(() => stage.begin(circle)).toThrow("a → b → c → a");
    expect(stage.lines()).toEqual([]);
    await stage.run(writes("a", after("b")), writes("b", after("c")), writes("c"));
    expect(stage.lines()).toEqual(["c", "b", "a"]);
  });

  test("environment case 11: transitive-dep, the failure of A skips B and C, each with the chain", async () => {
    const outcome = await stage.run(
      shell("A", "exit 1", { kind: "task" }),
      writes("B", after("A")),
      writes("C", after("B")),
    );
    expect(stage.phases()).toEqual({ A: "failed", B: "skipped", C: "skipped" });
    expect(outcome.failures.map(({ service }) => service).sort()).toEqual(["A", "B", "C"]);
    expect(stage.world.service("C").failure).toMatchObject({ details: { chain: ["B", "A"] } });
  });

  test("environment case 12: shutdown-inorder, B, then C and D, then A", async () => {
    const line = (name: string) =>
      `trap 'echo ${name} >> order.txt; exit 0' TERM; echo up > ${name}.up; while :; do sleep 0.05; done`;
    await stage.run(
      shell("A", line("A")),
      shell("B", line("B"), { needs: { C: "service_started", D: "service_started" } }),
      shell("C", line("C"), { needs: { A: "service_started" } }),
      shell("D", line("D"), { needs: { A: "service_started" } }),
    );
    await stage.world.environment.stop();
    const lines = stage.lines();
    expect([lines[0], lines[3]]).toEqual(["B", "A"]);
    expect(lines.slice(1, 3).sort()).toEqual(["C", "D"]);
  });
});

describe("ends", () => {
  test("environment case 13: success-exit-codes, what the author calls a success is not restarted", async () => {
    await stage.run(
      shell("allowed", "exit 130", { restart: onFailure(1), rules: { successExitCodes: [130] } }),
      shell("control", "exit 130", { restart: onFailure(1) }),
      shell("signalled", "kill -INT $$", { restart: onFailure(1), rules: { successExitCodes: [130] } }),
    );
    await stage.reaches({ allowed: "completed", control: "failed", signalled: "completed" });
    expect(stage.world.service("allowed")).toMatchObject({ restarts: 0, generation: 1 });
    expect(stage.world.service("control")).toMatchObject({ restarts: 1, generation: 2, exit: { code: 130 } });
  });

  test.each([
    ["a success", [130], "stopped", "stopped"],
    ["a failure", [], "failed", "failed"],
  ] as const)(
    "environment case 14: success-exit-on-end, an end that is %s ends the rest",
    async (_, codes, outcome, phase) => {
      const ended = await stage.run(
        shell("ender", "sleep 0.2; exit 130", {
          restart: { mode: "no" },
          rules: { endsEnvironment: "end", successExitCodes: codes },
        }),
        shell("server", "exec sleep 600"),
      );
      expect(ended).toMatchObject({ outcome, endedBy: { service: "ender", exit: { code: 130 } } });
      await stage.reaches({ server: "stopped" });
      expect(stage.world.environment.status().phase).toBe(phase);
    },
  );

  test("environment case 26: issue_280, those that need only a start go on beside a slow task", async () => {
    stage.begin([
      shell("slow", "sleep 9; echo slow >> order.txt", { kind: "task" }),
      shell("first", "echo first >> order.txt; exec sleep 600", { needs: { slow: "service_started" } }),
      shell("second", "echo second >> order.txt; exec sleep 600", { needs: { first: "service_started" } }),
    ]);
    await stage.reaches({ first: "running", second: "running" }, 5_000);
    expect(stage.phases()["slow"]).toBe("running");
    expect(stage.lines()).not.toContain("slow");
  });

  test("environment case 29: TestUpWithDependencyExit, the end of a dependency is told at once and web never starts", async () => {
    const before = performance.now();
    const outcome = await stage.run(
      shell("db", "exit 1", { restart: { mode: "no" }, probe: { kind: "log", pattern: "ready" } }),
      { ...writes("web"), needs: { db: "service_healthy" } },
    );
    expect(performance.now() - before).toBeLessThan(5_000);
    expect(outcome.outcome).toBe("failed");
    expect(stage.phases()).toEqual({ db: "failed", web: "skipped" });
    expect(stage.world.service("db").why).toContain("db ended with code 1");
    expect(stage.lines()).toEqual([]);
  });

  test("environment case 33: TestUpWithDependencyNotRequired, foo runs although bar cannot", async () => {
    const lenient = { condition: "service_healthy", required: false } as const;
    const missing = { condition: "service_started", required: false } as const;
    const project = madeProject(stage.world.folder, [
      writes("foo", { bar: lenient, ghost: missing }),
      shell("bar", "exit 1", { restart: { mode: "no" } }),
    ]);
    expect(project.detection.problems.map(({ code, severity }) => [code, severity])).toEqual([
      ["healthy_without_probe", "warning"],
      ["unknown_dependency", "warning"],
    ]);
    await stage.settled(stage.world.environment.start({ detected: project, profile: "dev" }).runId);
    expect(stage.phases()).toEqual({ foo: "completed", bar: "failed" });
  });

  test.each([
    ["TestCascadeFail", 111],
    ["TestUpExitCodeFrom", 42],
  ])("environment case 34: %s, the outcome carries the code %d of whoever ended everything", async (_, code) => {
    const outcome = await stage.run(
      shell("fails", `sleep 0.1; exit ${code}`, { restart: { mode: "no" }, rules: { endsEnvironment: "failure" } }),
      shell("running", "exec sleep 600"),
    );
    expect(outcome).toMatchObject({ outcome: "failed", endedBy: { service: "fails", exit: { code } } });
    await stage.reaches({ running: "stopped" });
  });

  test("environment case 35: TestStartStopWithDependencies, foo brings bar; stopping all ends both, twice over", async () => {
    const services = [
      shell("foo", "exec sleep 600", { needs: { bar: "service_started" } }),
      shell("bar", "exec sleep 600"),
      shell("other", "exec sleep 600"),
    ];
    for (let round = 0; round < 2; round += 1) {
      await stage.settled(stage.begin(services, ["foo"]));
      expect(stage.phases()).toEqual({ foo: "running", bar: "running", other: "stopped" });
      await stage.world.environment.stop();
      expect(stage.phases()).toEqual({ foo: "stopped", bar: "stopped", other: "stopped" });
    }
  });
});
