/** What compose files say together: overrides, extends, include, profiles, variables, health checks. */
import { afterEach, describe, expect, test } from "vitest";
import { mergeDefinitions } from "../../../../../electron/core/environment/detect/compose-merge.ts";
import { selectByProfiles } from "../../../../../electron/core/environment/detect/compose-profiles.ts";
import { readComposeFile } from "../../../../../electron/core/environment/detect/compose-file.ts";
import { readHealthcheck } from "../../../../../electron/core/environment/detect/compose-healthcheck.ts";
import { projectFiles } from "../../../../../electron/core/environment/detect/project-files.ts";
import { readYamlFile } from "../../../../../electron/core/environment/detect/yaml-document.ts";
import type { YamlMap } from "../../../../../electron/core/environment/detect/yaml-values.ts";
import { folderWith, removeFolders } from "../../../../support/detect-folder.ts";

afterEach(removeFolders);

function read(
  files: Record<string, unknown>,
  more: { profile?: string; shell?: Record<string, string>; named?: string[] } = {},
) {
  return readComposeFile(projectFiles(folderWith(files)), more.profile ?? "dev", more.shell ?? {}, null, more.named);
}

function yaml(text: string): YamlMap {
  const reading = readYamlFile("x", text);
  if (!reading.ok) throw new Error(JSON.stringify(reading.problems));
  return reading.file.root;
}

/** Maps as objects, for comparing. */
function plain(value: unknown): unknown {
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, item]) => [key, plain(item)]));
  return Array.isArray(value) ? value.map(plain) : value;
}

describe("one definition over another", () => {
  test.each([
    ["maps key by key", "labels: {a: 1, b: 1}", "labels: {b: 2}", { labels: { a: 1, b: 2 } }],
    ["lists of pairs as maps", "environment: [A=1, B=1]", "environment: {B: 2}", { environment: { A: "1", B: 2 } }],
    ["other lists one behind the other, once each", "cap_add: [a, b]", "cap_add: [b, c]", { cap_add: ["a", "b", "c"] }],
    [
      "volumes by where they are mounted",
      "volumes: [./a:/x, b:/y]",
      "volumes: [./c:/x:ro]",
      { volumes: ["./c:/x:ro", "b:/y"] },
    ],
    ["commands replaced", "command: [a, b]", "command: [c]", { command: ["c"] }],
    [
      "checks replaced",
      "healthcheck: {test: [CMD, a], retries: 2}",
      "healthcheck: {test: [CMD, b]}",
      { healthcheck: { test: ["CMD", "b"], retries: 2 } },
    ],
    [
      "names and maps of names together",
      "depends_on: [a]",
      "depends_on: {b: {condition: x}}",
      { depends_on: { a: {}, b: { condition: "x" } } },
    ],
    [
      "a build context is short for a build",
      "build: .",
      "build: {target: dev}",
      { build: { context: ".", target: "dev" } },
    ],
    ["one env file is short for a list", "env_file: a", "env_file: [b]", { env_file: ["a", "b"] }],
    [
      "secrets by their target",
      "secrets: [a, {source: b, target: t}]",
      "secrets: [{source: c, target: t}]",
      { secrets: ["a", { source: "c", target: "t" }] },
    ],
    ["nothing is taken away by nothing", "image: x", "image:", { image: "x" }],
  ])("%s", (_, below, above, expected) => {
    expect(plain(mergeDefinitions(yaml(below), yaml(above)))).toEqual(expected);
  });

  test("hosts of both spellings are the same", () => {
    const merged = mergeDefinitions(yaml("extra_hosts: [a:1.1.1.1]"), yaml("extra_hosts: {a: 2.2.2.2}"));
    expect(plain(merged)).toEqual({ extra_hosts: { a: "2.2.2.2" } });
  });
});

