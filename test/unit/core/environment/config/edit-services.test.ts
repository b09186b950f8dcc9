import { afterEach, describe, expect, test } from "vitest";
import type { FieldProblem, ProbeDraft, ServiceDraft, ServiceEdit } from "#shared/schema/service-edit.ts";
import { editServices } from "../../../../../electron/core/environment/config/edit-services.ts";
import { readSavedProject } from "../../../../../electron/core/environment/config/save-project.ts";
import { serviceDraft } from "../../../../../electron/core/environment/config/service-draft.ts";
import { AppError } from "../../../../../electron/core/lib/error.ts";
import { folderWith, removeFolders } from "../../../../support/detect-folder.ts";

afterEach(removeFolders);

const files = {
  "package.json": { scripts: { dev: "vite --port 5173" } },
  "compose.yaml":
    "services: { db: { image: postgres, healthcheck: { test: [CMD, pg_isready] } }, cache: { image: redis } }",
};

async function open(more: Readonly<Record<string, unknown>> = {}) {
  const project = await readSavedProject({ directory: folderWith({ ...files, ...more }), profile: "dev" });
  const draft = (service: string): ServiceDraft =>
    serviceDraft(project.services.get(service)!, {
      ...project,
      names: project.services.keys(),
      isSecret: (name) => name.includes("SECRET"),
    });
  const edit = (one: ServiceEdit) => editServices(project.services, [one], project).services.get(one.service)!;
  /** What is refused, each with its place. */
  const wrong = (one: ServiceEdit): FieldProblem[] => {
    try {
      editServices(project.services, [one], project);
    } catch (error) {
      if (error instanceof AppError && error.code === "bad_input") return error.details["fields"] as FieldProblem[];
      throw error;
    }
    return [];
  };
  return { project, draft, edit, wrong };
}

const port = { name: "http", prefer: "4000", env: "PORT", option: "", strict: false };
const probe: ProbeDraft = {
  kind: "http",
  tcp: "",
  url: "http://127.0.0.1:${PORT}/up",
  status: "204",
  exec: "",
  log: "",
  interval: "5s",
  timeout: "",
  retries: "2",
  successThreshold: "",
  startPeriod: "",
  startInterval: "",
  initialDelay: "",
  deadline: "1m",
};

