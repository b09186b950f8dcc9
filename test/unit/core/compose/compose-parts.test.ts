/** The parts of the containers' runtime, each by itself: the queue, the override, what is watched and what is read. */
import { describe, expect, test } from "vitest";
import type { ServicePort } from "#shared/schema/service.ts";
import { composeError } from "../../../../electron/core/compose/compose-error.ts";
import { isAtLeast, overrideText, type OverrideInput } from "../../../../electron/core/compose/compose-override.ts";
import { ComposeQueue, type QueuedWork } from "../../../../electron/core/compose/compose-queue.ts";
import { ContainerUsage, parseStats } from "../../../../electron/core/compose/container-usage.ts";
import { ContainerWatch, type ContainerState } from "../../../../electron/core/compose/container-watch.ts";
import { AppError } from "../../../../electron/core/lib/error.ts";
import { silentLogger } from "../../../../electron/core/lib/logger.ts";
import type { OwnedProcess } from "../../../../electron/core/process/owned.ts";
import { ManualClock } from "../../../support/manual-clock.ts";
import { until } from "../../../support/until.ts";

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

describe("the queue of a compose project", () => {
  function make(run: (services: string[], signal: AbortSignal) => Promise<void>) {
    const done: string[] = [];
    const queue = new ComposeQueue<"up" | "stop", string>(async (kind, batch, signal) => {
      const services = batch.map(({ service }) => service);
      done.push(`${kind} ${services.join("+")}`);
      await run(services, signal);
      return ({ service }) => `${service} done`;
    });
    return { queue, done };
  }
  const work = (service: string, more: Partial<QueuedWork<"up" | "stop">> = {}) => ({
    kind: "up" as const,
    service,
    ...more,
  });

  test("does together what is asked for at one time, and keeps the order of different kinds", async () => {
    const { queue, done } = make(() => turn());
    const answers = ["a", "b", "a"].map((service) => queue.add(work(service)));
    answers.push(queue.add(work("c", { kind: "stop" })), queue.add(work("d")));
    expect(await Promise.all(answers)).toEqual(["a done", "b done", "a done", "c done", "d done"]);
    expect(done).toEqual(["up a+b", "up a", "stop c", "up d"]);
  });

  test("tries one by one what failed together, so that each hears of its own failure", async () => {
    const { queue, done } = make((services) => (services.includes("bad") ? Promise.reject(new Error("no")) : turn()));
    const results = await Promise.allSettled([queue.add(work("a")), queue.add(work("bad")), queue.add(work("b"))]);
    expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(done).toEqual(["up a+bad+b", "up a", "up bad", "up b"]);
  });

  test("gives up at once what is called off, and begins the others of the batch anew", async () => {
    const controller = new AbortController();
    const { queue, done } = make((services, signal) =>
      services.includes("a")
        ? new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("killed"))))
        : turn(),
    );
    const called = queue.add(work("a", { signal: controller.signal }));
    const other = queue.add(work("b"));
    await until("the batch", 2_000, () => done.length === 1);
    controller.abort();
    await expect(called).rejects.toMatchObject({ name: "AbortError" });
    expect(await other).toBe("b done");
    expect(done).toEqual(["up a+b", "up b"]);
  });
});

