import { afterEach, describe, expect, test } from "vitest";
import type { DetectedService } from "../../../../../electron/core/environment/detect/detected.ts";
import { detectIn, folderWith, removeFolders } from "../../../../support/detect-folder.ts";
import { detect } from "../../../../../electron/core/environment/detect/detect.ts";

afterEach(removeFolders);

async function read(yaml: string, files: Record<string, unknown> = {}, profile = "dev") {
  const project = await detectIn({ "deckhand.yaml": yaml, ...files }, profile);
  const one = (name: string): DetectedService => {
    const service = project.services.get(name);
    if (service === undefined) throw new Error(`no service ${name}: ${JSON.stringify(project.detection.problems)}`);
    return service;
  };
  return { project, ...project.detection, one, names: [...project.services.keys()] };
}

const compose = `services:
  db: { image: "postgres:16", ports: ["5432:5432"], healthcheck: { test: [CMD, pg_isready] } }
  cache: { image: redis, depends_on: [db] }
`;

const example = `version: 1
detect: true
profiles: { dev: { env_file: [.env, .env.local] }, test: { environment: { NODE_ENV: test } }, staging: {} }
services:
  db:      { compose: { file: compose.yaml, service: db }, profiles: [dev, test] }
  migrate: { command: npm run db:migrate, type: task, depends_on: { db: { condition: service_healthy } }, restart: on-failure:2 }
  web:
    command: npm run dev      # a string is a shell line, a list is argv
    working_dir: apps/web
    environment: { LOG: debug }
    ports: { http: { prefer: 3000, env: PORT } }
    depends_on: { migrate: { condition: service_completed_successfully } }
    healthcheck: { http: "http://127.0.0.1:\${PORT}/healthz", interval: 10s, start_interval: 250ms, timeout: 3s, retries: 3 }
    restart: on-failure
    restart_limit: { max: 5, window: 60s }
    stop_signal: SIGTERM
    stop_grace_period: 10s
    limits: { memory: 1GiB, on_exceed: restart }
    watch: { paths: [src], debounce: 300ms }
`;

describe("the documented example", () => {
  const files = { "compose.yaml": compose, "apps/web/src/a.js": "" };

  test("is read without a problem, in order", async () => {
    const { problems, order, one } = await read(example, files);
    expect(problems).toEqual([]);
    expect(order).toEqual([["db"], ["migrate", "cache"], ["web"]]);
    expect(one("db").run).toMatchObject({ kind: "compose", service: "db" });
    expect(one("db").plan.probe).toEqual({ kind: "compose", healthcheck: true });
    expect(one("migrate").plan).toMatchObject({ kind: "task", command: "npm run db:migrate", probe: null });
    expect(one("migrate").restart).toMatchObject({ mode: "on-failure", maxRetries: 2, beforeReady: true });
  });

  test("every rule of the service reaches the runner", async () => {
    const { one, directory } = await read(example, files);
    const web = one("web");
    expect(web.plan).toEqual({
      name: "web",
      kind: "process",
      command: "npm run dev",
      workingDirectory: `${directory}/apps/web`,
      source: "deckhand.yaml#services.web",
      ports: [{ name: "http", port: 3000, env: "PORT" }],
      dependsOn: { migrate: "service_completed_successfully" },
      profiles: [],
      probe: { kind: "http", url: "http://127.0.0.1:${PORT}/healthz" },
    });
    expect(web.run).toEqual({ kind: "argv", argv: ["/bin/sh", "-c", "npm run dev"] });
    expect(web.environment).toEqual({ LOG: "debug" });
    expect(web.graceMs).toBe(10_000);
    expect(web.http).toBe(true);
    expect(web.restart).toMatchObject({ mode: "on-failure", maxRetries: null, limit: { max: 5, windowMs: 60_000 } });
    expect(web.rules).toMatchObject({
      readiness: { periodMs: 10_000, startIntervalMs: 250, timeoutMs: 3_000, failureThreshold: 3 },
      stop: { signal: "SIGTERM", command: null },
      limits: { memoryBytes: 1_073_741_824, cpuPercent: null, onExceed: "restart" },
      watch: { paths: ["src"], ignore: [], debounceMs: 300 },
    });
  });

  test("a profile leaves out what is in other profiles only, and what needs it is told so", async () => {
    const { names, problems } = await read(example, files, "staging");
    expect(names).not.toContain("db");
    expect(problems).toMatchObject([
      { code: "unknown_dependency", source: "deckhand.yaml:6:69" },
      { code: "unknown_dependency" },
    ]);
  });
});