describe("files together", () => {
  test("!reset takes away and !override replaces", async () => {
    const { services, problems } = await read({
      "compose.yaml": `
services:
  a: { image: x, ports: ["1000:80"], healthcheck: { test: t }, depends_on: [b] }
  b: { image: x, ports: ["2000:80", "2001:81"] }`,
      "compose.override.yaml": `
services:
  a: { ports: !override ["3000:80"], healthcheck: !reset null, depends_on: !reset [] }
  b: { ports: !reset null }`,
    });
    expect(problems).toEqual([]);
    expect(
      services.map(({ plan }) => [plan.name, plan.ports.map(({ port }) => port), plan.probe, plan.dependsOn]),
    ).toEqual([
      ["a", [3000], { kind: "compose", healthcheck: false }, {}],
      ["b", [], { kind: "compose", healthcheck: false }, {}],
    ]);
  });

  test("environment case 18: extends takes over what the other says, keeps what is said here, also across files", async () => {
    const { services, problems } = await read({
      "compose.yaml": `
services:
  web: { extends: { service: base, file: common/base.yaml }, ports: ["8080:80"] }
  worker: { extends: local, command: work }
  local: { image: y, restart: always, environment: { A: 1 } }`,
      "common/base.yaml": `
services:
  base: { extends: { service: root, file: root.yaml }, healthcheck: { test: t }, ports: ["9090:90"] }`,
      "common/root.yaml": "services: { root: { image: postgres, stop_grace_period: 1m30s } }",
    });
    expect(problems).toEqual([]);
    const web = services.find(({ plan }) => plan.name === "web")!;
    expect(web.plan.ports.map(({ port }) => port)).toEqual([9090, 8080]);
    expect(web.plan.probe).toEqual({ kind: "compose", healthcheck: true });
    expect(web.trust.detail).toBe("image postgres");
    expect(web.graceMs).toBe(90_000);
    expect(services.find(({ plan }) => plan.name === "worker")?.trust.detail).toBe("image y\ncommand: work");
  });

  test("include brings services with the variables of their own folder; what the shell and our .env say wins", async () => {
    const { services, problems, compose } = await read(
      {
        "compose.yaml":
          "include: [db/compose.yaml, { path: [mq/a.yaml, mq/b.yaml], env_file: mq/own.env }]\nservices: { web: { image: x, depends_on: [db, mq] } }",
        ".env": "OURS=1111\n",
        "db/compose.yaml":
          "services: { db: { image: x, ports: ['${OURS:-1}:1', '${THEIRS:-2}:2', '${SHELL_PORT:-3}:3'] } }",
        "db/.env": "OURS=9\nTHEIRS=2222\nSHELL_PORT=9\n",
        "mq/a.yaml": "services: { mq: { image: x, ports: ['${MQ}:5'] } }",
        "mq/b.yaml": "services: { mq: { image: z } }",
        "mq/own.env": "MQ=5555\n",
      },
      { shell: { SHELL_PORT: "3333" } },
    );
    expect(problems).toEqual([]);
    expect(services.map(({ plan }) => [plan.name, plan.source, plan.ports.map(({ port }) => port)])).toEqual([
      ["db", "db/compose.yaml#services.db", [1111, 2222, 3333]],
      ["mq", "mq/a.yaml#services.mq", [5555]],
      ["web", "compose.yaml#services.web", []],
    ]);
    expect(services[1]?.trust.detail).toBe("image z");
    // docker compose finds the included ones by itself.
    expect(compose?.files).toEqual(["compose.yaml"]);
  });

  test("one name in two included files is refused, as docker compose does; one below an override is laid over", async () => {
    const both = { "a.yaml": "services: { db: { image: x } }", "b.yaml": "services: { db: { image: y } }" };
    const twice = await read({ "compose.yaml": "include: [a.yaml, b.yaml]", ...both });
    expect(twice.problems).toMatchObject([{ code: "value_invalid", source: "compose.yaml:1:19" }]);
    const own = await read({ "compose.yaml": "include: [a.yaml]\nservices: { db: { image: z } }", ...both });
    expect(own.problems).toMatchObject([{ code: "value_invalid", source: "compose.yaml:2:13" }]);
    const over = await read({
      "compose.yaml": "include: [a.yaml]",
      "compose.override.yaml": "services: { db: { ports: ['1:1'] } }",
      ...both,
    });
    expect(over.problems).toEqual([]);
    expect(over.services[0]?.plan.ports).toHaveLength(1);
  });

  test("a hundred files and no more, and a chain of includes has an end", async () => {
    const chain = Object.fromEntries(
      Array.from({ length: 150 }, (_, index) => [
        `c${index}.yaml`,
        `include: [c${index + 1}.yaml]\nservices: { s${index}: { image: x } }`,
      ]),
    );
    const { problems, services } = await read({ "compose.yaml": "include: [c0.yaml]", ...chain });
    expect(problems.some(({ severity }) => severity === "error")).toBe(true);
    expect(services.length).toBeLessThan(50);
    const wide = Object.fromEntries(
      Array.from({ length: 150 }, (_, index) => [`w${index}.yaml`, `services: { s${index}: { image: x } }`]),
    );
    const list = await read({ "compose.yaml": `include: [${Object.keys(wide).join(", ")}]`, ...wide });
    expect(list.problems.map(({ code }) => code)).toContain("file_too_large");
  });

  test("what .env says of the project itself is not followed, and said", async () => {
    const { problems } = await read({
      "compose.yaml": "services: { a: { image: x } }",
      ".env": "COMPOSE_FILE=other.yaml\nCOMPOSE_PROJECT_NAME=theirs\nDOCKER_HOST=tcp://203.0.113.1:2375\n",
    });
    expect(problems.map(({ message }) => message.split(" ")[2]?.replace(",", ""))).toEqual([
      "COMPOSE_FILE",
      "COMPOSE_PROJECT_NAME",
      "DOCKER_HOST",
    ]);
    expect(problems.every(({ severity, source }) => severity === "warning" && source === ".env")).toBe(true);
  });

  test("a volume that is a folder of the machine in disguise, and a program that provides a service, are named", async () => {
    const { services } = await read({
      "compose.yaml": `
volumes: { data: { driver_opts: { type: none, o: bind, device: /home } } }
services:
  a: { image: x, volumes: ["data:/d", { type: volume, source: data, target: /e }] }
  b: { provider: { type: cloud-tool } }`,
    });
    expect(services.map(({ trust }) => trust.warnings)).toEqual([
      ["mounts /home", "mounts /home"],
      ["runs the program cloud-tool of this machine"],
    ]);
  });

  test("dependencies say whether they are required, and whether a restart is handed on", async () => {
    const { services } = await read({
      "compose.yaml":
        "services: { a: { image: x, depends_on: { b: { condition: service_started, restart: true, required: false } } }, b: { image: x } }",
    });
    expect([...services[0]!.dependencies]).toEqual([
      ["b", { condition: "service_started", required: false, restart: true }],
    ]);
  });
});