describe("the override", () => {
  const port = (value: number): ServicePort => ({ name: String(value), port: value, env: null });
  const entry = { target: "80", published: "8080", hostIp: "127.0.0.1", protocol: "tcp", planned: 0, variable: null };
  const input = (more: Partial<OverrideInput> = {}): OverrideInput => ({
    run: { kind: "compose", service: "web", published: [entry], containerName: null, networks: ["default"] },
    planned: [port(8080)],
    given: [port(8080)],
    nameTaken: false,
    ...more,
  });

  test("is none where nothing is different", () => expect(overrideText([input()])).toBeNull());

  test("publishes moved ports beside those that stay, and speaks of strange names as texts", () => {
    const run = {
      ...input().run,
      service: "on",
      published: [
        entry,
        { ...entry, target: "53", published: "53", protocol: "udp", hostIp: null, planned: null },
        { ...entry, target: "90-92", published: null, hostIp: null, planned: null },
      ],
    };
    expect(overrideText([input({ run, given: [port(8123)] })])).toBe(`# Written by Deckhand at each start.
services:
  "on":
    ports: !override
      - {"target":80,"published":"8123","host_ip":"127.0.0.1","protocol":"tcp"}
      - {"target":53,"published":"53","protocol":"udp"}
      - {"target":"90-92","protocol":"tcp"}
`);
  });

  test("gives up a name that is taken and keeps it on the networks; a dollar stays one", () => {
    const run = { ...input().run, containerName: "a$b", networks: ["front", "back"] };
    expect(overrideText([input({ run, nameTaken: true })])).toContain(`    container_name: !reset null
    networks:
      "front": { aliases: ["a$$b"] }
      "back": { aliases: ["a$$b"] }`);
    expect(overrideText([input({ run: { ...run, networks: null }, nameTaken: true })])).not.toContain("networks");
  });

  test("does not depend on who was started first", () => {
    const [a, b] = ["a", "b"].map((service) => input({ run: { ...input().run, service }, given: [port(9000)] }));
    expect(overrideText([a!, b!])).toBe(overrideText([b!, a!]));
  });

  test.each([
    ["2.24.4", true],
    ["2.26.1-4", true],
    ["v3.0", true],
    ["2.24.3", false],
    ["2.9.0", false],
    ["1.29.2", false],
    ["nonsense", false],
  ])("docker compose %s can be told: %s", (version, expected) => expect(isAtLeast(version, [2, 24, 4])).toBe(expected));
});

describe("what docker says when it fails", () => {
  test.each([
    ["Bind for 127.0.0.1:80 failed: port is already allocated", "port_in_use"],
    ["Cannot connect to the Docker daemon at unix:///x", "docker_stopped"],
    ["error during connect: Get http://x: EOF", "docker_stopped"],
    ["no such service: x", "compose_failed"],
    ["", "compose_failed"],
  ])("%j is %s", (stderr, code) => {
    expect(composeError("docker compose up", { code: 1, stdout: "", stderr })).toMatchObject({ code });
  });
});

describe("readings of containers", () => {
  const id = "a".repeat(64);
  const line = (memory: string, cpu = "1.50%") =>
    JSON.stringify({ ID: id, CPUPerc: cpu, MemUsage: `${memory} / 3.8GiB`, PIDs: "2" });

  test.each([
    ["3.5MiB", 3_670_016],
    ["512B", 512],
    ["1.2GiB", 1_288_490_189],
    ["10kB", 10_000],
  ])("%s", (text, bytes) => {
    expect(parseStats(line(text)).get(id)).toEqual({
      memoryBytes: bytes,
      cpuPercent: 1.5,
      processes: 2,
      busiest: null,
    });
  });

  test("lines that are none are left out", () => {
    expect(parseStats(`${line("--")}\n{"ID":1}\n{"ID"\nnoise\n\n${line("1B", "--")}`).get(id)).toMatchObject({
      cpuPercent: null,
    });
  });

  test("are asked for by those who look, all together, at most every five seconds; a failure is no reading", async () => {
    const clock = new ManualClock();
    const asked: (readonly string[])[] = [];
    let answer: () => Promise<string> = () => Promise.resolve(line("1MiB"));
    const usage = new ContainerUsage({ clock, logger: silentLogger, stats: (ids) => (asked.push(ids), answer()) });
    usage.add(id);
    usage.add("b");
    expect(usage.of(id)).toBeNull();
    await until("the reading", 2_000, () => usage.of(id) !== null);
    expect(asked).toEqual([[id, "b"]]);
    usage.delete("b");
    answer = () => Promise.reject(new Error("gone"));
    clock.advance(6_000);
    usage.of(id);
    await until("the end of the reading", 2_000, () => usage.of(id) === null);
    expect(asked).toEqual([[id, "b"], [id]]);
  });
});