describe("explicit beats detected", () => {
  test("a service of the same name replaces the detected one", async () => {
    const { names, one } = await read("services: { cache: { command: ./cache } }", { "compose.yaml": compose });
    expect(names.sort()).toEqual(["cache", "db"]);
    expect(one("cache").run).toEqual({ kind: "argv", argv: ["/bin/sh", "-c", "./cache"] });
  });

  test("`detect: false` leaves only what stands there", async () => {
    const { names } = await read("detect: false\nservices: { a: { command: ./a } }", { "compose.yaml": compose });
    expect(names).toEqual(["a"]);
  });

  test("`disabled: true` switches a detected one off, and it is still shown", async () => {
    const { one, problems } = await read("services: { cache: { disabled: true } }", { "compose.yaml": compose });
    expect(problems).toEqual([]);
    expect(one("cache").plan).toMatchObject({ kind: "compose", disabled: true });
    expect(one("cache").rules.disabled).toBe(true);
  });

  test("a service without a command changes the detected one of its name, and keeps the rest of it", async () => {
    const { one } = await read("services: { dev: { restart: always, environment: { A: b } } }", {
      "package.json": { scripts: { dev: "node server.js --port 4310" } },
    });
    expect(one("dev").run).toEqual({ kind: "argv", argv: expect.arrayContaining(["npm", "run", "dev"]) });
    expect(one("dev").restart.mode).toBe("always");
    expect(one("dev").environment).toEqual({ A: "b" });
    expect(one("dev").plan.ports).toMatchObject([{ port: 4310 }]);
  });

  test("what a command runs is not started a second time from package.json", async () => {
    const { names } = await read("services: { web: { command: npm run dev } }", {
      "package.json": { scripts: { dev: "node server.js" } },
    });
    expect(names).toEqual(["web"]);
  });

  test("what the file changes is there, although another service of it runs the same", async () => {
    const same = "node server.js";
    const project = await detectIn({
      "package.json": { scripts: { dev: same } },
      "main.py": "app = FastAPI()",
      "requirements.txt": "fastapi",
      "deckhand.yaml": `version: 1
services:
  dev: { environment: { LOG: debug } }
  worker: { command: ${same}, depends_on: [dev] }
  api: { restart: always }
  other: { command: uvicorn main:app }
`,
    });
    expect(project.detection.problems).toEqual([]);
    expect([...project.services.keys()].sort()).toEqual(["api", "dev", "other", "worker"]);
    expect(project.services.get("dev")?.environment).toMatchObject({ LOG: "debug" });
  });

  test("a container may have a name of its own, and those that wait for it still do", async () => {
    const { names, one, problems } = await read("services: { database: { compose: db } }", { "compose.yaml": compose });
    expect(problems).toEqual([]);
    expect(names).toEqual(["database", "cache"]);
    expect(one("cache").plan.dependsOn).toEqual({ database: "service_started" });
  });

  test("the file that is named is read, wherever in the project it lies", async () => {
    const { one, project } = await read("services: { db: { compose: { file: infra/db.yaml } } }", {
      "infra/db.yaml": "services: { db: { image: postgres } }",
      "compose.yaml": "services: { other: { image: x } }",
    });
    expect(one("db").run).toMatchObject({ kind: "compose", service: "db" });
    expect(project.compose?.files).toEqual(["infra/db.yaml"]);
  });

  test("a container of a profile that is not the chosen one can be named all the same", async () => {
    const { names } = await read("services: { tools: { compose: tools } }", {
      "compose.yaml": "services: { tools: { image: x, profiles: [debug] } }",
    });
    expect(names).toEqual(["tools"]);
  });

  test("what an explicit service waits for is what it says, and nothing is inferred on top", async () => {
    const { one } = await read("services: { api: { command: ./api } }", { "compose.yaml": compose });
    expect(one("api").plan.dependsOn).toEqual({});
  });
});

