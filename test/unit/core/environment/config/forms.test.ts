/** The many ways in which one thing may be written. */
import { afterEach, describe, expect, test } from "vitest";
import { nearestWord } from "../../../../../electron/core/environment/config/nearest-word.ts";
import {
  durationMs,
  durationText,
  signalName,
  sizeBytes,
  sizeText,
} from "../../../../../electron/core/environment/config/units.ts";
import { detectIn, removeFolders } from "../../../../support/detect-folder.ts";

afterEach(removeFolders);

describe("units", () => {
  test.each([
    ["10s", 10_000],
    ["250ms", 250],
    ["1m30s", 90_000],
    ["1.5h", 5_400_000],
    ["2d", 172_800_000],
    ["500us", 1],
    [3, 3_000],
    ["3", 3_000],
    ["0", 0],
    ["", null],
    ["s", null],
    ["1 s", null],
    ["-1s", null],
    [-1, null],
    ["10000d", null],
    ["1s".repeat(50), null],
  ])("duration %s: %s ms", (text, ms) => expect(durationMs(text)).toBe(ms));

  test.each([
    ["1GiB", 1_073_741_824],
    ["1g", 1_073_741_824],
    ["1.5mb", 1_572_864],
    ["512k", 524_288],
    ["100b", 100],
    [2_048, 2_048],
    ["0", null],
    ["lots", null],
    ["1e9", null],
    ["9999999999999999999999g", null],
  ])("size %s: %s bytes", (text, bytes) => expect(sizeBytes(text)).toBe(bytes));

  test.each([0, 1, 250, 1_000, 90_000, 120_000, 3_600_000, 86_400_000])(
    "%s ms are written so that they read back",
    (ms) => expect(durationMs(durationText(ms))).toBe(ms),
  );
  test.each([1, 1_000, 1_024, 1_048_576, 1_073_741_824, 12_345])(
    "%s bytes are written so that they read back",
    (bytes) => expect(sizeBytes(sizeText(bytes))).toBe(bytes),
  );

  test("signals by name and number", () => {
    expect(["SIGINT", "int", "2", 2, "SIGNOPE", 0, ""].map(signalName)).toEqual([
      "SIGINT",
      "SIGINT",
      "SIGINT",
      "SIGINT",
      null,
      null,
      null,
    ]);
  });

  test("a mistyped word finds its likeness, another one does not", () => {
    const known = ["start_period", "interval", "retries"];
    expect(
      ["startPeriod", "intervall", "retrys", "colour", "x".repeat(50)].map((word) => nearestWord(word, known)),
    ).toEqual(["start_period", "interval", "retries", null, null]);
  });
});

async function service(yaml: string, more = "") {
  const { detection, services } = await detectIn({
    "deckhand.yaml": `services:\n  a:\n    command: ./a\n${yaml}\n${more}`,
  });
  return { problems: detection.problems, a: services.get("a")! };
}