describe("what is watched", () => {
  const running: ContainerState = {
    running: true,
    restarting: false,
    exitCode: 0,
    health: "none",
    restarts: 0,
  };

  function make(inspect: (ids: readonly string[]) => Promise<ReadonlyMap<string, ContainerState>>, follows = true) {
    const clock = new ManualClock();
    const events: (() => void)[] = [];
    const ends: (() => void)[] = [];
    const watch = new ContainerWatch({
      clock,
      logger: silentLogger,
      inspect,
      follow: (onEvent) => {
        if (!follows) return Promise.reject(new Error("no events"));
        events.push(onEvent);
        let end: () => void = () => undefined;
        const exited = new Promise<{ code: number | null; signal: string | null }>((resolve) => {
          end = () => resolve({ code: 0, signal: null });
        });
        ends.push(end);
        return Promise.resolve({ exited, stop: () => (end(), Promise.resolve({})) } as unknown as OwnedProcess);
      },
    });
    return { watch, clock, events, ends };
  }

  test("is known after the first look, again after each event and at each pulse, and not at all once nobody watches", async () => {
    let looks = 0;
    const { watch, clock, events } = make((ids) => {
      looks += 1;
      return Promise.resolve(new Map(ids.map((id) => [id, { ...running, restarts: looks }])));
    });
    const container = watch.add("a", () => undefined);
    expect(container.state()).toBeUndefined();
    await until("what docker says", 2_000, () => container.state() !== undefined);
    expect(container.state()?.running).toBe(true);
    await until("the follower", 2_000, () => events.length === 1);
    let before = looks;
    events[0]!();
    await until("a look", 2_000, () => looks > before);
    before = looks;
    clock.advance(10_001);
    await until("the pulse", 2_000, () => looks > before);
    container.end();
    before = looks;
    events[0]!();
    clock.advance(30_000);
    await turn();
    expect(looks).toBe(before);
  });

  test("an engine that does not answer is trouble, and no container has ended; it is over when it answers", async () => {
    let answers = true;
    const { watch, clock, ends } = make((ids) =>
      answers
        ? Promise.resolve(new Map(ids.map((id) => [id, running])))
        : Promise.reject(new AppError("docker_stopped", "away")),
    );
    let told = 0;
    const container = watch.add("a", () => (told += 1));
    await until("what docker says", 2_000, () => container.state() !== undefined);
    answers = false;
    await until("the follower", 2_000, () => ends.length === 1);
    ends[0]!();
    await until("the trouble", 2_000, () => watch.trouble !== null);
    expect(watch.trouble).toMatchObject({ code: "docker_stopped" });
    expect(container.state()).toEqual(running);
    answers = true;
    const before = told;
    clock.advance(1_001);
    await until("its end", 2_000, () => watch.trouble === null && told > before);
    container.end();
  });

  test("what was known of one that is watched anew is not believed, as that it was unhealthy or had ended", async () => {
    let state: ContainerState = { ...running, running: false, health: "unhealthy" };
    let looks = 0;
    const { watch } = make((ids) => {
      looks += 1;
      return Promise.resolve(new Map(ids.map((id) => [id, state])));
    });
    const other = watch.add("b", () => undefined);
    const before = watch.add("a", () => undefined);
    await until("what docker says", 2_000, () => before.state() !== undefined);
    before.end();
    state = running;
    const seen: (ContainerState | null | undefined)[] = [];
    const again = watch.add("a", () => seen.push(again.state()));
    expect(again.state()).toBeUndefined();
    await until("a look", 2_000, () => again.state() !== undefined);
    expect(seen.filter((one) => one?.running === false)).toEqual([]);
    again.end();
    other.end();
    const count = looks;
    const last = watch.add("a", () => undefined);
    expect(last.state()).toBeUndefined();
    await until("a look of its own", 2_000, () => looks > count);
    last.end();
  });

  test("one that is gone is told apart from one that is not known yet; without events the pulse is left", async () => {
    const { watch } = make(() => Promise.resolve(new Map()), false);
    const container = watch.add("a", () => undefined);
    await until("what docker says", 2_000, () => container.state() !== undefined);
    expect(container.state()).toBeNull();
    container.end();
  });
});
