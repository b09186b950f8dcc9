/** Stops, restarts and crashes on real programs: what other orchestrators promise, and what their users complained of. */
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { systemProcesses } from "../../electron/core/process/system-processes.ts";
import { environmentStage, onFailure, script, shell, writes } from "../support/environment-stage.ts";
import { linesOf } from "../support/environment-world.ts";
import { until } from "../support/until.ts";

const stage = environmentStage();
const manyTimes = { max: 100, windowMs: 60_000 };

/** Pids that programs of the test wrote down, of those that still live. */
function alive(file: string): number[] {
  return linesOf(join(stage.world.folder, file))
    .map(Number)
    .filter((pid) => pid > 1 && systemProcesses().read(pid)?.dead === false);
}

describe("stops", () => {
  test("environment case 20: TestProcShutDownWithConfiguredTimeOut, one that ignores SIGTERM is stopping until the grace is over, then gone", async () => {
    await stage.run(
      shell("stubborn", "trap '' TERM; echo $$ > pids; while :; do sleep 0.2; done", { more: { graceMs: 1_000 } }),
    );
    const began = performance.now();
    const stopped = stage.world.environment.stop();
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(stage.phases()["stubborn"]).toBe("stopping");
    expect(alive("pids")).toHaveLength(1);
    await stopped;
    expect(performance.now() - began).toBeGreaterThanOrEqual(1_000);
    expect(performance.now() - began).toBeLessThan(3_000);
    expect(alive("pids")).toEqual([]);
  });

  test("environment case 21: TestTerminatingWithOrphanedChildHoldingPipe, a child in a session of its own that holds the pipes holds nothing up", async () => {
    await stage.run(
      shell(
        "parent",
        "setsid sh -c 'echo $$ >> pids; trap \"\" TERM; while :; do sleep 0.2; done' & echo $$ >> pids; exec sleep 600",
      ),
    );
    await until("both", 5_000, () => alive("pids").length === 2);
    const began = performance.now();
    await stage.world.environment.stop();
    expect(performance.now() - began).toBeLessThan(6_000);
    expect(alive("pids")).toEqual([]);
  });

  test("environment case 23: TestRestartingProcessShutDown, a stop during the backoff is immediate", async () => {
    stage.begin([shell("crashes", "exit 1", { restart: { mode: "always", limit: manyTimes } })]);
    await until("a backoff of a second or more", 15_000, () => {
      const { phase, restarts } = stage.world.service("crashes");
      return phase === "backoff" && restarts >= 2;
    });
    const began = performance.now();
    await stage.world.environment.stop();
    expect(performance.now() - began).toBeLessThan(200);
    expect(stage.phases()["crashes"]).toBe("stopped");
  });

  test("environment case 24: issue_530, stops and restarts of one that waits never wedge it and never make a second one", async () => {
    const services = [
      shell("gate", "until [ -e open ]; do sleep 0.05; done", { kind: "task" }),
      shell("waits", "echo $$ >> pids; exec sleep 600", { needs: { gate: "service_completed_successfully" } }),
    ];
    stage.begin(services);
    await stage.reaches({ waits: "waiting" });
    for (let round = 0; round < 20; round += 1) {
      stage.world.environment.restart(["waits"]);
      expect(stage.phases()["waits"]).toBe("waiting");
      await stage.world.environment.stop(["waits"]);
      expect(stage.phases()["waits"]).toBe("stopped");
      stage.begin(services);
      await stage.reaches({ waits: "waiting" });
    }
    await stage.settled(stage.begin([...services, shell("opens", "touch open", { kind: "task" })]));
    await stage.reaches({ waits: "running" });
    await until("its pid", 5_000, () => alive("pids").length > 0);
    expect(linesOf(join(stage.world.folder, "pids"))).toHaveLength(1);
    await stage.world.environment.stop();
    expect(alive("pids")).toEqual([]);
  });

  test("environment case 38: test_stop_kills_private_process_groups_in_service_session, and the grace is one for all of them", async () => {
    // `set -m` gives each job a group of its own, within the session.
    const child = "sh -c 'trap \"\" TERM; echo $$ >> pids; while :; do sleep 0.2; done'";
    await stage.run(shell("groups", `set -m; ${child} & ${child} & ${child} & wait`, { more: { graceMs: 700 } }));
    await until("three groups", 5_000, () => alive("pids").length === 3);
    const began = performance.now();
    await stage.world.environment.stop();
    // Three graces one after the other would be 2.1 s.
    expect(performance.now() - began).toBeLessThan(2_000);
    expect(alive("pids")).toEqual([]);
  });

  test("environment case 38: test_stop_reports_stopping_and_signals_leader_once", async () => {
    await stage.run(
      shell("once", "trap 'echo TERM >> order.txt' TERM; touch up; until [ -e end ]; do sleep 0.05; done", {
        more: { graceMs: 1_500 },
      }),
    );
    await until("its trap", 5_000, () => linesOf(join(stage.world.folder, "up")).length > 0);
    const stops = [1, 2, 3].map(() => stage.world.environment.stop());
    await until("the signal", 5_000, () => stage.lines().length > 0);
    expect(stage.phases()["once"]).toBe("stopping");
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(stage.lines()).toEqual(["TERM"]);
    await Promise.all(stops);
  });

  test.each([
    ["TestStopsGrandchildren", "sh -c 'echo $$ >> pids; while :; do sleep 0.2; done'"],
    ["TestStopsBackgroundGrandchildren", "sh -c 'echo $$ >> pids; while :; do sleep 0.2; done' & sleep 600"],
    ["TestShutdownOnCancel", "sh -c 'echo $$ >> pids; while :; do sleep 0.2; done' & wait"],
  ])("environment case 42: %s, nothing of the tree is left", async (_, line) => {
    await stage.run(shell("tree", `sh -c "${line.replaceAll("$", "\\$")}" ; true`));
    await until("the grandchild", 5_000, () => alive("pids").length === 1);
    await stage.world.environment.stop();
    expect(alive("pids")).toEqual([]);
  });
});

