/** What looks after a service while it runs: its limits and its files; and who holds a port it cannot have. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { ServiceRules } from "../../electron/core/service/service-rules.ts";
import { environmentStage, script, shell } from "../support/environment-stage.ts";
import { createEnvironmentWorld, freePort, madeProject } from "../support/environment-world.ts";
import { until } from "../support/until.ts";

const stage = environmentStage();
const MIB = 1_024 ** 2;

describe("limits", () => {
  const limits = (given: Partial<NonNullable<ServiceRules["limits"]>>): Partial<ServiceRules> => ({
    limits: { memoryBytes: null, cpuPercent: null, cpuForMs: 1_000, onExceed: "restart", ...given },
  });
  /** Takes memory in a child of its own, so that only a look at the whole tree finds it. */
  const greedy = `
    const { spawn } = require("node:child_process");
    if (!require("node:fs").existsSync("modest")) spawn(process.execPath, ["-e", "const held = Buffer.alloc(300 * 1024 ** 2, 1); setInterval(() => held.length, 1000)"], { stdio: "ignore" });
    setInterval(() => undefined, 1000);`;

  test("memory of the whole tree: it is restarted, and why, log and audit say so", async () => {
    await stage.run(script("api", greedy, { rules: limits({ memoryBytes: 200 * MIB }), restart: { mode: "no" } }));
    await until("the limit", 15_000, () => stage.world.audit.some(({ to }) => to === "backoff"));
    const ended = stage.world.audit.find(({ to }) => to === "stopping");
    expect(ended).toMatchObject({
      actor: "policy",
      reason: expect.stringContaining("of memory, and its limit is 200 MiB"),
    });
    expect(stage.world.book.text()).toContain("api was ended: it uses");
    expect(stage.world.service("api").why).toContain("Starts again");
    writeFileSync(join(stage.world.folder, "modest"), "");
    await stage.reaches({ api: "running" });
    expect(stage.world.service("api").generation).toBe(2);
  });

  test("with `stop` it stays down; with `notify` it goes on and only tells", async () => {
    await stage.run(
      script("stops", greedy, { rules: limits({ memoryBytes: 200 * MIB, onExceed: "stop" }) }),
      script("tells", greedy, { rules: limits({ memoryBytes: 200 * MIB, onExceed: "notify" }) }),
    );
    await stage.reaches({ stops: "failed" });
    expect(stage.world.service("stops")).toMatchObject({ restarts: 0, failure: { code: "limit_exceeded" } });
    await until("the word of the other", 10_000, () => stage.world.audit.some(({ action }) => action === "exceed"));
    expect(stage.world.audit.filter(({ action }) => action === "exceed")).toMatchObject([
      { service: "tells", actor: "policy", reason: expect.stringContaining("its limit is 200 MiB") },
    ]);
    expect(stage.world.service("tells")).toMatchObject({ phase: "running", generation: 1 });
    expect(stage.world.service("tells").why).toContain("of memory");
  });

  test("the CPU of one core, over time", async () => {
    await stage.run(
      script("busy", "const end = Date.now() + 60_000; while (Date.now() < end);", {
        rules: limits({ cpuPercent: 20, cpuForMs: 1_000, onExceed: "stop" }),
      }),
      shell("idle", "exec sleep 600", { rules: limits({ cpuPercent: 20, cpuForMs: 1_000, onExceed: "stop" }) }),
    );
    await stage.reaches({ busy: "failed" }, 20_000);
    expect(stage.world.service("busy").failure).toMatchObject({ code: "limit_exceeded" });
    expect(stage.world.service("busy").why).toMatch(/has used \d+ % of a core for \d/);
    expect(stage.phases()["idle"]).toBe("running");
  });
});

