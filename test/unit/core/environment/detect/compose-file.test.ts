import { afterEach, describe, expect, test } from "vitest";
import { serviceFingerprint } from "../../../../../electron/core/environment/detect/detect.ts";
import { composePorts } from "../../../../../electron/core/environment/detect/compose-ports.ts";
import { interpolate } from "../../../../../electron/core/environment/detect/interpolate.ts";
import { detectIn, onlyService, removeFolders } from "../../../../support/detect-folder.ts";

afterEach(removeFolders);

describe("ports", () => {
  const host = (...entries: Parameters<typeof composePorts>[0]) =>
    composePorts(entries).ports.map(({ name, port }) => `${port}:${name}`);
  const long = (entries: Record<string, string | number>) => new Map(Object.entries(entries));

  test.each([
    ["8000:80", ["8000:80"]],
    ["127.0.0.1:8001:80", ["8001:80"]],
    ["0.0.0.0:8001:80/tcp", ["8001:80"]],
    ["[::1]:8001:80", ["8001:80"]],
    ["3000-3002:4000-4002", ["3000:4000", "3001:4001", "3002:4002"]],
    ["5353:53/udp", []],
    ["80", []],
    ["127.0.0.1::80", []],
    ["8000-8010:80", []],
  ])("%s", (text, expected) => expect(host(text)).toEqual(expected));

  test("numbers and the long form", () => {
    expect(host(3000)).toEqual([]);
    expect(host(long({ target: 80, published: "8080", protocol: "tcp", mode: "host" }))).toEqual(["8080:80"]);
    expect(host(long({ name: "web", target: 80, published: 8080 }))).toEqual(["8080:web"]);
    expect(host(long({ target: 80 }))).toEqual([]);
    expect(host(long({ target: 80, published: 9000, protocol: "udp" }))).toEqual([]);
  });

  test.each(["eighty", "1:2:3:4:5", "99999:80", "80:0", "", "-1:80", "20-10:80"])("%o is none", (text) => {
    expect(composePorts([text]).bad).toHaveLength(1);
  });
});

describe("variables", () => {
  const variables = new Map([
    ["SET", "value"],
    ["EMPTY", ""],
  ]);
  test.each([
    ["$SET ${SET} x", "value value x"],
    ["${MISSING}", ""],
    ["${MISSING:-d}/${MISSING-d}", "d/d"],
    ["${EMPTY:-d}/${EMPTY-d}", "d/"],
    ["${SET:+yes}/${MISSING:+yes}/${EMPTY+yes}", "yes//yes"],
    ["${MISSING:-${SET}}", "value"],
    ["${MISSING:-${ALSO:-${EMPTY:-deep}}}", "deep"],
    ["$$SET $${SET}", "$SET ${SET}"],
    ["100$", "100$"],
    ["${SET:?must}", "value"],
  ])("%s", (text, expected) => expect(interpolate(text, variables)).toMatchObject({ ok: true, text: expected }));

  test.each([
    ["${MISSING:?say why}", "the variable MISSING must be set: say why"],
    ["${EMPTY:?}", "the variable EMPTY must be set"],
    ["${SET", "has no closing brace"],
    ["${}", "is no variable"],
    ["${SET!x}", "is no variable"],
    [`${"${A:-".repeat(40)}x${"}".repeat(40)}`, "nested too deeply"],
  ])("%s is refused", (text, reason) => {
    const result = interpolate(text, variables);
    expect(result.ok ? "" : result.reason).toContain(reason);
  });
});

async function read(yaml: string, files: Record<string, unknown> = {}, profile = "dev") {
  return (await detectIn({ "compose.yaml": yaml, ...files }, profile)).detection;
}