describe("restarts", () => {
  test("environment case 28: restarts and stops that cross leave one instance or none, as the last one says", async () => {
    const services = [shell("one", "echo $$ >> pids; exec sleep 600")];
    await stage.run(...services);
    const { environment } = stage.world;
    for (let round = 0; round < 5; round += 1) {
      for (let wish = 0; wish < 5; wish += 1) environment.restart(["one"]);
      void environment.stop();
      environment.restart(["one"]);
    }
    await stage.reaches({ one: "running" });
    await until("one instance", 5_000, () => alive("pids").length === 1);
    environment.restart(["one"]);
    await environment.stop();
    expect(stage.phases()["one"]).toBe("stopped");
    expect(alive("pids")).toEqual([]);
  });

  test("environment case 28: TestRestartWhilePendingPrematureProjectShutdown, a restart of one that waits ends nothing", async () => {
    stage.begin([
      shell("slow", "sleep 0.6", { kind: "task" }),
      { ...writes("after"), needs: { slow: "service_completed_successfully" } },
    ]);
    await stage.reaches({ after: "waiting" });
    stage.world.environment.restart(["after"]);
    await stage.reaches({ slow: "completed", after: "completed" });
    expect(stage.lines()).toEqual(["after"]);
  });

  test("environment case 38: test_shutdown_during_restart_does_not_start_again", async () => {
    await stage.run(shell("one", "echo $$ >> pids; trap 'sleep 0.4; exit 0' TERM; while :; do sleep 0.05; done"));
    await until("its pid", 5_000, () => alive("pids").length === 1);
    stage.world.environment.restart(["one"]);
    await stage.reaches({ one: "stopping" });
    await stage.world.environment.stop();
    expect(stage.world.service("one")).toMatchObject({ phase: "stopped", generation: 1 });
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(linesOf(join(stage.world.folder, "pids"))).toHaveLength(1);
  });

  test("environment case 39: test_max_restarts_limit, then a start by hand begins anew and tells a fresh status", async () => {
    const crashes = shell("crashes", "[ -e mended ] && exec sleep 600; exit 3", { restart: onFailure(2) });
    await stage.run(crashes);
    await stage.reaches({ crashes: "failed" });
    expect(stage.world.service("crashes")).toMatchObject({ restarts: 2, exit: { code: 3 } });
    const runs = stage.world.environment.history("crashes");
    expect(runs.map(({ generation, exit, outcome }) => [generation, exit?.code, outcome])).toEqual([
      [1, 3, "failed"],
      [2, 3, "failed"],
      [3, 3, "failed"],
    ]);
    await stage.settled(stage.begin([crashes, shell("mends", "touch mended", { kind: "task" })], ["mends"]));
    stage.begin([crashes]);
    await stage.reaches({ crashes: "running" });
    expect(stage.world.service("crashes")).toMatchObject({ restarts: 0, exit: null, failure: null, why: null });
  });

  test("environment case 43: auto_restart, one that throws is given up on after its restarts, with what it said", async () => {
    await stage.run(script("throws", `throw new Error("exitcode 134")`, { restart: onFailure(2) }));
    await stage.reaches({ throws: "failed" });
    expect(stage.world.service("throws")).toMatchObject({ restarts: 2, failure: { code: "service_exited" } });
    expect(stage.world.service("throws").why).toContain("Error: exitcode 134");
  });

  test("environment case 43: exp_backoff, the pauses grow and begin anew after a start by hand", async () => {
    const crashes = shell("crashes", "date +%s%N >> starts; exit 1", { restart: onFailure(3) });
    await stage.run(crashes);
    await stage.reaches({ crashes: "failed" });
    const times = stage.lines("starts").map((time) => Number(time) / 1e6);
    const gaps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
    for (const [index, least] of [450, 900, 1_800].entries()) {
      expect(gaps[index]).toBeGreaterThanOrEqual(least);
      expect(gaps[index]).toBeLessThan(least * 2);
    }
    stage.begin([crashes]);
    await until("a fifth start", 5_000, () => stage.lines("starts").length === 5);
    await until("a sixth", 1_500, () => stage.lines("starts").length === 6);
  });

  test("environment case 40: process-task-failure, a failed task stops its siblings, where its author says so", async () => {
    const outcome = await stage.run(
      shell("task", "sleep 0.2; exit 3", { kind: "task", rules: { endsEnvironment: "failure" } }),
      shell("sibling", "sleep 600", { kind: "task" }),
      { ...writes("behind"), needs: { sibling: "service_completed_successfully" } },
    );
    expect(outcome).toMatchObject({ outcome: "failed", endedBy: { service: "task", exit: { code: 3 } } });
    await stage.reaches({ task: "failed", sibling: "stopped", behind: "stopped" });
    expect(stage.lines()).toEqual([]);
  });

  test("environment case 43: infinite-loop.sh, a program that never yields is ended all the same", async () => {
    await stage.run(
      script(
        "loops",
        `require("node:fs").writeFileSync("pids", String(process.pid)); process.on("SIGTERM", () => 0); for (;;);`,
        {
          more: { graceMs: 300 },
        },
      ),
    );
    await until("it", 10_000, () => alive("pids").length === 1);
    await stage.world.environment.stop();
    expect(alive("pids")).toEqual([]);
  });

  test("environment case 43: listen-timeout.sh, one that never says that it is ready is told as such at its deadline", async () => {
    const outcome = await stage.run(
      shell("mute", "exec sleep 600", {
        probe: { kind: "notify" },
        rules: { readiness: { deadlineMs: 300 } },
        restart: { mode: "no" },
      }),
    );
    expect(outcome.failures[0]?.failure).toMatchObject({ code: "not_ready" });
    expect(outcome.failures[0]?.failure.message).toContain("has not sent READY=1 to its NOTIFY_SOCKET");
  });

  test("the one that needs it is restarted with a service, where its author says so, and nobody else", async () => {
    const needs = (restart: boolean) => ({ needs: { db: { condition: "service_healthy" as const, restart } } });
    const healthy = { probe: { kind: "log" as const, pattern: "up" } };
    await stage.run(
      shell("db", "echo up; exec sleep 600", healthy),
      shell("follows", "exec sleep 600", needs(true)),
      shell("stays", "exec sleep 600", needs(false)),
    );
    stage.world.environment.restart(["db"]);
    await until("the second lives", 10_000, () => stage.world.service("follows").generation === 2);
    await stage.reaches({ db: "running", follows: "running" });
    expect(stage.world.service("stays").generation).toBe(1);
    const halted = stage.world.audit.find(({ service, to }) => service === "follows" && to === "stopping");
    expect(halted).toMatchObject({ actor: "policy", reason: "db was restarted" });
    // A stop of it alone restarts nobody.
    await stage.world.environment.stop(["db"]);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(stage.world.service("follows")).toMatchObject({ phase: "running", generation: 2 });
  });

  test("a disabled one is shown, and started only when it is named or needed", async () => {
    const services = [
      shell("tool", "exec sleep 600", { rules: { disabled: true } }),
      shell("needed", "exec sleep 600", { rules: { disabled: true } }),
      shell("web", "exec sleep 600", { needs: { needed: "service_started" } }),
    ];
    await stage.settled(stage.begin(services));
    expect(stage.phases()).toEqual({ tool: "disabled", needed: "running", web: "running" });
    expect(stage.world.environment.status().phase).toBe("ready");
    await stage.settled(stage.begin(services, ["tool"]));
    expect(stage.phases()["tool"]).toBe("running");
    await stage.world.environment.stop();
    expect(stage.phases()["tool"]).toBe("stopped");
  });
});

