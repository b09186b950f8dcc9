import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import { differences } from "../../../../../electron/core/environment/config/compare-plans.ts";
import { saveConfig } from "../../../../../electron/core/environment/config/save-config.ts";
import type { DetectedProject, DetectedService } from "../../../../../electron/core/environment/detect/detected.ts";
import { detect } from "../../../../../electron/core/environment/detect/detect.ts";
import { configTextFor } from "../../../../../electron/core/environment/config/save-project.ts";
import { detectIn, folderWith, removeFolders } from "../../../../support/detect-folder.ts";

afterEach(removeFolders);

type Plans = ReadonlyMap<string, DetectedService>;

/** What must be the same after a file was written and read: how each service is run, and what it waits for. */
function expectSamePlan(read: DetectedProject, wanted: Plans, directory: string): void {
  expect(read.detection.problems.filter(({ severity }) => severity === "error")).toEqual([]);
  expect([...read.services.keys()].sort()).toEqual([...wanted.keys()].sort());
  for (const [name, service] of wanted) {
    const again = read.services.get(name)!;
    const here = {
      ...again,
      plan: { ...again.plan, workingDirectory: again.plan.workingDirectory.replace(read.directory, directory) },
    };
    const plain = (one: DetectedService) => ({ ...one, digest: "" });
    expect([name, differences(plain(here), plain(service))]).toEqual([name, []]);
    expect(new Map(again.dependencies)).toEqual(new Map(service.dependencies));
    expect(again.plan.profiles).toEqual(service.plan.profiles);
    expect(again.rules.disabled).toBe(service.rules.disabled);
  }
}

async function roundTrip(files: Record<string, unknown>, fromFiles: Record<string, string> = {}) {
  const project = await detectIn(files);
  const saved = saveConfig({
    existing: null,
    before: project.services,
    after: project.services,
    directory: project.directory,
    inherited: { files: new Map(Object.entries(fromFiles)), profile: new Map() },
    composeFile: project.compose?.files[0] ?? null,
    write: "all",
  });
  if (!saved.ok) throw new Error("not saved");
  const again = await detectIn({ ...files, "deckhand.yaml": saved.text });
  expectSamePlan(again, project.services, project.directory);
  return saved.text;
}

