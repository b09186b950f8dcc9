/**
 * The fixtures of process-compose itself, run as they are: PROCESS_COMPOSE_FIXTURES names a checkout of
 * github.com/F1bonacc1/process-compose, which is no part of this one. Without it they are left out; the shapes of all of them are
 * tests of ours too (environment-case-*.test.ts).
 */
import { copyFileSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { detect } from "../../electron/core/environment/detect/detect.ts";
import type { DetectedProject } from "../../electron/core/environment/detect/detected.ts";
import type { RunOutcome } from "../../electron/core/environment/run.ts";
import { environmentStage } from "../support/environment-stage.ts";
import { until } from "../support/until.ts";

const checkout = process.env["PROCESS_COMPOSE_FIXTURES"];
const stage = environmentStage({ speed: 10 });

/** Brings a fixture into the project's folder, under the name that is looked for, and reads it. */
async function read(
  fixture: string,
  options: { readonly profile?: string; readonly beside?: readonly string[] } = {},
): Promise<DetectedProject> {
  const { folder } = stage.world;
  const from = join(checkout ?? "", fixture);
  copyFileSync(from, join(folder, "process-compose.yaml"));
  for (const name of options.beside ?? []) {
    mkdirSync(join(folder, name, ".."), { recursive: true });
    copyFileSync(join(checkout ?? "", name), join(folder, name));
  }
  return detect({
    directory: folder,
    profile: options.profile ?? "dev",
    environment: { PATH: process.env["PATH"] ?? "" },
  });
}

async function play(fixture: string, options: Parameters<typeof read>[1] = {}): Promise<RunOutcome> {
  const detected = await read(fixture, options);
  expect(detected.detection.problems.filter(({ severity }) => severity === "error")).toEqual([]);
  const { runId } = stage.world.environment.start({ detected, profile: options.profile ?? "dev" });
  return stage.settled(runId);
}

/** What the programs printed, in order. */
function printed(): string[] {
  return stage.world.book.lines.filter(({ stream }) => stream !== "note").map(({ text }) => text);
}

const restarts = () =>
  Object.fromEntries(stage.world.environment.status().services.map(({ name, restarts: count }) => [name, count]));
const upTo = (count: number) => Array.from({ length: count }, (_, index) => `process${index + 1}`);
const isBefore = (lines: readonly string[], first: string, second: string) =>
  expect(lines.indexOf(first), `${first} before ${second} in ${lines.join(" ")}`).toBeLessThan(lines.indexOf(second));

if (checkout === undefined)
  test.skip("process-compose's own fixtures: PROCESS_COMPOSE_FIXTURES names no checkout of it", () => undefined);
else describe("process-compose's own fixtures", fixtures);

function fixtures(): void {
  test("environment case 1: chain-arrow", async () => {
    expect(await play("fixtures/process-compose-chain-arrow.yaml")).toEqual({ outcome: "ready", failures: [] });
    expect(printed()).toEqual(upTo(8).toReversed());
  });

  test("environment case 2: chain-rhombus", async () => {
    expect((await play("fixtures/process-compose-chain-rhombus.yaml")).outcome).toBe("ready");
    const lines = printed();
    expect(lines.filter((line) => line === "process8")).toHaveLength(1);
    isBefore(lines, "process6", "process5");
    isBefore(lines, "process7", "process5");
  });

  test("environment case 3: chain-with-errors", async () => {
    await play("fixtures/process-compose-chain-with-errors.yaml");
    expect(stage.phases()).toMatchObject({
      process1: "skipped",
      process2: "skipped",
      process3: "failed",
      process4: "completed",
      process5: "failed",
    });
    expect(restarts()).toMatchObject({ process5: 1 });
  });

  test("environment case 4: one-for-many", async () => {
    expect((await play("fixtures/process-compose-one-for-many.yaml")).outcome).toBe("ready");
    const lines = printed();
    expect(lines).toHaveLength(8);
    expect(lines.at(-1)).toBe("process2");
  });

  test("environment case 5: many-for-one", async () => {
    expect((await play("fixtures/process-compose-many-for-one.yaml")).outcome).toBe("ready");
    const lines = printed();
    expect(lines).toHaveLength(8);
    expect(lines[0]).toBe("process1");
  });

  test("environment case 6: odd-then-even", async () => {
    const detected = await read("fixtures/process-compose-odd-then-even.yaml");
    expect(detected.detection.order.map((wave) => wave.toSorted())).toEqual([
      ["process1", "process3", "process5", "process7"],
      ["process2", "process4", "process6", "process8"],
    ]);
    const { runId } = stage.world.environment.start({ detected, profile: "dev" });
    expect((await stage.settled(runId)).outcome).toBe("ready");
    const lines = printed();
    for (const odd of [1, 3, 5, 7]) isBefore(lines, `process${odd}`, `process${odd + 1}`);
  });

  test("environment case 7: dependent-on-failing-log-line", async () => {
    const outcome = await play("fixtures/process-compose-dependent-on-failing-log-line.yml");
    // The whole project ends with it, so that the waiter, which never ran, is stopped rather than skipped.
    expect(outcome).toMatchObject({ outcome: "failed", endedBy: { service: "failer", exit: { code: 1 } } });
    expect(printed()).toEqual([]);
  });

  test("environment case 8: chain", async () => {
    const { detection } = await read("fixtures-code/process-compose-chain.yaml");
    expect(detection.order.flat()).toEqual(upTo(8).toReversed());
  });

  test("environment case 9: chain-exit", async () => {
    const outcome = await play("fixtures-code/process-compose-chain-exit.yaml");
    expect(outcome.endedBy).toMatchObject({ service: "process8", exit: { code: 42 } });
  });

  test("environment case 10: circular and non-circular", async () => {
    const circular = await read("fixtures-code/process-compose-circular.yaml");
    const problem = circular.detection.problems.find(({ code }) => code === "dependency_cycle");
    expect(problem?.message).toContain("process1");
    expect(problem?.message).toContain("process2");
    expect(() => stage.world.environment.start({ detected: circular, profile: "dev" })).toThrow(/process/);
    expect((await play("fixtures-code/process-compose-non-circular.yaml")).outcome).toBe("ready");
  });

  test("environment case 11: transitive-dep", async () => {
    expect((await play("fixtures-code/process-compose-transitive-dep.yaml")).outcome).toBe("failed");
    expect(stage.phases()).toEqual({ procA: "failed", procB: "skipped", procC: "skipped" });
    expect(printed()).toEqual([]);
  });

  test("environment case 12: shutdown-inorder", async () => {
    const log = join(stage.world.folder, "shutdown.log");
    const detected = await read("fixtures-code/process-compose-shutdown-inorder.yaml");
    const services = new Map(
      [...detected.services].map(([name, service]) => [
        name,
        { ...service, environment: { ...service.environment, PC_TEST_SHUTDOWN_LOG: log } },
      ]),
    );
    const { runId } = stage.world.environment.start({ detected: { ...detected, services }, profile: "dev" });
    expect((await stage.settled(runId)).outcome).toBe("ready");
    await stage.world.environment.stop();
    const order = readFileSync(log, "utf8").trim().split("\n");
    expect(order[0]).toBe("B: exit");
    expect(order.slice(1, 3).toSorted()).toEqual(["C: exit", "D: exit"]);
    expect(order[3]).toBe("A: exit");
  });

  test("environment case 13: success-exit-codes", async () => {
    await play("fixtures-code/process-compose-success-exit-codes.yaml");
    expect(stage.phases()).toEqual({ allowed: "completed", control: "failed" });
    expect(restarts()).toEqual({ allowed: 0, control: 1 });
  });

  test("environment case 14: success-exit-on-end", async () => {
    const detected = await read("fixtures-code/process-compose-success-exit-on-end.yaml");
    const ends = async (services: DetectedProject["services"]) => {
      const { runId } = stage.world.environment.start({ detected: { ...detected, services }, profile: "dev" });
      const outcome = await stage.settled(runId);
      await stage.world.environment.stop();
      return outcome;
    };
    const endedBy = { service: "signal_exit", exit: { code: 130 } };
    expect(await ends(detected.services)).toMatchObject({ failures: [], endedBy });
    // The control of process-compose's own test: without the list of codes the same end is a failure.
    const strict = [...detected.services].map(
      ([name, service]) => [name, { ...service, rules: { ...service.rules, successExitCodes: [] } }] as const,
    );
    expect(await ends(new Map(strict))).toMatchObject({ outcome: "failed", endedBy });
  });

  test("environment case 15: scale", async () => {
    const detected = await read("fixtures-code/process-compose-scale.yaml");
    stage.world.environment.start({ detected, profile: "dev" });
    const names = () => Object.keys(stage.phases()).toSorted();
    expect(names()).toEqual(["process1-0", "process1-1", "process2", "process3"]);
    stage.world.environment.scale("process1", 10);
    await until("twelve services", 10_000, () => names().length === 12);
    expect(names()[0]).toBe("process1-00");
    expect(() => stage.world.environment.scale("process1", 0)).toThrow();
    stage.world.environment.scale("process1", 1);
    await until("three services", 10_000, () => names().length === 3);
    stage.world.environment.scale("process2", 5);
    await until("seven services", 10_000, () => names().length === 7);
  });

  test("environment case 16: env-file", async () => {
    const detected = await read("fixtures-code/process-compose-env-file.yaml", { beside: ["fixtures-code/.env.test"] });
    // Its folder is two above, as process-compose's tests lie; here that would lead out of the project.
    expect(detected.detection.problems.map(({ message }) => message).join(" ")).toContain(".env.test");
    expect(detected.services.get("test_env_file")?.environment).not.toHaveProperty("MY_NAME");
    expect(detected.services.get("test_env_file")?.plan.command).toBe("echo My name is $MY_NAME");
  });

  test("environment case 17: with-log", async () => {
    await play("fixtures-code/process-compose-with-log.yaml");
    for (const name of ["pc.log-test.log", "pc.proc6.log-test.log"])
      expect(existsSync(join(stage.world.folder, name)), name).toBe(true);
  });

  test("environment case 18: process-extends and with-extends", async () => {
    const { services } = await read("fixtures-code/process-compose-process-extends.yaml");
    expect(services.get("derived")?.environment).toMatchObject({ FOO: "override", SHARED: "base", EXTRA: "2" });
    expect(services.get("derived")?.restart.mode).toBe("always");
    expect(services.get("chain_top")?.plan.command).toBe("echo top");
    expect(services.get("chain_top")?.environment).toMatchObject({ FOO: "override", SHARED: "base" });
    copyFileSync(
      join(checkout ?? "", "fixtures-code/process-compose-chain.yaml"),
      join(stage.world.folder, "process-compose-chain.yaml"),
    );
    const extended = await read("fixtures-code/process-compose-with-extends.yaml");
    expect(extended.services.get("process1")?.plan.command).toBe("echo extending");
    expect(extended.services.size).toBe(8);
  });

  test("environment case 19: namespaces", async () => {
    const named = async (fixture: string, profile: string) =>
      (await read(fixture, { profile })).detection.services.map(({ name }) => name).toSorted();
    expect(await named("fixtures-code/process-compose-multi-namespace.yaml", "foobar")).toEqual(["bar", "foo"]);
    expect(await named("fixtures-code/process-compose-namespace-profiles.yaml", "customer")).toEqual(["customer-api"]);
    const pruned = await read("fixtures-code/process-compose-namespace-deps.yaml", { profile: "foo" });
    expect(pruned.detection.services.map(({ name }) => name).toSorted()).toEqual(["foo", "foo_helper"]);
    expect(pruned.detection.problems.map(({ severity }) => severity)).toEqual(["warning"]);
  });
}
