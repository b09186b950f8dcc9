/** Probes and hooks on real programs: what each kind of probe gates and what it ends, and the author's commands around a life. */
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { ServiceRules } from "../../electron/core/service/service-rules.ts";
import { environmentStage, onFailure, script, shell, writes } from "../support/environment-stage.ts";
import { freePort, listen } from "../support/environment-world.ts";
import { until } from "../support/until.ts";

const stage = environmentStage();
const exec = (line: string) => ({ kind: "exec" as const, command: ["/bin/sh", "-c", line] });
const server = (port: number, host = "127.0.0.1") =>
  `require("node:http").createServer((q, a) => a.end("ok")).listen(${port}, "${host}")`;

describe("readiness", () => {
  test("environment case 22: TestReadinessProbeRestart, a probe that never passes means exactly as many restarts as allowed", async () => {
    const outcome = await stage.run(
      shell("api", "exec sleep 600", {
        probe: exec("false"),
        rules: { readiness: { deadlineMs: 150 } },
        restart: onFailure(2),
      }),
    );
    // A run is over with the first missed deadline; the restarts go on.
    expect(outcome.outcome).toBe("failed");
    await stage.reaches({ api: "failed" });
    expect(stage.world.service("api")).toMatchObject({ restarts: 2, generation: 3, failure: { code: "not_ready" } });
  });

  test("environment case 25: issue_403, with `always` it is tried again and again", async () => {
    stage.begin([
      shell("api", "exec sleep 600", {
        probe: exec("false"),
        rules: { readiness: { deadlineMs: 100 } },
        restart: { mode: "always", limit: { max: 100, windowMs: 60_000 } },
      }),
    ]);
    await until("the third restart", 15_000, () => stage.world.service("api").restarts >= 3);
    expect(stage.phases()["api"]).not.toBe("failed");
  });

  test("environment case 30: TestUpServiceUnhealthy, a check that fails three times is told in time, and who waits never starts", async () => {
    const before = performance.now();
    const outcome = await stage.run(
      shell("fail", "exec sleep 600", {
        probe: exec("false"),
        rules: { readiness: { periodMs: 300, failureThreshold: 3, deadlineMs: 900 } },
        restart: { mode: "no" },
      }),
      { ...writes("waits"), needs: { fail: "service_healthy" } },
    );
    expect(performance.now() - before).toBeGreaterThanOrEqual(850);
    expect(performance.now() - before).toBeLessThan(5_000);
    expect(outcome.outcome).toBe("failed");
    expect(stage.phases()).toEqual({ fail: "failed", waits: "skipped" });
    expect(stage.lines()).toEqual([]);
  });

  test("environment case 31: TestUpWaitTimeout, who waits only so long gives up, and the service goes on", async () => {
    const runId = stage.begin([
      shell("slow", "exec sleep 600", { probe: exec("false"), rules: { readiness: { startPeriodMs: 120_000 } } }),
    ]);
    await stage.reaches({ slow: "running" });
    await expect(stage.world.environment.settled(runId, AbortSignal.timeout(300))).rejects.toThrow("aborted");
    expect(stage.world.service("slow")).toMatchObject({ phase: "running", health: "starting", generation: 1 });
  });

  test("environment case 32: TestStartInterval, with a period of 30 s it is ready within a few start intervals", async () => {
    const before = performance.now();
    await stage.run(
      shell("api", "sleep 0.6; touch there; exec sleep 600", {
        probe: exec("test -e there"),
        rules: { readiness: { periodMs: 30_000, startIntervalMs: 200, startPeriodMs: 60_000 } },
      }),
    );
    expect(stage.world.service("api").health).toBe("healthy");
    expect(performance.now() - before).toBeLessThan(5_000);
  });

  test("it only gates: one that turns unhealthy is not ended, and is well again by itself", async () => {
    await stage.run(
      shell("api", "touch there; exec sleep 600", {
        probe: exec("test -e there"),
        rules: { readiness: { periodMs: 100, failureThreshold: 2 } },
      }),
      shell("toggles", "sleep 0.5; rm there; sleep 1; touch there", { kind: "task" }),
    );
    expect(stage.world.audit.filter(({ to }) => to === "unhealthy")).toHaveLength(1);
    await until("its health", 5_000, () => stage.world.service("api").health === "healthy");
    expect(stage.world.service("api").generation).toBe(1);
  });

  test("a success threshold is honoured", async () => {
    await stage.run(
      shell("api", "exec sleep 600", {
        probe: exec("echo . >> probes.txt"),
        rules: { readiness: { successThreshold: 3, periodMs: 50 } },
      }),
    );
    expect(stage.lines("probes.txt").length).toBeGreaterThanOrEqual(3);
  });

  test("a probe that runs too long is ended with everything it started, and never overlaps the next", async () => {
    stage.begin([
      shell("api", "exec sleep 600", {
        probe: exec("echo begin >> probes.txt; (trap '' TERM; sleep 700) & sleep 700; echo never >> probes.txt"),
        rules: { readiness: { timeoutMs: 100 } },
      }),
    ]);
    await until("three probes", 20_000, () => stage.lines("probes.txt").length >= 3);
    const probes = stage.world.keeper.list().filter(({ name }) => name === "api (probe)");
    expect(probes.length).toBeLessThanOrEqual(1);
    await stage.world.environment.stop();
    await until("an empty list", 5_000, () => stage.world.keeper.list().length === 0);
    expect(stage.lines("probes.txt")).not.toContain("never");
  });

  test("environment case 43: wait-ready-event.sh, with notify it is ready when it says so to its socket, and not before", async () => {
    const library = join(import.meta.dirname, "../../node_modules/node-unix-socket");
    const source = `const { DgramSocket } = require(${JSON.stringify(library)});
      const { existsSync } = require("node:fs");
      const tell = (text) => new DgramSocket().sendTo(Buffer.from(text), 0, text.length, process.env.NOTIFY_SOCKET, () => undefined);
      tell("STATUS=still warming up");
      const look = setInterval(() => existsSync("go") && (clearInterval(look), tell("STATUS=there\\nREADY=1\\n")), 20);
      setInterval(() => undefined, 1000);`;
    stage.begin([
      script("api", source, { probe: { kind: "notify" } }),
      { ...writes("web"), needs: { api: "service_healthy" } },
    ]);
    await stage.reaches({ api: "running" });
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(stage.world.service("api").health).toBe("starting");
    expect(stage.phases()["web"]).toBe("waiting");
    await stage.settled(stage.begin([shell("opens", "touch go", { kind: "task" })]));
    await stage.reaches({ web: "completed" });
  });
});

