import { afterEach, describe, expect, test } from "vitest";
import type { DetectedService } from "../../../../../electron/core/environment/detect/detected.ts";
import { DEFAULT_TIMINGS, timingsWith } from "../../../../../electron/core/service/probe.ts";
import { detectIn, removeFolders } from "../../../../support/detect-folder.ts";

afterEach(removeFolders);

async function read(yaml: string, files: Record<string, unknown> = {}, profile = "dev") {
  const project = await detectIn({ "process-compose.yaml": yaml, ...files }, profile);
  const one = (name: string): DetectedService => {
    const service = project.services.get(name);
    if (service === undefined) throw new Error(`no service ${name}: ${JSON.stringify(project.detection.problems)}`);
    return service;
  };
  return { ...project.detection, one, names: [...project.services.keys()] };
}

const chain = (last = "echo 8") =>
  `version: "0.5"\nlog_level: undefined\nprocesses:\n${[1, 2, 3, 4, 5, 6, 7]
    .map(
      (n) => `  process${n}:\n    command: "echo ${n}"\n    availability: { restart: "on_failure", backoff_seconds: 2 }
    depends_on:\n      process${n + 1}: { condition: process_completed_successfully }\n`,
    )
    .join("")}  process8:\n    command: "${last}"\n`;

describe("order and conditions", () => {
  test("environment case 8: a chain starts with its last link", async () => {
    const { order, problems, one } = await read(chain());
    expect(problems).toEqual([]);
    expect(order.flat()).toEqual([8, 7, 6, 5, 4, 3, 2, 1].map((n) => `process${n}`));
    expect(one("process8").plan.kind).toBe("task");
    expect(one("process2").restart).toMatchObject({ mode: "on-failure", maxRetries: null });
  });

  test("environment case 9: exit_on_failure ends everything, and does not restart", async () => {
    const { one } = await read(
      'processes: { leaf: { command: "exit 42", availability: { restart: exit_on_failure } } }',
    );
    expect(one("leaf").rules.endsEnvironment).toBe("failure");
    expect(one("leaf").restart.mode).toBe("no");
  });

  test("environment case 10: a circle is an error with its path and line, a rhombus is none", async () => {
    const process = (name: string, needs: string) =>
      `  ${name}:\n    command: "echo"\n    depends_on: { ${needs}: { condition: process_completed } }\n`;
    const circle = await read(`processes:\n${process("a", "b")}${process("b", "a")}${process("c", "a")}`);
    expect(circle.problems).toMatchObject([
      { code: "dependency_cycle", source: "process-compose.yaml:4:19", message: expect.stringContaining("a → b → a") },
    ]);
    const rhombus = await read(
      "processes: { a: { command: x, depends_on: { b: , c: } }, b: { command: x, depends_on: { d: } }, c: { command: x, depends_on: { d: } }, d: { command: x } }",
    );
    expect(rhombus.problems).toEqual([]);
    expect(rhombus.order).toEqual([["d"], ["b", "c"], ["a"]]);
  });

  test("every condition has its meaning", async () => {
    const { one, problems } = await read(`processes:
  waiter:
    command: x
    depends_on:
      a: { condition: process_started }
      b: { condition: process_healthy }
      c: { condition: process_completed }
      d: { condition: process_completed_successfully }
      e: { condition: process_log_ready }
      f: {}
  a: { command: x }
  b: { command: x, readiness_probe: { exec: { command: "true" } } }
  c: { command: x }
  d: { command: x }
  e: { command: x, ready_log_line: "is (up)" }
  f: { command: x }
`);
    expect(problems).toEqual([]);
    expect(one("waiter").plan.dependsOn).toEqual({
      a: "service_started",
      b: "service_healthy",
      c: "service_completed",
      d: "service_completed_successfully",
      e: "service_log_ready",
      f: "service_started",
    });
    expect(one("e").rules.readyLine).toBe(String.raw`is \(up\)`);
  });

  test("environment case 12: the stop command, signal and time are the author's", async () => {
    const { one } = await read(`processes:
  a: { command: sleep 30, shutdown: { command: "echo bye", signal: 2, timeout_seconds: 3 } }
`);
    expect(one("a").rules.stop).toEqual({
      signal: "SIGINT",
      command: { argv: ["/bin/sh", "-c", "echo bye"], deadlineMs: 3_000 },
    });
    expect(one("a").graceMs).toBe(3_000);
    expect(one("a").trust.detail).toBe("sleep 30\nto stop it: echo bye");
  });

  test("environment case 13: exit codes that are a success, and a number of restarts", async () => {
    const { one } = await read(`processes:
  allowed: { command: exit 130, success_exit_codes: [130], availability: { restart: on_failure, max_restarts: 3 } }
  control: { command: exit 130, availability: { restart: on_failure, max_restarts: 1, backoff_seconds: 1 } }
`);
    expect(one("allowed").rules.successExitCodes).toEqual([130]);
    expect(one("control").restart).toMatchObject({ mode: "on-failure", maxRetries: 1, beforeReady: true });
  });

  test("environment case 14: exit_on_end", async () => {
    const { one } = await read(
      "processes: { a: { command: exit 130, success_exit_codes: [130], availability: { exit_on_end: true } } }",
    );
    expect(one("a").rules).toMatchObject({ endsEnvironment: "end", successExitCodes: [130] });
  });

  test("environment case 15: replicas", async () => {
    const { one } = await read("processes: { process1: { command: x, replicas: 2 }, process2: { command: x } }");
    expect(one("process1").rules.replicas).toBe(2);
    expect(one("process1").plan.replicas).toBe(2);
    expect(one("process2").plan.replicas).toBeUndefined();
  });

  test("environment case 17: a log file of its own, and one of all", async () => {
    const { one } = await read(
      "log_location: ./all.log\nprocesses: { a: { command: x, log_location: ./a.log }, b: { command: x } }",
    );
    expect(one("a").rules.logFile).toBe("./a.log");
    expect(one("b").rules.logFile).toBe("./all.log");
  });
});