describe("a plan that is saved reads back to the same plan", () => {
  test("compose, scripts and a Procfile together; no secret of .env is copied", async () => {
    const text = await roundTrip(
      {
        "compose.yaml": `services:
  db: { image: "postgres:16", ports: ["5432:5432"], healthcheck: { test: [CMD, pg_isready] } }
  cache: { image: redis, depends_on: { db: { condition: service_healthy } } }`,
        "package.json": { scripts: { dev: "next dev --port 4310", "db:migrate": "prisma migrate deploy" } },
        "Procfile.dev": "worker: node worker.js\nweb: node web.js\n",
        ".env": "SECRET=hunter2\n",
      },
      { SECRET: "hunter2" },
    );
    expect(text).not.toContain("hunter2");
    expect(text).toContain("compose: { file: compose.yaml, service: db }");
    expect(text).toMatchInlineSnapshot(`
      "# What Deckhand runs for this project. Explicit beats detected.

      version: 1
      detect: false
      services:
        db:
          compose: { file: compose.yaml, service: db }
        cache:
          compose: { file: compose.yaml, service: cache }
        db:migrate:
          command: [ npm, run, --silent, db:migrate ]
          type: task
          dotenv: false
          depends_on: { db: service_healthy, cache: service_started }
        dev:
          command: [ npm, run, --silent, dev ]
          dotenv: false
          ports: { http: { prefer: 4310, option: -- --port } }
          depends_on:
            db: service_healthy
            cache: service_started
            db:migrate: service_completed_successfully
        worker:
          command: node worker.js
          depends_on:
            db: service_healthy
            cache: service_started
            db:migrate: service_completed_successfully
        web:
          command: node web.js
          ports: { http: { prefer: 5100, env: PORT } }
          depends_on:
            db: service_healthy
            cache: service_started
            db:migrate: service_completed_successfully
      "
    `);
  });

  test("process-compose, with everything it can say", async () => {
    await roundTrip({
      "process-compose.yaml": `processes:
  db: { command: "run $$HOME", environment: ["PRICE=$$5", "A=b"], ready_log_line: "is (up)", log_location: db.log }
  task: { command: x, availability: { restart: on_failure, max_restarts: 7 } }
  often: { command: y, availability: { restart: always, max_restarts: 9 } }
  once: { command: z, availability: { restart: "no", max_restarts: 3 } }
  api:
    entrypoint: [node, "a b.js", ""]
    replicas: 3
    depends_on: { db: { condition: process_log_ready }, task: { condition: process_completed_successfully } }
    readiness_probe: { http_get: { port: 8080, path: /up }, initial_delay_seconds: 1, failure_threshold: 4 }
    liveness_probe: { exec: { command: "test -f ok" } }
    shutdown: { command: "bye", signal: 2, timeout_seconds: 4 }
    availability: { restart: exit_on_failure }
    is_disabled: "true"
`,
    });
  });

  const name = fc.constantFrom(
    "a",
    "b-c",
    "__proto__",
    "constructor",
    "dev:api",
    "ünï",
    "1",
    "no",
    "x y",
    "*star",
    "#c",
  );
  const word = fc.string({ minLength: 1, maxLength: 12, unit: fc.constantFrom(..."ab $\"'\\{}:#-&*!|>%@`,[]?~") });
  const time = fc.constantFrom("250ms", "10s", "1m30s", "2h");
  const command = fc.oneof(
    word.filter((one) => one.trim() !== ""),
    fc.array(word, { minLength: 1, maxLength: 3 }),
  );
  const maybe = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined });
  const probe = fc.oneof(
    fc.record({
      http: fc.constant("http://127.0.0.1:${PORT:-3000}/up"),
      interval: time,
      retries: fc.integer({ min: 1, max: 9 }),
    }),
    fc.record({ tcp: fc.integer({ min: 1, max: 65_535 }), start_period: time }),
    fc.record({ log: fc.constantFrom("ready", "^up$", "\\d+ ms") }),
    fc.record({ exec: command, timeout: time }),
    fc.constant({ notify: true }),
    fc.constant(false),
  );
  const service = fc.record({
    command,
    type: maybe(fc.constantFrom("process", "task")),
    disabled: maybe(fc.boolean()),
    environment: maybe(
      fc.dictionary(
        fc.constantFrom("A", "PATH_X", "__proto__", "Z"),
        word.map((one) => one.replaceAll("$", "$$$$")),
      ),
    ),
    ports: maybe(
      fc.dictionary(
        fc.constantFrom("http", "admin", "__proto__"),
        fc.oneof(
          fc.integer({ min: 1, max: 65_535 }),
          fc.record({
            prefer: fc.integer({ min: 1, max: 65_535 }),
            env: maybe(fc.constantFrom("PORT", "ADMIN")),
            strict: maybe(fc.boolean()),
          }),
        ),
      ),
    ),
    healthcheck: maybe(probe),
    liveness: maybe(probe),
    restart: maybe(fc.constantFrom("no", "always", "on-failure", "on-failure:3", "unless-stopped", "exit_on_failure")),
    restart_limit: maybe(fc.record({ max: fc.integer({ min: 1, max: 9 }), window: time })),
    exit_on_end: maybe(fc.boolean()),
    stop_signal: maybe(fc.constantFrom("SIGINT", "TERM", 15)),
    stop_grace_period: maybe(time),
    stop_command: maybe(command),
    success_exit_codes: maybe(fc.array(fc.integer({ min: 0, max: 255 }), { maxLength: 3 })),
    watch: maybe(fc.record({ paths: fc.array(word, { minLength: 1, maxLength: 2 }), debounce: time })),
    limits: maybe(fc.record({ memory: fc.constantFrom("1GiB", "1.5g", 12_345), cpu: fc.constantFrom("50%", 2) })),
    replicas: maybe(fc.integer({ min: 1, max: 5 })),
    pre_start: maybe(fc.array(command, { maxLength: 2 })),
    ready_log_line: maybe(fc.constantFrom("up", "a.*b")),
    profiles: maybe(fc.constantFrom(["dev"], [])),
    log_file: maybe(fc.constantFrom("a.log", "logs/$$x.log")),
  });

  test("whatever a file may say about a service", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.tuple(name, service), { selector: ([one]) => one, minLength: 1, maxLength: 4 }),
        async (list) => {
          const names = list.map(([one]) => one);
          // JSON is YAML, and says `__proto__` like any other key.
          const entries = list.map(([one, body], index) => {
            const needs = names
              .slice(0, index)
              .map((other) => `${JSON.stringify(other)}:{"condition":"started","required":false}`);
            return `${JSON.stringify(one)}:{"depends_on":{${needs.join(",")}},${JSON.stringify(body).slice(1)}`;
          });
          const project = await detectIn({ "deckhand.yaml": `{"detect":false,"services":{${entries.join(",")}}}` });
          expect(project.detection.problems.filter(({ code }) => code === "value_invalid")).toEqual([]);
          const saved = saveConfig({
            existing: null,
            before: project.services,
            after: project.services,
            directory: project.directory,
            composeFile: null,
            write: "all",
          });
          if (!saved.ok) throw new Error("not saved");
          expectSamePlan(await detectIn({ "deckhand.yaml": saved.text }), project.services, project.directory);
          removeFolders();
        },
      ),
      { numRuns: 60 },
    );
  });
});