describe("startup and liveness", () => {
  const liveness = (line: string, timings: ServiceRules["readiness"] = {}): Partial<ServiceRules> => ({
    liveness: { spec: exec(line), timings: { periodMs: 100, failureThreshold: 2, ...timings } },
  });

  test("a liveness probe that fails restarts the service, told as such", async () => {
    const api = shell("api", "touch alive; exec sleep 600", { rules: liveness("test -e alive") });
    await stage.run(api);
    await stage.settled(stage.begin([api, shell("breaks", "sleep 0.3; rm alive", { kind: "task" })], ["breaks"]));
    await until("the second life", 10_000, () => stage.world.service("api").generation === 2);
    await stage.reaches({ api: "running" });
    const ended = stage.world.audit.find(({ service, to }) => service === "api" && to === "stopping");
    expect(ended).toMatchObject({ actor: "probe", reason: expect.stringContaining("ended with code 1") });
    expect(stage.world.book.text()).toContain("api was ended because its liveness probe fails");
  });

  test("the startup probe holds the others back, and its deadline ends what never starts", async () => {
    await stage.run(
      shell("api", "sleep 0.5; touch started; exec sleep 600", {
        probe: exec("echo readiness >> probes.txt"),
        rules: {
          startup: { spec: exec("test -e started && echo startup >> probes.txt"), timings: { startIntervalMs: 50 } },
          ...liveness("echo liveness >> probes.txt"),
        },
      }),
    );
    expect(stage.lines("probes.txt")[0]).toBe("startup");
    expect(stage.lines("probes.txt").filter((line) => line === "startup")).toHaveLength(1);
    const never = await stage.run(
      shell("never", "exec sleep 600", {
        restart: { mode: "no" },
        rules: { startup: { spec: exec("false"), timings: { deadlineMs: 100 } } },
      }),
    );
    expect(never.outcome).toBe("failed");
    await stage.reaches({ never: "failed" });
  });

  test("http and tcp find a server that listens on ::1 alone, and on a port that was moved", async () => {
    const port = await freePort();
    const stranger = await listen(port);
    try {
      await stage.run(
        script("v6", `${server(0).replace('0, "127.0.0.1"', 'process.env.PORT, "::1"')}`, {
          port,
          probe: { kind: "http", url: `http://127.0.0.1:${port}/`, status: 200 },
          rules: { liveness: { spec: { kind: "tcp", port }, timings: {} } },
        }),
      );
      const given = stage.world.service("v6").ports[0]?.port;
      expect(given).not.toBe(port);
      expect(stage.world.service("v6").health).toBe("healthy");
    } finally {
      await new Promise((resolve) => stranger.close(resolve));
    }
  });
});