describe("services", () => {
  test("short and long depends_on, with conditions", async () => {
    const { services, order } = await read(`
services:
  web: { image: x, depends_on: [api] }
  api: { image: x, depends_on: { db: { condition: service_healthy }, init: { condition: service_completed_successfully } } }
  init: { image: x }
  db: { image: postgres, healthcheck: { test: [CMD, true] } }`);
    expect(services.map(({ name, dependsOn }) => [name, dependsOn])).toEqual([
      ["web", { api: "service_started" }],
      ["api", { db: "service_healthy", init: "service_completed_successfully" }],
      ["init", {}],
      ["db", {}],
    ]);
    expect(order).toEqual([["init", "db"], ["api"], ["web"]]);
  });

  test.each([
    ["test: [CMD, true]", true],
    ["test: curl localhost", true],
    ["test: NONE", true],
    ["test: [NONE]", false],
    ["disable: true", false],
    ["interval: 1s", false],
  ])("a health check of `%s`: %s", async (check, expected) => {
    const { services } = await read(`services: { db: { image: x, healthcheck: { ${check} } } }`);
    expect(services[0]?.probe).toEqual({ kind: "compose", healthcheck: expected });
  });

  test("profiles select, by ours and by COMPOSE_PROFILES", async () => {
    const yaml =
      "services: { a: { image: x }, b: { image: x, profiles: [dev] }, c: { image: x, profiles: [mail, test] } }";
    const names = async (profile: string, env = "") =>
      (await read(yaml, { ".env": env }, profile)).services.map(({ name }) => name);
    expect(await names("dev")).toEqual(["a", "b"]);
    expect(await names("test")).toEqual(["a", "c"]);
    expect(await names("staging", "COMPOSE_PROFILES=dev,mail")).toEqual(["a", "b", "c"]);
  });

  test("ports from .env, and the override file laid over", async () => {
    const { services } = await read("services: { db: { image: x, ports: ['${DB_PORT:-1}:5432'], command: one } }", {
      ".env": "DB_PORT=5555\n",
      "compose.override.yaml":
        "services: { db: { ports: ['6666:5433'], command: two, healthcheck: { test: x } }, extra: { image: y } }",
    });
    expect(services.map(({ name, ports }) => [name, ports.map(({ port }) => port)])).toEqual([
      ["db", [5555, 6666]],
      ["extra", []],
    ]);
    expect(services[0]?.probe).toEqual({ kind: "compose", healthcheck: true });
  });

  test("anchors, merge keys and names that objects know", async () => {
    const { services, problems } = await read(`
x-base: &base { image: x, healthcheck: { test: t } }
services:
  __proto__: { <<: *base }
  constructor: { <<: *base, depends_on: { __proto__: { condition: service_healthy } } }`);
    expect(problems).toEqual([]);
    expect(services.map(({ name }) => name)).toEqual(["__proto__", "constructor"]);
    expect(Object.keys(services[1]?.dependsOn ?? {})).toEqual(["__proto__"]);
    expect(({} as Record<string, unknown>)["condition"]).toBeUndefined();
  });

  test("docker-compose.yml too; compose.yaml first where both are there", async () => {
    const old = await detectIn({ "docker-compose.yml": "services: { old: { image: x } }" });
    expect(old.compose?.files).toEqual(["docker-compose.yml"]);
    const both = await detectIn({
      "docker-compose.yml": "services: { old: { image: x } }",
      "compose.yaml": "services: { new: { image: x } }",
    });
    expect([...both.services.keys()]).toEqual(["new"]);
  });

  test("the trust item warns of what a container gets hold of, and any change changes the fingerprint", async () => {
    const yaml = (more: string) =>
      `services: { a: { image: x, privileged: true, network_mode: host, volumes: ["/:/host", "data:/d", "./src:/src"] ${more} } }`;
    const project = await detectIn({ "compose.yaml": yaml("") });
    const service = onlyService(project);
    expect(service.trust.warnings).toEqual(["privileged", "network_mode host", "mounts /", "mounts ./src"]);
    const changed = onlyService(await detectIn({ "compose.yaml": yaml(", labels: { a: b }") }));
    expect(serviceFingerprint(changed)).not.toBe(serviceFingerprint(service));
  });
});