const commented = `# The environment of this project.
version: 1 # of the format

services:
  # The API.
  api:
    command: ./api # starts it
    x-owner: team-a
    environment:
      LOG: debug # loud
    restart: always
  worker: { command: ./worker, profiles: [other] }
  web: { command: ./web } # the page
`;

describe("a file that is there", () => {
  async function edited(change: (services: Map<string, DetectedService>) => void) {
    const project = await detectIn({ "deckhand.yaml": commented });
    const after = new Map(project.services);
    change(after);
    const saved = saveConfig({
      existing: commented,
      before: project.services,
      after,
      directory: project.directory,
      composeFile: null,
      write: "changes",
    });
    if (!saved.ok) throw new Error("not saved");
    expectSamePlan(await detectIn({ "deckhand.yaml": saved.text }), after, project.directory);
    return saved.text;
  }

  test("nothing changed: not a byte of it does", async () => {
    expect(await edited(() => undefined)).toBe(commented);
  });

  test("one part of one service changes, and every comment is still there", async () => {
    const text = await edited((services) => {
      const api = services.get("api")!;
      services.set("api", { ...api, graceMs: 3_000, restart: { ...api.restart, mode: "no", beforeReady: false } });
    });
    expect(text).toBe(commented.replace("    restart: always\n", "    restart: no\n    stop_grace_period: 3s\n"));
  });

  test("one is switched off, one is taken out; what another profile has stays", async () => {
    const text = await edited((services) => {
      const web = services.get("web")!;
      services.set("web", { ...web, rules: { ...web.rules, disabled: true } });
      services.delete("api");
    });
    expect(text).toContain("web: { command: ./web, disabled: true } # the page");
    expect(text).toContain("worker: { command: ./worker, profiles: [other] }");
    expect(text).not.toContain("./api");
    expect(text).toContain("# The environment of this project.");
  });

  test("a detected service that is changed is written, the others stay detected", async () => {
    const files = { "package.json": { scripts: { dev: "node a.js", "dev:api": "node b.js --port 4311" } } };
    const project = await detectIn(files);
    const after = new Map(project.services);
    const first = [...after.keys()][0]!;
    const old = after.get(first)!;
    after.set(first, { ...old, rules: { ...old.rules, disabled: true }, plan: { ...old.plan, disabled: true } });
    const saved = saveConfig({
      existing: null,
      before: project.services,
      after,
      directory: project.directory,
      composeFile: null,
      write: "changes",
    });
    expect(saved).toMatchObject({ ok: true });
    const again = await detectIn({ ...files, "deckhand.yaml": saved.ok ? saved.text : "" });
    expect(again.services.get(first)?.rules.disabled).toBe(true);
    expect([...again.services.keys()].sort()).toEqual([...after.keys()].sort());
  });

  test("one that cannot be read is left alone, and says where it is wrong", () => {
    const saved = saveConfig({
      existing: "services: [a",
      before: new Map(),
      after: new Map(),
      directory: "/project",
      composeFile: null,
      write: "all",
    });
    expect(saved).toMatchObject({ ok: false, problems: [{ code: "file_invalid", source: "deckhand.yaml:1:13" }] });
  });
});

describe("a folder is saved as it is", () => {
  test("the text reads back to the same plan, with what .env says left in .env", async () => {
    const files = {
      "Procfile.dev": "worker: node worker.js\n",
      "package.json": { scripts: { dev: "vite" } },
      ".env": "SECRET=hunter2\n",
    };
    const directory = folderWith(files);
    const saved = await configTextFor({ directory, profile: "dev", write: "all" });
    expect(saved).toMatchObject({ file: "deckhand.yaml", existing: null });
    expect(saved.text).not.toContain("hunter2");
    const project = await detect({ directory, profile: "dev" });
    expectSamePlan(await detectIn({ ...files, "deckhand.yaml": saved.text }), project.services, project.directory);
  });

  test("one click takes a service out, and the file says only that", async () => {
    const directory = folderWith({ "compose.yaml": "services: { db: { image: postgres }, x: { image: x } }" });
    const saved = await configTextFor({
      directory,
      profile: "dev",
      write: "changes",
      change: ({ services }) => ({
        services: new Map(
          [...services].map(([name, service]) =>
            name === "x" ? [name, { ...service, rules: { ...service.rules, disabled: true } }] : [name, service],
          ),
        ),
        typed: new Map(),
      }),
    });
    expect(saved.text).toBe(
      "# What Deckhand runs for this project. Explicit beats detected.\n\nversion: 1\nservices:\n  x:\n    compose: { file: compose.yaml, service: x }\n    disabled: true\n",
    );
  });

  test("a file that cannot be read is not written over", async () => {
    const directory = folderWith({ "deckhand.yml": "services: [a" });
    await expect(configTextFor({ directory, profile: "dev", write: "all" })).rejects.toMatchObject({
      code: "plan_invalid",
      next: "Correct deckhand.yml:1:13 first.",
    });
  });
});