describe("an edit", () => {
  test("of every part of a service is read as a deckhand.yaml would be, and what is not named stays", async () => {
    const { project, edit } = await open();
    const before = project.services.get("dev");
    const after = edit({
      service: "dev",
      command: "vite --host",
      workingDirectory: "packages/web",
      environment: [["LOG", "debug"]],
      ports: [port, { name: "admin", prefer: "4001", env: "", option: "", strict: true }],
      probe,
      needs: [{ name: "db", condition: "service_healthy", required: false, restart: true }],
      restart: { mode: "on-failure", retries: "3", max: "7", window: "2m" },
      stop: { signal: "int", grace: "1500ms" },
      limits: { memory: "1GiB", cpu: "", cpuFor: "", onExceed: "stop" },
      watch: { paths: ["src"], ignore: ["**/*.test.ts"], debounce: "" },
      replicas: "1",
      disabled: true,
    });
    expect(after).toMatchObject({
      run: { kind: "argv", argv: ["/bin/sh", "-c", "vite --host"] },
      environment: { LOG: "debug" },
      restart: { mode: "on-failure", maxRetries: 3, limit: { max: 7, windowMs: 120_000 } },
      graceMs: 1_500,
      rules: {
        disabled: true,
        readiness: { periodMs: 5_000, failureThreshold: 2, deadlineMs: 60_000 },
        stop: { signal: "SIGINT" },
        limits: { memoryBytes: 1_073_741_824, cpuPercent: null, onExceed: "stop" },
        watch: { paths: ["src"], ignore: ["**/*.test.ts"], debounceMs: 300 },
      },
      plan: {
        command: "vite --host",
        workingDirectory: `${project.directory}/packages/web`,
        ports: [
          { name: "http", port: 4_000, env: "PORT" },
          { name: "admin", port: 4_001, env: null, strict: true },
        ],
        probe: { kind: "http", url: "http://127.0.0.1:${PORT}/up", status: 204 },
        disabled: true,
      },
    });
    expect([...after.dependencies]).toEqual([["db", { condition: "service_healthy", required: false, restart: true }]]);
    expect(project.services.get("dev")).toBe(before);
    expect(edit({ service: "dev", disabled: false }).plan).not.toHaveProperty("disabled");
  });

  test("that says what is there already changes nothing", async () => {
    const { project, draft, edit } = await open({
      "deckhand.yaml": `services:
  api:
    command: [node, "a b.js", ""]
    ports: { http: { prefer: 3000, env: PORT, strict: true } }
    healthcheck: { exec: [test, -f, "o k"], interval: 2s }
    restart: on-failure:4
    limits: { memory: 1.5g, cpu: 50% }
    watch: { paths: [src], debounce: 1s }
    depends_on: { db: { condition: service_healthy, required: false } }
`,
    });
    for (const name of ["api", "dev", "db"]) {
      const { container, ...now } = draft(name);
      const { command, workingDirectory, ports, needs, probe: check, restart, stop, limits, watch } = now;
      // A container is looked at more often than any file can say.
      const ofProcess = container ? {} : { command, workingDirectory, ports, probe: check };
      const after = edit({ service: name, ...ofProcess, needs, restart, stop, limits, watch });
      const before = project.services.get(name)!;
      expect([name, after.plan.ports, after.plan.probe, after.run]).toEqual([
        name,
        before.plan.ports,
        before.plan.probe,
        before.run,
      ]);
      expect([after.rules, after.graceMs]).toEqual([before.rules, before.graceMs]);
      expect(after.dependencies).toEqual(before.dependencies);
      expect({ ...after.restart, beforeReady: true }).toEqual({ ...before.restart, beforeReady: true });
    }
    expect(draft("api").command).toBe("node 'a b.js' ''");
  });

  test("of the ports alone takes the checks along: of the same port, by its name", async () => {
    const { edit } = await open({
      "deckhand.yaml": `services:
  api:
    command: ./api
    ports: { http: 3000, admin: 3001 }
    healthcheck: { http: "http://127.0.0.1:3000/up" }
    liveness: { tcp: 3001 }
  plain: { command: ./plain, ports: { http: { prefer: 3100, env: PORT } } }
  quiet: { command: ./quiet, ports: { http: 3200 }, healthcheck: false }
  none: { command: ./none }
`,
    });
    const http = { ...port, env: "" };
    const moved = edit({
      service: "api",
      ports: [
        { ...http, prefer: "3010" },
        { ...http, name: "admin", prefer: "3011" },
      ],
    });
    expect(moved.plan.probe).toMatchObject({ url: "http://127.0.0.1:3010/up" });
    expect(moved.rules.liveness?.spec).toEqual({ kind: "tcp", port: 3_011 });
    const fewer = edit({ service: "api", ports: [{ ...http, name: "other", prefer: "3010" }] });
    expect([fewer.plan.probe, fewer.rules.liveness]).toEqual([{ kind: "tcp", port: 3_010 }, null]);
    expect(edit({ service: "plain", ports: [{ ...port, name: "web" }] }).plan.probe).toEqual({
      kind: "tcp",
      port: 4_000,
    });
    expect(edit({ service: "quiet", ports: [port] }).plan.probe).toBeNull();
    expect(edit({ service: "none", ports: [port] }).plan.probe).toEqual({ kind: "tcp", port: 4_000 });
  });

  test("keeps what no form shows: headers of a check, and a line that others wait for", async () => {
    const { edit, draft } = await open({
      "deckhand.yaml": `services:
  api: { command: ./api, healthcheck: { http: { url: "http://127.0.0.1:1/", headers: { A: b } } }, ready_log_line: up }
  log: { command: ./log, healthcheck: { log: first } }
`,
    });
    expect(edit({ service: "api", probe: { ...draft("api").probe, status: "204" } }).plan.probe).toMatchObject({
      headers: { A: "b" },
      status: 204,
    });
    expect(edit({ service: "api", probe: { ...probe, kind: "log", log: "second" } }).rules.readyLine).toBe("up");
    expect(edit({ service: "log", probe: { ...probe, kind: "log", log: "second" } }).rules.readyLine).toBe("second");
  });

  test("takes out limits, watched files and needs again", async () => {
    const { edit, draft } = await open({
      "deckhand.yaml": "services: { api: { command: ./api, limits: { memory: 1g }, watch: src, depends_on: [db] } }",
    });
    const now = draft("api");
    const after = edit({
      service: "api",
      limits: { ...now.limits, memory: "" },
      watch: { ...now.watch, paths: [] },
      needs: [],
    });
    expect([after.rules.limits, after.rules.watch, after.dependencies.size]).toEqual([null, null, 0]);
  });
});