describe("variables", () => {
  test("app, shell, .env, .env.local, profile, service: the later wins", async () => {
    const folder = folderWith({
      ".env": "A=env\nB=env\nC=env\nD=env\nE=env",
      ".env.local": "B=local\nC=local\nD=local\nE=local",
      "p.env": "C=profile-file\nD=profile-file",
      "svc.env": "E=service-file\nF=service-file",
      "deckhand.yaml": `profiles: { dev: { env_file: p.env, environment: { D: profile } } }
services: { a: { command: ./a, env_file: svc.env, environment: { F: service, G: null, H: "\${SHELLY}-\${B}-\${A_PORT}" } } }`,
    });
    const project = await detect({
      directory: folder,
      profile: "dev",
      environment: { SHELLY: "sh", A: "shell", G: "g" },
    });
    expect(project.detection.problems).toEqual([]);
    expect(project.services.get("a")?.environment).toEqual({
      A: "env",
      B: "local",
      C: "profile-file",
      D: "profile",
      E: "service-file",
      F: "service",
      G: "g",
      H: "${SHELLY}-${B}-${A_PORT}",
    });
    expect(project.services.get("a")?.templates).toEqual({ H: "sh-local-${A_PORT}" });
  });

  test("environment case 16: env_file is relative to working_dir", async () => {
    const { one, problems } = await read("services: { a: { command: ./a, working_dir: sub, env_file: .env.test } }", {
      "sub/.env.test": "MY_NAME=Inigo",
      ".env.test": "MY_NAME=wrong",
    });
    expect(problems).toEqual([]);
    expect(one("a").environment).toEqual({ MY_NAME: "Inigo" });
  });

  test("a profile's variables reach detected processes, and no containers", async () => {
    const { one } = await read(
      "profiles: { test: { environment: { NODE_ENV: test } } }",
      { "package.json": { scripts: { dev: "node a.js" } }, "compose.yaml": compose },
      "test",
    );
    expect(one("dev").environment).toEqual({ NODE_ENV: "test" });
    expect(one("db").environment).toEqual({});
  });

  test("values of files may refer to others; single quotes keep their dollars", async () => {
    const { one } = await read("services: { a: { command: ./a } }", {
      ".env": "USER_=me\nURL=pg://${USER_}@db/$UNKNOWN\nRAW='${USER_}'\n",
    });
    expect(one("a").environment).toEqual({ USER_: "me", URL: "pg://me@db/${UNKNOWN}", RAW: "${USER_}" });
  });

  test("a file that is missing, or leads out of the project, is a problem with its place", async () => {
    const { problems, one } = await read(
      "services:\n  a:\n    command: ./a\n    env_file: [missing.env, ../../../etc/hostname, { path: no.env, required: false }]\n",
    );
    expect(problems).toMatchObject([
      { source: "deckhand.yaml:4:16", message: expect.stringContaining("There is no file missing.env") },
      { source: "deckhand.yaml:4:29" },
    ]);
    expect(one("a").plan.command).toBe("./a");
  });
});

describe("environment case 36: profiles, as compose selects them", () => {
  const yaml = `services:
  foo: { command: ./foo }
  bar: { command: ./bar, profiles: [test] }
  baz: { command: ./baz, profiles: [test], depends_on: [bar] }
  zot: { command: ./zot, profiles: [debug], depends_on: [bar] }
`;
  test.each([
    ["none", [], ["foo"], true],
    ["test", [], ["foo", "bar", "baz"], true],
    ["debug", [], ["foo", "zot"], false],
    ["*", [], ["foo", "bar", "baz", "zot"], true],
    ["none", ["bar"], ["foo", "bar", "baz"], true],
    ["none", ["baz"], ["foo", "bar", "baz"], true],
    ["none", ["zot"], ["foo", "zot"], false],
    ["test", ["zot"], ["foo", "bar", "baz", "zot"], true],
  ] as const)("profile %s, asked for %j: %j", async (profile, named, expected, valid) => {
    const directory = folderWith({ "deckhand.yaml": yaml });
    const { services, detection } = await detect({ directory, profile, named });
    expect([...services.keys()]).toEqual(expected);
    expect(detection.problems.map(({ code }) => code)).toEqual(valid ? [] : ["unknown_dependency"]);
  });

  test("a profile may list its services; what they need comes along", async () => {
    const listed = `profiles: { ci: { services: [api, nope] } }
services:
  db: { command: ./db }
  api: { command: ./api, depends_on: [db] }
  web: { command: ./web }
`;
    const { names, problems } = await read(listed, {}, "ci");
    expect(names).toEqual(["db", "api"]);
    expect(problems).toMatchObject([{ source: "deckhand.yaml:1:35", message: expect.stringContaining("lists nope") }]);
  });

  test("a profile nobody has written down is told of", async () => {
    const { problems } = await read("profiles: { prod: {} }\nservices: { a: { command: ./a } }", {}, "prdo");
    expect(problems).toMatchObject([{ severity: "warning", message: expect.stringContaining("There are: prod") }]);
  });
});