describe("probes", () => {
  test("http: only 200 is a success where no status is named; times in seconds", async () => {
    const { one } = await read(`processes:
  web:
    command: x
    readiness_probe:
      http_get: { host: 127.0.0.1, scheme: http, path: "/up", port: 8080, headers: { A: b } }
      initial_delay_seconds: 5
      period_seconds: 10
      timeout_seconds: 5
      success_threshold: 2
      failure_threshold: 3
    liveness_probe: { http_get: { port: "8080", status_code: 204 } }
`);
    expect(one("web").plan.probe).toEqual({
      kind: "http",
      url: "http://127.0.0.1:8080/up",
      status: 200,
      headers: { A: "b" },
    });
    expect(one("web").rules.readiness).toEqual({
      initialDelayMs: 5_000,
      periodMs: 10_000,
      timeoutMs: 5_000,
      successThreshold: 2,
      failureThreshold: 3,
    });
    // Three failures, one every ten seconds, after the delay.
    expect(timingsWith(DEFAULT_TIMINGS, one("web").rules.readiness).deadlineMs).toBe(35_000);
    expect(one("web").rules.liveness).toEqual({
      spec: { kind: "http", url: "http://127.0.0.1:8080/", status: 204 },
      timings: {},
    });
  });

  test("exec", async () => {
    const { one } = await read('processes: { a: { command: x, readiness_probe: { exec: { command: "ps -ef" } } } }');
    expect(one("a").plan.probe).toEqual({ kind: "exec", command: ["/bin/sh", "-c", "ps -ef"] });
  });
});