describe("what cannot be is refused with its place", () => {
  test("a number, a time, a signal, a size, an expression, a folder", async () => {
    const { wrong } = await open();
    const places = (edit: Omit<ServiceEdit, "service">) =>
      wrong({ service: "dev", ...edit }).map(({ path }) => path.join("."));
    expect(places({ ports: [{ ...port, prefer: "70000" }] })).toEqual(["ports.http.prefer"]);
    expect(places({ ports: [{ ...port, prefer: "" }] })).toEqual(["ports.http.prefer"]);
    expect(places({ ports: [{ ...port, env: "MY PORT" }] })).toEqual(["ports.http.env"]);
    expect(places({ ports: [port, { ...port, prefer: "4001" }] })).toEqual(["ports.http"]);
    expect(places({ probe: { ...probe, url: "nothing" } })).toEqual(["healthcheck.http"]);
    expect(places({ probe: { ...probe, url: "https://127.0.0.1/" } })).toEqual(["healthcheck.http"]);
    expect(places({ probe: { ...probe, status: "9" } })).toEqual(["healthcheck.http.status"]);
    expect(places({ probe: { ...probe, kind: "tcp", tcp: "" } })).toEqual(["healthcheck.tcp"]);
    expect(places({ probe: { ...probe, kind: "tcp", tcp: "nope" } })).toEqual(["healthcheck"]);
    expect(places({ probe: { ...probe, kind: "log", log: "(" } })).toEqual(["healthcheck.log"]);
    expect(places({ probe: { ...probe, kind: "compose" } })).toEqual(["healthcheck"]);
    expect(places({ probe: { ...probe, interval: "soon" } })).toEqual(["healthcheck.interval"]);
    expect(places({ restart: { mode: "on-failure", retries: "x", max: "0", window: "" } })).toEqual([
      "restart",
      "restart_limit.max",
      "restart_limit.window",
    ]);
    expect(places({ stop: { signal: "SIGNOTHING", grace: "-1s" } })).toEqual(["stop_signal", "stop_grace_period"]);
    expect(places({ limits: { memory: "lots", cpu: "0", cpuFor: "", onExceed: "stop" } })).toEqual([
      "limits.memory",
      "limits.cpu",
    ]);
    expect(places({ watch: { paths: ["src", ""], ignore: [], debounce: "1" } })).toEqual(["watch.paths.1"]);
    expect(places({ watch: { paths: ["../.."], ignore: [], debounce: "" } })).toEqual(["watch"]);
    expect(places({ replicas: "0" })).toEqual(["replicas"]);
    expect(places({ workingDirectory: "/etc" })).toEqual(["working_dir"]);
    expect(places({ command: "" })).toEqual(["command"]);
    expect(places({ environment: [["A=B", "c"]] })).toEqual(["environment.A=B"]);
    expect(places({ environment: [["A", "\0"]] })).toEqual(["environment.A"]);
  });

  test("needs that nobody could meet, with the way round a circle", async () => {
    const { wrong } = await open({
      "deckhand.yaml": "services: { a: { command: ./a }, b: { command: ./b, depends_on: [a] } }",
    });
    const need = (name: string, condition: "service_started" | "service_healthy" = "service_started") => ({
      name,
      condition,
      required: true,
      restart: false,
    });
    expect(wrong({ service: "a", needs: [need("__proto__")] })).toMatchObject([{ path: ["depends_on", "__proto__"] }]);
    expect(wrong({ service: "a", needs: [need("a")] })).toMatchObject([{ path: ["depends_on", "a"] }]);
    expect(wrong({ service: "a", needs: [need("db", "service_healthy")] })).toEqual([]);
    expect(wrong({ service: "b", needs: [need("a", "service_healthy")] })).toMatchObject([
      { path: ["depends_on", "a"] },
    ]);
    expect(wrong({ service: "a", needs: [need("b")] })).toMatchObject([
      { message: expect.stringContaining("→") as string },
    ]);
    expect(wrong({ service: "a", needs: [need("db"), need("db")] })).toMatchObject([{ path: ["depends_on", "db"] }]);
  });

  test("a check that others wait for cannot be taken away under them", async () => {
    const { wrong } = await open({
      "deckhand.yaml": `services:
  a: { command: ./a, ports: 3000 }
  b: { command: ./b, depends_on: { a: { condition: service_healthy } } }`,
    });
    expect(wrong({ service: "a", probe: { ...probe, kind: "none" } })).toMatchObject([
      { path: [], message: expect.stringContaining("b waits until a is healthy") as string },
    ]);
  });

  test("what only the compose file decides, and a service that is not there", async () => {
    const { wrong, edit } = await open();
    expect(wrong({ service: "db", command: "true" })).toMatchObject([{ path: ["command"] }]);
    expect(wrong({ service: "db", ports: [port] })).toMatchObject([{ path: ["ports"] }]);
    expect(wrong({ service: "db", environment: [["A", "b"]] })).toMatchObject([{ path: ["environment"] }]);
    expect(() => edit({ service: "nobody", disabled: true })).toThrow(/No service is called nobody/);
    expect(() => edit({ service: "-x", command: "true" })).toThrow(/can be no name/);
    expect(edit({ service: "new", command: "true" }).plan).toMatchObject({ kind: "process", source: "deckhand.yaml" });
  });
});