describe("problems", () => {
  test.each<[string, string, string, string]>([
    ["a key twice", "services:\n  a: { image: x }\n  a: { image: y }", "file_invalid", "compose.yaml:3:3"],
    ["bad indentation", "services:\n  a:\n    image: x\n   b: y", "file_invalid", "compose.yaml:4:"],
    ["a list", "- a\n- b", "file_invalid", "compose.yaml:1:1"],
    ["services that are a list", "services: [a]", "value_invalid", "compose.yaml:1:1"],
    ["a service that is a text", "services:\n  a: hello", "value_invalid", "compose.yaml:2:3"],
    ["a name docker refuses", 'services:\n  "a b": { image: x }', "value_invalid", "compose.yaml:2:3"],
    ["a name that looks like an option", "services:\n  --rm: { image: x }", "value_invalid", "compose.yaml:2:3"],
    [
      "a port that is none",
      "services:\n  a:\n    image: x\n    ports:\n      - 80:80\n      - eighty",
      "value_invalid",
      "compose.yaml:6:9",
    ],
    [
      "an unknown condition",
      "services:\n  a:\n    depends_on:\n      b: { condition: happy }\n  b: {}",
      "value_invalid",
      "compose.yaml:4:7",
    ],
    [
      "a variable that must be set",
      "services:\n  a:\n    image: x\n    command: ${X:?please}",
      "value_invalid",
      "compose.yaml:4:5",
    ],
    [
      "an unknown service",
      "services: { a: { image: x, depends_on: [ghost] } }",
      "unknown_dependency",
      "compose.yaml#services.a",
    ],
    ["itself", "services: { a: { image: x, depends_on: [a] } }", "self_dependency", "compose.yaml#services.a"],
    [
      "a circle",
      "services: { a: { depends_on: [b] }, b: { depends_on: [a] } }",
      "dependency_cycle",
      "compose.yaml#services.a",
    ],
    [
      "health without a check",
      "services: { a: { depends_on: { b: { condition: service_healthy } } }, b: {} }",
      "healthy_without_probe",
      "compose.yaml#services.a",
    ],
    [
      "an alias bomb",
      `a: &a [x,x,x,x,x,x,x,x,x]\n${"bcdefg"
        .split("")
        .map((key, index) => `${key}: &${key} [${`*${"abcdefg"[index]},`.repeat(9)}]`)
        .join("\n")}\nservices: {}`,
      "file_invalid",
      "compose.yaml",
    ],
    ["brackets without end", `services: ${"[".repeat(100_000)}`, "file_invalid", "compose.yaml"],
    [
      "maps without end",
      `services:\n${Array.from({ length: 300 }, (_, depth) => `${" ".repeat(depth + 1)}k:`).join("\n")} v`,
      "file_invalid",
      "compose.yaml",
    ],
    [
      "an included file that is not there",
      "include: [other.yaml]\nservices: { a: { image: x } }",
      "file_unreadable",
      "compose.yaml:1:11",
    ],
    ["a file from the network", "include:\n  - https://example.org/c.yaml", "unsupported", "compose.yaml:2:5"],
    ["a file from outside the folder", "include:\n  - path: ../c.yaml", "unsupported", "compose.yaml:2:5"],
    ["an include without a path", "include: [{ env_file: x }]", "value_invalid", "compose.yaml:1:11"],
    ["a file that includes itself", "include: [compose.yaml]", "value_invalid", "compose.yaml:1:11"],
    [
      "extends without a name",
      "services:\n  a: { image: x, extends: { file: y } }",
      "value_invalid",
      "compose.yaml:2:18",
    ],
    ["extends of nobody", "services:\n  a: { image: x, extends: b }", "value_invalid", "compose.yaml:2:18"],
    [
      "extends in a circle",
      "services:\n  a: { image: x, extends: b }\n  b: { extends: { service: a } }",
      "value_invalid",
      "compose.yaml:2:",
    ],
    [
      "extends of an absolute path",
      "services:\n  a: { extends: { service: a, file: /etc/passwd } }",
      "unsupported",
      "compose.yaml:2:8",
    ],
    [
      "environment case 32: start_interval without start_period",
      "services:\n  a:\n    healthcheck: { test: x, start_interval: 1s }",
      "value_invalid",
      "compose.yaml:3:29",
    ],
    [
      "an interval that is none",
      "services:\n  a:\n    healthcheck: { test: x, interval: soon }",
      "value_invalid",
      "compose.yaml:3:29",
    ],
    ["container_name", "services:\n  a:\n    image: x\n    container_name: mine", "unsupported", "compose.yaml:4:5"],
    [
      "one port twice",
      "services: { a: { ports: ['80:80'] }, b: { ports: ['80:81'] } }",
      "port_conflict",
      "compose.yaml#services.b",
    ],
  ])("%s", async (_, yaml, code, source) => {
    const { problems } = await read(yaml);
    const problem = problems.find((one) => one.code === code);
    expect(problem, JSON.stringify(problems)).toBeDefined();
    expect(problem?.source.startsWith(source), problem?.source).toBe(true);
  });

  test("an optional dependency that is not there is a warning, and the order stands", async () => {
    const { problems, order } = await read(
      "services: { a: { image: x, depends_on: { ghost: { condition: service_started, required: false } } } }",
    );
    expect(problems).toMatchObject([{ code: "unknown_dependency", severity: "warning" }]);
    expect(order).toEqual([["a"]]);
  });
});