describe("variables", () => {
  test("environment case 16: env_file is relative to working_dir, and $$ is a dollar of the shell", async () => {
    const { one, problems } = await read(
      'processes: { a: { command: "echo My name is $$MY_NAME", env_file: .env.test, working_dir: sub } }',
      { "sub/.env.test": "MY_NAME=Inigo_Montoya" },
    );
    expect(problems).toEqual([]);
    expect(one("a").plan.command).toBe("echo My name is $MY_NAME");
    expect(one("a").environment).toEqual({ MY_NAME: "Inigo_Montoya" });
  });

  test(".env, the file's environment, env_file, the process's own: the later wins, and .env can be left out", async () => {
    const yaml = (more: string) => `environment: [B=global, C=global, D=global]
processes: { a: { command: "run \${A}", env_file: f.env, environment: ["D=own"] ${more} } }`;
    const files = { ".env": "A=dot\nB=dot", "f.env": "C=file\nD=file" };
    const all = await read(yaml(""), files);
    expect(all.one("a").environment).toEqual({ A: "dot", B: "global", C: "file", D: "own" });
    expect(all.one("a").plan.command).toBe("run dot");
    const without = await read(yaml(", is_dotenv_disabled: true"), files);
    expect(without.one("a").environment).toEqual({ B: "global", C: "file", D: "own" });
  });

  test("disable_env_expansion leaves every dollar", async () => {
    const { one } = await read('disable_env_expansion: true\nprocesses: { a: { command: "echo $$X $Y" } }');
    expect(one("a").plan.command).toBe("echo $$X $Y");
  });

  test("vars are put into templates; what else Go's templates can do is told of", async () => {
    const { one, problems } = await read(`vars: { PORT: 1, WHO: all }
processes:
  a: { command: "run {{ .WHO }} {{.PORT}}", vars: { WHO: me } }
  b: { command: "run {{ if .WHO }}x{{ end }}" }
  c: { command: "run {{ .WHO }}", is_template_disabled: true }
`);
    expect(one("a").plan.command).toBe("run me 1");
    expect(one("c").plan.command).toBe("run {{ .WHO }}");
    expect(problems).toMatchObject([{ severity: "warning", source: "process-compose.yaml:4:8" }]);
  });
});

describe("environment case 18: extends", () => {
  test("a process: environment is merged by key, its own values win, restart and folder are inherited", async () => {
    const { one, problems } = await read(
      `processes:
  base: { command: echo base, working_dir: sub, environment: ["FOO=bar", "SHARED=base"], availability: { restart: always } }
  derived: { extends: base, environment: ["FOO=override", "EXTRA=2"] }
  chain_top: { extends: derived, command: echo top }
`,
      { "sub/a": "" },
    );
    expect(problems).toEqual([]);
    expect(one("derived").plan.command).toBe("echo base");
    expect(one("chain_top").plan.command).toBe("echo top");
    expect(one("chain_top").environment).toEqual({ FOO: "override", SHARED: "base", EXTRA: "2" });
    expect(one("chain_top").restart.mode).toBe("always");
    expect(one("chain_top").plan.workingDirectory).toMatch(/\/sub$/);
  });

  test("a circle, an unknown one and a process of itself are problems; the others are still there", async () => {
    const { names, problems } = await read(`processes:
  a: { extends: b }
  b: { extends: a }
  c: { extends: c, command: x }
  d: { extends: nope, command: x }
  e: { command: x }
`);
    expect(names).toEqual(["e"]);
    expect(problems.map(({ source }) => source)).toEqual([2, 3, 4, 5].map((line) => `process-compose.yaml:${line}:3`));
    expect(problems[0]?.message).toContain("a → b → a");
    expect(problems[3]?.message).toContain("extends nope");
  });

  test("a file: its processes run in its folder, and the upper file wins", async () => {
    const { one, order } = await read(
      "extends: base/chain.yaml\nprocesses: { process1: { command: echo extending } }",
      {
        "base/chain.yaml": chain(),
      },
    );
    expect(one("process1").plan.command).toBe("echo extending");
    expect(one("process1").plan.dependsOn).toEqual({ process2: "service_completed_successfully" });
    expect(one("process2").plan.workingDirectory).toMatch(/\/base$/);
    expect(order.flat()).toHaveLength(8);
  });

  test("an override file is laid over it; a file that extends itself, or one outside, is a problem", async () => {
    const over = await read("processes: { a: { command: x, replicas: 2 } }", {
      "process-compose.override.yaml": "processes: { a: { command: z }, b: { command: y } }",
    });
    expect(over.names).toEqual(["a", "b"]);
    expect(over.one("a").plan).toMatchObject({ command: "z", replicas: 2 });
    const self = await read("extends: process-compose.yaml\nprocesses: { a: { command: x } }");
    expect(self.problems).toMatchObject([{ source: "process-compose.yaml:1:1", severity: "error" }]);
    const out = await read("extends: ../../../../etc/hostname\nprocesses: { a: { command: x } }");
    expect(out.problems).toHaveLength(1);
    expect(out.names).toEqual(["a"]);
  });
});