describe("hooks", () => {
  const sh = (line: string, deadlineMs = 5_000) => ({ argv: ["/bin/sh", "-c", line] as const, deadlineMs });
  const hooks = (given: Partial<ServiceRules["hooks"]>): Partial<ServiceRules> => ({
    hooks: { preStart: [], postStart: [], preStop: [], postStop: [], ...given },
  });

  test("environment case 37: TestPreStartHookMidSequenceFailure, the rest of the sequence and the service never run", async () => {
    const outcome = await stage.run(
      shell("api", "echo api >> order.txt; exec sleep 600", {
        rules: hooks({
          preStart: [sh("echo one >> order.txt"), sh("echo no >&2; exit 7"), sh("echo three >> order.txt")],
        }),
      }),
    );
    expect(outcome).toMatchObject({ outcome: "failed", failures: [{ failure: { code: "hook_failed" } }] });
    expect(stage.lines()).toEqual(["one"]);
    expect(stage.world.service("api")).toMatchObject({ phase: "failed", pid: null, restarts: 0 });
    expect(stage.world.service("api").why).toContain("ended with code 7");
    expect(stage.world.book.text()).toContain("stderr: no");
  });

  test("environment case 37: TestPreStopHookInError, the failure is told, and the service is stopped all the same", async () => {
    await stage.run(
      shell("api", "exec sleep 600", { rules: hooks({ preStop: [sh("exit 127"), sh("echo second >> order.txt")] }) }),
    );
    await stage.world.environment.stop();
    expect(stage.phases()["api"]).toBe("stopped");
    expect(stage.world.book.text()).toContain("of api ended with code 127.");
    expect(stage.lines()).toEqual(["second"]);
  });

  test("they run in their order around a life, in its folder, with its variables, and one that hangs is ended", async () => {
    const port = await freePort();
    await stage.run(
      script(
        "api",
        `${server(0).replace("0,", "process.env.PORT,")}; require("node:fs").appendFileSync("order.txt", "up\\n")`,
        {
          port,
          rules: hooks({
            preStart: [sh("echo pre-start $PORT $API_PORT >> order.txt")],
            postStart: [sh("echo post-start >> order.txt")],
            preStop: [sh("echo pre-stop >> order.txt; sleep 700", 200)],
            postStop: [sh("echo post-stop >> order.txt")],
          }),
        },
      ),
    );
    await until("the hook after its start", 5_000, () => stage.lines().includes("post-start"));
    await stage.world.environment.stop();
    expect(stage.lines()).toEqual([`pre-start ${port} ${port}`, "up", "post-start", "pre-stop", "post-stop"]);
    expect(stage.world.book.text()).toContain("Waited 200 ms for the pre-stop command");
  });

  test("one that fails after the start ends the service, and it is not tried again", async () => {
    await stage.run(shell("api", "exec sleep 600", { rules: hooks({ postStart: [sh("sleep 0.1; exit 3")] }) }));
    await stage.reaches({ api: "failed" });
    expect(stage.world.service("api")).toMatchObject({ restarts: 0, failure: { code: "hook_failed" } });
  });

  test("a stop in the middle of what comes before the start is a stop, at once", async () => {
    stage.begin([shell("api", "exec sleep 600", { rules: hooks({ preStart: [sh("sleep 700", 600_000)] }) })]);
    await until("the hook", 5_000, () => stage.world.keeper.list().some(({ name }) => name === "api (pre-start)"));
    const before = performance.now();
    await stage.world.environment.stop();
    expect(performance.now() - before).toBeLessThan(3_000);
    expect(stage.world.service("api")).toMatchObject({ phase: "stopped", failure: null });
  });
});

describe("stopping as the author wants it", () => {
  test("with a signal of his own", async () => {
    await stage.run(
      shell("api", "trap 'echo INT >> order.txt; exit 0' INT; trap '' TERM; touch up; while :; do sleep 0.05; done", {
        rules: { stop: { signal: "SIGINT", command: null } },
      }),
    );
    await until(
      "the trap",
      5_000,
      () => stage.lines("up").length > 0 || stage.world.service("api").phase === "running",
    );
    await stage.world.environment.stop();
    expect(stage.lines()).toEqual(["INT"]);
  });

  test("with a command, which is given time before the signal follows", async () => {
    await stage.run(
      shell(
        "api",
        "trap 'echo TERM >> order.txt; exit 0' TERM; until [ -e stop ]; do sleep 0.05; done; sleep 0.3; echo gently >> order.txt",
        {
          rules: { stop: { signal: "SIGTERM", command: { argv: ["/bin/sh", "-c", "touch stop"], deadlineMs: 5_000 } } },
        },
      ),
    );
    await stage.world.environment.stop();
    expect(stage.lines()).toEqual(["gently"]);
    expect(stage.phases()["api"]).toBe("stopped");
  });
});