describe("variables", () => {
  const named = {
    ".env": "TOKEN=from-env\nPLAIN=x\n",
    "deckhand.yaml": `profiles: { dev: { environment: { STAGE: dev } } }
services:
  api:
    command: ./api
    environment: { LOG: "\${PLAIN}-log", MY_SECRET: hunter2, PRICE: "5$$" }
`,
  };

  test("are told with where they come from, as the file writes them, and never with a secret", async () => {
    const { draft } = await open(named);
    expect(draft("api").environment).toEqual([
      { name: "TOKEN", value: "from-env", from: "files" },
      { name: "PLAIN", value: "x", from: "files" },
      { name: "STAGE", value: "dev", from: "profile" },
      { name: "LOG", value: "${PLAIN}-log", from: "service" },
      { name: "MY_SECRET", value: null, from: "service" },
      { name: "PRICE", value: "5$$", from: "service" },
    ]);
  });

  test("of the service can be taken out, those of files and profiles only where they stand", async () => {
    const { edit, wrong } = await open(named);
    expect(edit({ service: "api", environment: [["LOG", null]] }).environment).not.toHaveProperty("LOG");
    expect(edit({ service: "api", environment: [["TOKEN", "mine"]] }).environment).toMatchObject({ TOKEN: "mine" });
    for (const name of ["TOKEN", "STAGE"]) {
      expect(wrong({ service: "api", environment: [[name, null]] })).toMatchObject([{ path: ["environment", name] }]);
    }
  });
});