describe("environment case 19: namespaces", () => {
  const yaml = `processes:
  foo: { command: x, namespace: [foo, foobar], depends_on: { bar: { condition: process_completed_successfully } } }
  bar: { command: x, namespace: [bar, foobar] }
  baz: { command: x, namespace: baz }
  free: { command: x }
`;
  test("without a profile of that name, all of them count", async () => {
    const { names, problems } = await read(yaml);
    expect(names).toEqual(["foo", "bar", "baz", "free"]);
    expect(problems).toEqual([]);
  });

  test("a dependency in a namespace that is not selected is left out, with a warning", async () => {
    const { names, problems, one } = await read(yaml, {}, "foo");
    expect(names).toEqual(["foo"]);
    expect(one("foo").plan.dependsOn).toEqual({});
    expect(problems).toMatchObject([
      { severity: "warning", message: expect.stringContaining("bar"), source: "process-compose.yaml:2:62" },
    ]);
  });

  test("a namespace of several processes brings them all", async () => {
    const { names, problems } = await read(yaml, {}, "foobar");
    expect(names).toEqual(["foo", "bar"]);
    expect(problems).toEqual([]);
  });
});

describe("which file it is", () => {
  test("`processes:` tells a compose.yaml of process-compose from docker's", async () => {
    const project = await detectIn({ "compose.yaml": "processes: { a: { command: x } }" });
    expect([...project.services.keys()]).toEqual(["a"]);
    expect(project.services.get("a")?.plan.source).toBe("compose.yaml#processes.a");
    expect(project.detection.problems).toEqual([]);
  });

  test("its processes come before package.json's, and what it runs is not started twice", async () => {
    const { names } = await read("processes: { web: { command: npm run dev } }", {
      "package.json": { scripts: { dev: "node a.js" } },
    });
    expect(names).toEqual(["web"]);
  });

  test("a disabled, a foreground and a scheduled process are shown and not started", async () => {
    const { one, problems } = await read(`processes:
  a: { command: x, is_disabled: "true" }
  b: { command: x, is_foreground: true }
  c: { command: x, schedule: { cron: "* * * * *" } }
  d: { command: x, is_daemon: true }
`);
    expect(["a", "b", "c", "d"].map((name) => one(name).plan.disabled === true)).toEqual([true, true, true, false]);
    expect(problems.map(({ source, severity }) => `${severity} ${source}`)).toEqual([
      "warning process-compose.yaml:4:20",
      "warning process-compose.yaml:5:20",
    ]);
  });

  test("a wrong file, value or process is a problem with its line, and the rest counts", async () => {
    const { names, problems } = await read(`processes:
  a: { command: x, replicas: many, comand: y }
  b: { }
  "--help": { command: x }
  c: { command: [x] , entrypoint: [node, a.js] }
`);
    expect(names).toEqual(["a", "c"]);
    expect(problems.map(({ source }) => source)).toEqual(
      expect.arrayContaining([
        "process-compose.yaml:2:20",
        "process-compose.yaml:2:36",
        "process-compose.yaml:3:3",
        "process-compose.yaml:4:3",
      ]),
    );
    const broken = await read("processes: [a");
    expect(broken.problems[0]).toMatchObject({ code: "file_invalid", severity: "error" });
  });
});