describe("output", () => {
  test("environment case 43: log-create-not-exist-dir.sh, a log file of its own is made with its folders, and never outside", async () => {
    const outside = mkdtempSync(join(tmpdir(), "deckhand-outside-"));
    symlinkSync(outside, join(stage.world.folder, "link"));
    const logs = (logFile: string) => ({ kind: "task" as const, rules: { logFile } });
    try {
      await stage.run(
        shell("api", "sleep 0.3; echo '\\033[32mgreen\\033[0m words'; echo wrong >&2", logs("logs/deep/api.log")),
        shell("one", "sleep 0.3; echo from one", logs("logs/both.log")),
        shell("two", "sleep 0.3; echo from two", logs("logs/both.log")),
        shell("climbs", "sleep 0.3; echo secret", logs("../climbs.log")),
        shell("follows", "sleep 0.3; echo secret", logs("link/new/follows.log")),
      );
      await stage.world.environment.stop();
      const text = (path: string) => readFileSync(join(stage.world.folder, path), "utf8");
      await until("the lines", 5_000, () => text("logs/deep/api.log").includes("stderr wrong"));
      expect(text("logs/deep/api.log")).toMatch(/^\S+Z stdout green words$/m);
      await until("both", 5_000, () => text("logs/both.log").split("\n").length > 4);
      expect(text("logs/both.log")).toMatch(/Z one stdout from one$/m);
      expect(text("logs/both.log")).toMatch(/Z two stdout from two$/m);
      expect(readdirSync(outside)).toEqual([]);
      expect(existsSync(join(stage.world.folder, "../climbs.log"))).toBe(false);
      expect(stage.world.book.text()).toContain("the log of climbs is not written to ../climbs.log: it is outside");
      expect(stage.world.book.text()).toContain("the log of follows is not written");
    } finally {
      rmSync(outside, { recursive: true });
    }
  });

  test("environment case 27: issue_57, one that writes as fast as it can is never held up, and its last line is there", async () => {
    await stage.run(
      shell(
        "chatty",
        'i=0; while [ $i -lt 40000 ]; do echo "line $i of a rather chatty program"; i=$((i+1)); done; echo the last',
        {
          kind: "task",
        },
      ),
    );
    expect(stage.phases()["chatty"]).toBe("completed");
    const lines = stage.world.book.lines.filter(({ source, stream }) => source === "chatty" && stream === "stdout");
    expect(lines).toHaveLength(40_001);
    expect(lines.at(-1)?.text).toBe("the last");
  });
});