describe("health checks", () => {
  const exec = (...command: string[]) => ({ kind: "exec", command });
  test.each([
    ["healthcheck: { test: [CMD, curl, -f, localhost] }", exec("curl", "-f", "localhost")],
    ["healthcheck: { test: [CMD-SHELL, curl -f x] }", exec("/bin/sh", "-c", "curl -f x")],
    ["healthcheck: { test: curl -f x }", exec("/bin/sh", "-c", "curl -f x")],
    ["healthcheck: { test: false }", exec("/bin/sh", "-c", "false")],
    ["healthcheck: { test: [NONE] }\n    ports: { http: 80 }", null],
    ["healthcheck: { test: NONE }", null],
    ["healthcheck: { test: x, disable: true }", null],
    ["healthcheck: false\n    ports: { http: 80 }", null],
    ["ports: { http: 80 }", { kind: "tcp", port: 80 }],
    ["healthcheck: { exec: { command: [a, b] } }", exec("a", "b")],
    ["healthcheck: { exec: [a, b] }", exec("a", "b")],
    ["healthcheck: { tcp: 5432 }", { kind: "tcp", port: 5432 }],
    ["healthcheck: { tcp: localhost:5432 }", { kind: "tcp", port: 5432 }],
    ["healthcheck: { tcp: db }\n    ports: { db: { prefer: 5433 } }", { kind: "tcp", port: 5433 }],
    ['healthcheck: { tcp: "${PORT}" }\n    ports: { db: { prefer: 5433 } }', { kind: "tcp", port: 5433 }],
    ["readinessProbe: { tcpSocket: { port: 5432 } }", { kind: "tcp", port: 5432 }],
    [
      "readinessProbe: { httpGet: { path: up, port: 80, httpHeaders: [{ name: A, value: b }] } }",
      { kind: "http", url: "http://127.0.0.1:80/up", headers: { A: "b" } },
    ],
    [
      "readiness_probe: { http_get: { host: localhost, num_port: 80, status_code: 204 } }",
      { kind: "http", url: "http://localhost:80/", status: 204 },
    ],
    [
      'healthcheck: { http: { url: "http://127.0.0.1:${PORT}/" } }\n    ports: { http: { prefer: 80 } }',
      { kind: "http", url: "http://127.0.0.1:${PORT}/" },
    ],
    [
      "healthcheck: { http: http://localhost:3000/up }\n    ports: { http: { prefer: 3000 } }",
      { kind: "http", url: "http://localhost:${PORT}/up" },
    ],
    [
      "healthcheck: { http: http://localhost:3000/up }\n    ports: { http: 3000 }",
      { kind: "http", url: "http://localhost:3000/up" },
    ],
    ["healthcheck: { log: ready in \\d+ ms }", { kind: "log", pattern: "ready in \\d+ ms" }],
    ["healthcheck: { log: { pattern: up } }", { kind: "log", pattern: "up" }],
    ["healthcheck: { notify: true }", { kind: "notify" }],
  ])("%s", async (yaml, probe) => {
    const { a, problems } = await service(`    ${yaml}`);
    expect(problems).toEqual([]);
    expect(a.plan.probe).toEqual(probe);
  });

  test("times in compose's, Kubernetes' and our own words", async () => {
    const { a, problems } =
      await service(`    healthcheck: { tcp: 80, interval: 1s, timeout: 2s, retries: 4, start_period: 5s, start_interval: 100ms, initial_delay: 6s, success_threshold: 2, deadline: 1m }
    liveness_probe: { exec: { command: x }, initial_delay_seconds: 1, period_seconds: 2, timeout_seconds: 3, success_threshold: 4, failure_threshold: 5 }
    startupProbe: { tcpSocket: { port: 80 }, initialDelaySeconds: 1, periodSeconds: 2, timeoutSeconds: 3, successThreshold: 4, failureThreshold: 5 }`);
    expect(problems).toEqual([]);
    expect(a.rules.readiness).toEqual({
      periodMs: 1_000,
      timeoutMs: 2_000,
      failureThreshold: 4,
      startPeriodMs: 5_000,
      startIntervalMs: 100,
      initialDelayMs: 6_000,
      successThreshold: 2,
      deadlineMs: 60_000,
    });
    const timings = {
      initialDelayMs: 1_000,
      periodMs: 2_000,
      timeoutMs: 3_000,
      successThreshold: 4,
      failureThreshold: 5,
    };
    expect(a.rules.liveness).toEqual({ spec: { kind: "exec", command: ["/bin/sh", "-c", "x"] }, timings });
    expect(a.rules.startup).toEqual({ spec: { kind: "tcp", port: 80 }, timings });
  });

  test("of two ways the first counts, and that is told", async () => {
    const { a, problems } = await service("    healthcheck: { tcp: 80, http: http://x }");
    expect(a.plan.probe).toEqual({ kind: "http", url: "http://x" });
    expect(problems).toMatchObject([{ severity: "warning", source: "deckhand.yaml:4:5" }]);
  });
});

describe("ports", () => {
  test.each([
    ["3000", [{ name: "http", port: 3000, env: null }]],
    [
      '[3000, "4000:80", "127.0.0.1:5000:80", { target: 80, published: 6000, name: x }]',
      [
        { name: "3000", port: 3000, env: null },
        { name: "80", port: 4000, env: null },
        { name: "80", port: 5000, env: null },
        { name: "x", port: 6000, env: null },
      ],
    ],
    [
      "{ http: { prefer: 3000 }, admin-ui: { prefer: 4000, strict: true }, raw: { prefer: 5000, env: } }",
      [
        { name: "http", port: 3000, env: "PORT" },
        { name: "admin-ui", port: 4000, env: "ADMIN_UI_PORT", strict: true },
        { name: "raw", port: 5000, env: null },
      ],
    ],
    ['{ http: { prefer: "${WEB:-3100}", env: WEB } }', [{ name: "http", port: 3100, env: "WEB" }]],
  ])("%s", async (yaml, ports) => {
    const { a, problems } = await service(`    ports: ${yaml}`);
    expect(problems).toEqual([]);
    expect(a.plan.ports).toEqual(ports);
  });

  test("a variable that can be none is a problem", async () => {
    const { problems } = await service("    ports: { http: { prefer: 3000, env: A-B } }");
    expect(problems).toMatchObject([{ source: "deckhand.yaml:4:36" }]);
  });
});