describe("environment case 41: file_watching", () => {
  const watch = (given: Partial<NonNullable<ServiceRules["watch"]>> = {}): Partial<ServiceRules> => ({
    watch: { paths: ["src"], ignore: [], debounceMs: 150, ...given },
  });
  const write = (path: string) => {
    const file = join(stage.world.folder, path);
    mkdirSync(join(file, ".."), { recursive: true });
    writeFileSync(file, String(performance.now()));
  };
  const restarts = () => stage.world.audit.filter(({ action, service }) => action === "restart" && service === null);
  /** Changes until the watch has noticed one: from then on it notices each. */
  async function awake(path: string, name = "api"): Promise<number> {
    await until("a restart", 10_000, async () => {
      write(path);
      await new Promise((resolve) => setTimeout(resolve, 400));
      return stage.world.service(name).generation > 1;
    });
    await stage.reaches({ [name]: "running" });
    await quiet();
    return stage.world.service(name).generation;
  }
  const quiet = () => new Promise((resolve) => setTimeout(resolve, 700));

  test("a change restarts the service, told as the watch's doing with the path; rapid changes are one", async () => {
    write("src/a.js");
    await stage.run(shell("api", "exec sleep 600", { rules: watch() }), shell("other", "exec sleep 600"));
    const generation = await awake("src/a.js");
    const before = restarts().length;
    for (let index = 0; index < 20; index += 1) {
      write(`src/deep/file${index}.js`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await until("the restart", 10_000, () => stage.world.service("api").generation > generation);
    await quiet();
    expect(stage.world.service("api").generation).toBe(generation + 1);
    expect(restarts()).toHaveLength(before + 1);
    expect(restarts().at(-1)).toMatchObject({
      actor: "watch",
      reason: expect.stringMatching(/^api: src\/deep.* changed$/),
    });
    const halted = stage.world.audit.findLast(({ service, to }) => service === "api" && to === "stopping");
    expect(halted).toMatchObject({ actor: "watch", reason: expect.stringContaining("src/deep") });
    expect(stage.world.service("other").generation).toBe(1);
  });

  test("what is ignored, hidden, below node_modules or outside of the paths restarts nothing", async () => {
    write("src/a.js");
    await stage.run(
      shell("api", "exec sleep 600", { rules: watch({ ignore: ["*.test.js", "src/generated/**", "**/*.md"] }) }),
    );
    const generation = await awake("src/a.js");
    for (const path of [
      "src/a.test.js",
      "src/deep/b.test.js",
      "src/generated/deep/c.js",
      "src/read.md",
      "src/.hidden",
      "src/.cache/d.js",
      "src/node_modules/e/index.js",
      "elsewhere/f.js",
    ])
      write(path);
    await quiet();
    expect(stage.world.service("api").generation).toBe(generation);
    write("src/g.js");
    await until("the restart", 10_000, () => stage.world.service("api").generation === generation + 1);
    rmSync(join(stage.world.folder, "src/g.js"));
    await until("the restart after a removal", 10_000, () => stage.world.service("api").generation === generation + 2);
  });

  test("a service that crashed too often is given another chance by a change, and a stopped one is not", async () => {
    write("src/a.js");
    await stage.run(
      shell("api", "[ -e src/mended ] && exec sleep 600; exit 1", { rules: watch(), restart: { mode: "no" } }),
    );
    await stage.reaches({ api: "failed" });
    await until("another life", 10_000, async () => {
      write("src/mended");
      await new Promise((resolve) => setTimeout(resolve, 400));
      return stage.phases()["api"] === "running";
    });
    await stage.world.environment.stop();
    const { generation } = stage.world.service("api");
    write("src/a.js");
    await quiet();
    expect(stage.world.service("api")).toMatchObject({ phase: "stopped", generation });
  });

  test("one that changes its own files is not restarted for ever", async () => {
    write("src/a.js");
    stage.begin([
      shell("api", "while :; do date +%N > src/own; sleep 0.05; done", {
        rules: watch({ debounceMs: 10 }),
        more: { graceMs: 100 },
      }),
    ]);
    await until("the end of it", 40_000, () => stage.world.book.text().includes("seems to change its own files"));
    const { generation } = stage.world.service("api");
    await quiet();
    await stage.reaches({ api: "running" });
    expect(stage.world.service("api").generation).toBeLessThanOrEqual(generation + 1);
    expect(generation).toBeLessThanOrEqual(12);
  });
});

describe("a held port", () => {
  test("is told with the workspace and the service of ours that hold it", async () => {
    const port = await freePort();
    const holder = script("holder", `require("node:net").createServer().listen(${port}, "127.0.0.1")`, {
      probe: { kind: "tcp", port },
    });
    await stage.run(holder);
    const second = createEnvironmentWorld({ guardianPath: "", keeper: stage.world.keeper });
    try {
      const services = [script("late", `setInterval(() => 0, 1000)`, { port, env: null })];
      const detected = madeProject(second.folder, services);
      const { runId } = second.environment.start({ detected, profile: "dev" });
      await second.environment.settled(runId, AbortSignal.timeout(10_000));
      const late = second.service("late");
      expect(late.phase).toBe("blocked");
      expect(late.why).toMatch(/needs port \d+, which is used by .*\(pid \d+\): holder of the workspace shop\.$/);
      expect(late.failure).toMatchObject({
        code: "port_in_use",
        details: { port, holder: { pid: stage.world.service("holder").pid, owner: { name: "holder" } } },
      });
      expect(late.failure?.next).toContain("Stop holder there");
    } finally {
      await second.close();
    }
  });

  test("one that dies of EADDRINUSE within three seconds is blocked at once, not restarted", async () => {
    const port = await freePort();
    await stage.run(
      script("holder", `require("node:net").createServer().listen(${port}, "127.0.0.1")`, {
        probe: { kind: "tcp", port },
      }),
    );
    // Declared as movable, so that nobody looks before the start; the program takes the port all the same.
    const outcome = await stage.settled(
      stage.begin([
        script("holder", `require("node:net").createServer().listen(${port}, "127.0.0.1")`, {
          probe: { kind: "tcp", port },
        }),
        script("clashes", `require("node:net").createServer().listen(${port}, "127.0.0.1")`, {
          port: await freePort(),
          probe: null,
        }),
      ]),
    );
    expect(outcome.outcome).toBe("failed");
    expect(stage.world.service("clashes")).toMatchObject({
      phase: "blocked",
      restarts: 0,
      failure: { code: "port_in_use" },
    });
  });
});