describe("the graph", () => {
  test("environment case 10: a circle is an error that names its path and its line", async () => {
    const { problems } = await read(`services:
  a: { command: ./a, depends_on: { b: { condition: process_completed_successfully } } }
  b: { command: ./b, depends_on: [a] }
  c: { command: ./c, depends_on: [a] }
`);
    expect(problems).toMatchObject([
      { code: "dependency_cycle", message: expect.stringContaining("a → b → a"), source: "deckhand.yaml:2:36" },
    ]);
  });

  test("unknown and self dependencies, and `healthy` without a check, name the line", async () => {
    const { problems } = await read(`services:
  a: { command: ./a, depends_on: [nope] }
  b: { command: ./b, depends_on: { b: started } }
  c:
    command: ./c
    depends_on:
      a: healthy
`);
    expect(problems.map(({ code, source }) => `${code} ${source}`)).toEqual([
      "unknown_dependency deckhand.yaml:2:35",
      "self_dependency deckhand.yaml:3:36",
      "healthy_without_probe deckhand.yaml:7:7",
    ]);
  });
});

describe("containers", () => {
  test("a container that was pasted over is not run on this machine, even with a command", async () => {
    const { names, problems } = await read(
      "services:\n  db: { image: postgres, command: postgres -c fsync=off }\n  web: { command: ./web }\n",
    );
    expect(names).toEqual(["web"]);
    expect(problems.filter(({ severity }) => severity === "error")).toMatchObject([
      { source: "deckhand.yaml:2:3", message: expect.stringContaining("Put it into compose.yaml") },
    ]);
  });

  test("what only its compose file can say is ignored with a warning", async () => {
    const { one, problems } = await read("services: { db: { compose: db, ports: [1234], environment: { A: b } } }", {
      "compose.yaml": compose,
    });
    expect(one("db").plan.ports).toMatchObject([{ port: 5432 }]);
    expect(problems.map(({ severity, source }) => `${severity} ${source}`)).toEqual([
      "warning deckhand.yaml:1:47",
      "warning deckhand.yaml:1:32",
    ]);
  });

  test("`detect: false` does not even read a compose file that nothing refers to", async () => {
    const { project, problems } = await read("detect: false\nservices: { a: { command: ./a } }", {
      "compose.yaml": "services: [",
    });
    expect(problems).toEqual([]);
    expect(project.compose).toBeNull();
  });

  test("one that the compose file does not have, and one that is named twice, are problems", async () => {
    const { names, problems } = await read(
      "services:\n  a: { compose: nope }\n  b: { compose: db }\n  c: { compose: { service: db } }\n",
      { "compose.yaml": compose },
    );
    expect(names).toEqual(["b", "cache"]);
    expect(problems.filter(({ severity }) => severity === "error").map(({ source }) => source)).toEqual([
      "deckhand.yaml:2:8",
      "deckhand.yaml:4:8",
    ]);
  });

  test("a compose file that is not there, and a second one, are problems", async () => {
    const missing = await read("services: { d: { compose: { file: other.yaml } } }");
    expect(missing.problems[0]).toMatchObject({ source: "deckhand.yaml:1:18", severity: "error" });
    const two = await read(
      "services:\n  db: { compose: { file: compose.yaml } }\n  x: { compose: { file: other.yaml, service: cache } }\n",
      { "compose.yaml": compose },
    );
    expect(two.problems).toMatchObject([
      { source: "deckhand.yaml:3:19", message: expect.stringContaining("One project has one compose file") },
    ]);
  });
});