describe("environment case 36: profiles, the eight rows of the specification", () => {
  const services = new Map([
    ["foo", { profiles: [], needs: [] }],
    ["bar", { profiles: ["test"], needs: [] }],
    ["baz", { profiles: ["test"], needs: ["bar"] }],
    ["zot", { profiles: ["debug"], needs: ["bar"] }],
  ]);
  test.each<[string, string[], string[], string[], boolean]>([
    ["no profile", [], [], ["foo"], true],
    ["test", ["test"], [], ["foo", "bar", "baz"], true],
    ["debug: zot needs bar, which is not there", ["debug"], [], ["foo", "zot"], false],
    ["debug and test", ["debug", "test"], [], ["foo", "bar", "baz", "zot"], true],
    ["bar by name", [], ["bar"], ["bar"], true],
    ["baz by name brings bar", [], ["baz"], ["bar", "baz"], true],
    ["zot by name: bar shares no profile with it", [], ["zot"], ["zot"], false],
    ["zot by name with test", ["test"], ["zot"], ["bar", "zot"], true],
  ])("%s", (_, active, named, expected, valid) => {
    const selection = selectByProfiles(services, active, named);
    expect(selection.services).toEqual(expected);
    expect(selection.invalid).toEqual(valid ? [] : [["zot", "bar"]]);
  });

  test("in a file: a service asked for by name is part of the plan, with its profile", async () => {
    const files = {
      "compose.yaml":
        "services: { foo: { image: x }, bar: { image: x, profiles: [test] }, zot: { image: x, profiles: [debug] } }",
    };
    const names = async (named: string[]) => (await read(files, { named })).services.map(({ plan }) => plan.name);
    expect(await names([])).toEqual(["foo"]);
    expect(await names(["bar"])).toEqual(["foo", "bar"]);
    expect((await read(files)).compose?.profiles).toEqual(["debug", "test"]);
  });
});

describe("a health check", () => {
  const check = (text: string) => readHealthcheck(yaml(text));

  test("environment case 31: is waited for as long as docker may take to decide, and two minutes at least", () => {
    expect(check("{ test: x, interval: 1s, retries: 3 }").timings.deadlineMs).toBe(124_000);
    expect(check("{ test: x, interval: 1s, timeout: 1s, retries: 3 }").timings.deadlineMs).toBe(120_000);
    expect(check("{ test: x, start_period: 10m, interval: 1s, timeout: 1s, retries: 1 }").timings.deadlineMs).toBe(
      604_000,
    );
  });

  test("environment case 32: start_interval is read where there is a start_period", () => {
    expect(check("{ test: x, start_period: 30s, start_interval: 1s }").bad).toEqual([]);
    expect(check("{ test: x, start_interval: 1s }").bad).toHaveLength(1);
  });

  test("docker's first word of unhealthy is its last", () => {
    expect(check("{ test: x }").timings.failureThreshold).toBe(1);
    expect(check("{ test: [NONE], interval: 1s }")).toMatchObject({ present: false, timings: {} });
  });
});