describe("the rest", () => {
  test.each([
    ["restart: no", { mode: "no", maxRetries: null }],
    ["restart: false", { mode: "no", maxRetries: null }],
    ["restart: never", { mode: "no", maxRetries: null }],
    ["restart: on_failure", { mode: "on-failure", maxRetries: null }],
    ["restart: on-failure:3", { mode: "on-failure", maxRetries: 3 }],
    ["restart: always:9", { mode: "always", maxRetries: 9 }],
    ["restart: unless-stopped", { mode: "unless-stopped", maxRetries: null }],
    ["restart: exit_on_failure", { mode: "no", maxRetries: null }],
  ])("%s", async (yaml, restart) => {
    const { a, problems } = await service(`    ${yaml}`);
    expect(problems).toEqual([]);
    expect(a.restart).toMatchObject(restart);
    expect(a.rules.endsEnvironment).toBe(yaml.includes("exit_on") ? "failure" : "never");
  });

  test("hooks, the stop command, limits and watches in their short and long forms", async () => {
    const { a, problems } = await service(`    pre_start: ./one
    post_start: [./two --flag, [./three, "a b"], { command: ./four, timeout: 5s }]
    hooks: { pre_stop: { command: [./five] }, post_stop: [] }
    shutdown: { command: ./bye, signal: 2, timeout_seconds: 4 }
    mem_limit: 512m
    cpus: 1.5
    watch: src
    deploy: { replicas: 2, resources: { limits: { memory: 1g } } }
    exit_on_end: true
    env: [A=b=c, HOME]
    description: what it does
    x-team: web`);
    expect(problems).toEqual([]);
    const hook = (deadlineMs: number, ...argv: string[]) => ({ argv, deadlineMs });
    const shell = (line: string) => hook(60_000, "/bin/sh", "-c", line);
    expect(a.rules).toMatchObject({
      hooks: {
        preStart: [shell("./one")],
        postStart: [shell("./two --flag"), hook(60_000, "./three", "a b"), hook(5_000, "/bin/sh", "-c", "./four")],
        preStop: [hook(60_000, "./five")],
        postStop: [],
      },
      stop: { signal: "SIGINT", command: shell("./bye") },
      limits: { memoryBytes: 536_870_912, cpuPercent: 150, cpuForMs: 60_000, onExceed: "restart" },
      watch: { paths: ["src"], ignore: [], debounceMs: 300 },
      replicas: 2,
      endsEnvironment: "end",
    });
    expect(a.graceMs).toBe(4_000);
    expect(a.environment).toEqual({ A: "b=c" });
    expect(a.trust.detail.split("\n")).toEqual([
      "./a",
      "before it starts: ./one",
      "after it is ready: ./two --flag",
      "after it is ready: ./three a b",
      "after it is ready: ./four",
      "before it stops: ./five",
      "to stop it: ./bye",
    ]);
  });

  test("every form and every word of depends_on", async () => {
    const yaml = (value: string) => `    depends_on: ${value}`;
    const others = "b c d e f"
      .split(" ")
      .map((name) => `  ${name}: { command: x, healthcheck: { log: up } }`)
      .join("\n");
    const list = await service(yaml("[b, c]"), others);
    expect([...list.a.dependencies]).toEqual([
      ["b", { condition: "service_started", required: true }],
      ["c", { condition: "service_started", required: true }],
    ]);
    const map = await service(
      yaml(
        "{ b: ready, c: { condition: succeeded, required: false, restart: true }, d: completed, e: process_log_ready, f: }",
      ),
      others,
    );
    expect(map.problems).toEqual([]);
    expect(Object.fromEntries(map.a.dependencies)).toEqual({
      b: { condition: "service_healthy", required: true },
      c: { condition: "service_completed_successfully", required: false, restart: true },
      d: { condition: "service_completed", required: true },
      e: { condition: "service_log_ready", required: true },
      f: { condition: "service_started", required: true },
    });
  });

  test("argv is run as it stands: an empty argument is one, a wrong one is no command", async () => {
    const { services } = await detectIn({ "deckhand.yaml": 'services: { a: { command: [node, "", -e, 1] } }' });
    expect(services.get("a")?.run).toEqual({ kind: "argv", argv: ["node", "", "-e", "1"] });
    const { detection } = await detectIn({
      "deckhand.yaml": "services: { a: { command: [node, { a: b }] }, b: { command: [] } }",
    });
    expect(detection.problems.filter(({ code }) => code === "value_invalid").length).toBeGreaterThanOrEqual(2);
    expect(detection.services).toEqual([]);
  });

  test("deckhand.yml is read, too; of both, the other is not, and that is told", async () => {
    const one = await detectIn({ "deckhand.yml": "services: { a: { command: x } }" });
    expect(one.services.get("a")?.plan.source).toBe("deckhand.yml#services.a");
    const both = await detectIn({
      "deckhand.yml": "services: { a: { command: x } }",
      "deckhand.yaml": "services: { b: { command: x } }",
    });
    expect([...both.services.keys()]).toEqual(["b"]);
    expect(both.detection.problems).toMatchObject([{ severity: "warning", source: "deckhand.yml" }]);
  });
});
