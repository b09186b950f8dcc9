import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join, resolve } from "node:path";
import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import { detectionSchema } from "#shared/schema/environment.ts";
import { detect } from "../../../../../electron/core/environment/detect/detect.ts";
import { projectFiles } from "../../../../../electron/core/environment/detect/project-files.ts";
import { detectIn, folderWith, removeFolders } from "../../../../support/detect-folder.ts";

afterEach(removeFolders);

const projects = resolve(import.meta.dirname, "../../../../fixtures/projects");
const sample = (name: string) => detect({ directory: join(projects, name), profile: "dev" });
const codes = (problems: readonly { code: string }[]) => problems.map(({ code }) => code);

describe("the sample projects", () => {
  test("harbour: tasks in order, three servers, no decoy", async () => {
    const { detection } = await sample("harbour");
    expect(detection.order).toEqual([["db:migrate"], ["db:seed"], ["dev:api", "dev:worker", "dev:web"]]);
    expect(detection.services.find(({ name }) => name === "dev:api")?.ports).toEqual([
      { name: "http", port: 4310, env: "PORT" },
    ]);
    expect(detection.problems).toEqual([]);
    expect(detectionSchema.safeParse(detection).success).toBe(true);
  });

  test("harbour-compose: containers and scripts in one order", async () => {
    const { detection } = await sample("harbour-compose");
    expect(detection.order).toEqual([["db", "cache"], ["api", "db:migrate"], ["dev:worker"]]);
    expect(detection.services.find(({ name }) => name === "db:migrate")?.dependsOn).toEqual({
      db: "service_healthy",
      cache: "service_started",
    });
  });

  test.each([
    ["broken-package", ["file_invalid"], []],
    ["broken-compose", ["file_invalid"], ["dev"]],
    ["broken-cycle", ["dependency_cycle"], ["bystander"]],
    ["compose-only", [], ["store", "reader"]],
  ])("%s", async (name, problems, services) => {
    const { detection } = await sample(name);
    expect(codes(detection.problems)).toEqual(problems);
    expect(detection.order.flat()).toEqual(services);
  });
});

describe("the folder itself", () => {
  test("that is not there, that is a file, that may not be read", async () => {
    const folder = folderWith({ file: "x" });
    await expect(detect({ directory: join(folder, "missing"), profile: "dev" })).rejects.toMatchObject({
      code: "folder_missing",
    });
    await expect(detect({ directory: join(folder, "file"), profile: "dev" })).rejects.toMatchObject({
      code: "not_a_folder",
    });
  });

  test("that has nothing to run", async () => {
    expect(codes((await detectIn({})).detection.problems)).toEqual(["no_services"]);
    expect(codes((await detectIn({ "package.json": { scripts: { build: "x" } } })).detection.problems)).toEqual([
      "no_services",
    ]);
  });
});

describe("several sources", () => {
  test("a name that is taken gets its file in front, in whichever source it comes second", async () => {
    const project = await detectIn({
      "compose.yaml": "services: { dev: { image: x }, worker: { image: y } }",
      "package.json": { scripts: { dev: "vite" } },
      "Procfile.dev": "worker: node worker.mjs\nclock: node clock.mjs",
    });
    expect([...project.services.keys()]).toEqual(["dev", "worker", "package.json/dev", "Procfile.dev/worker", "clock"]);
    expect(codes(project.detection.problems)).toEqual(["duplicate_name", "duplicate_name"]);
    expect([...project.services.values()].map(({ trust }) => trust.name)).toEqual([...project.services.keys()]);
  });

  test("what waits for one that got another name goes on waiting for that one", async () => {
    const project = await detectIn({
      "compose.yaml": "services: { db: { image: x } }",
      "process-compose.yaml": "processes: { db: { command: x }, api: { command: y, depends_on: [db] } }",
    });
    expect([...project.services.keys()]).toEqual(["db", "process-compose.yaml/db", "api"]);
    const api = project.services.get("api");
    expect([...(api?.dependencies.keys() ?? [])]).toEqual(["process-compose.yaml/db"]);
    expect(api?.plan.dependsOn).toEqual({ "process-compose.yaml/db": "service_started" });
  });

  test("a broken file does not hide the others", async () => {
    const { detection } = await detectIn({
      "compose.yaml": "services: [",
      "package.json": { scripts: { dev: "vite" } },
    });
    expect(detection.services.map(({ name }) => name)).toEqual(["dev"]);
    expect(codes(detection.problems)).toEqual(["file_invalid"]);
  });

  test.each<[string, Record<string, string>, string, string, string[]]>([
    [
      "a dev that starts foreman",
      { dev: "foreman start -f Procfile.dev" },
      "Procfile.dev",
      "web: node web.mjs",
      ["web"],
    ],
    [
      "a Procfile.dev that runs scripts",
      { dev: "vite", css: "tailwindcss -w" },
      "Procfile.dev",
      "web: npm run dev\ncss: npm run css",
      ["web", "css"],
    ],
    [
      "a production Procfile that runs a script",
      { dev: "nodemon server.js", start: "node server.js" },
      "Procfile",
      "web: npm start",
      ["dev"],
    ],
    [
      "a production Procfile with another process",
      { dev: "vite" },
      "Procfile",
      "web: vite\nworker: node worker.js",
      ["dev", "worker"],
    ],
  ])("nothing is started twice: %s", async (_, scripts, file, procfile, expected) => {
    const project = await detectIn({ "package.json": { scripts }, [file]: procfile });
    expect([...project.services.keys()]).toEqual(expected);
  });

  test("a dev that brings up the containers leaves that to their services", async () => {
    const compose = "services: { db: { image: postgres } }";
    const alone = await detectIn({
      "compose.yaml": compose,
      "package.json": { scripts: { dev: "npm run up && npm run web", up: "docker compose up -d", web: "vite" } },
    });
    expect([...alone.services.keys()]).toEqual(["db", "web"]);
    const mixed = await detectIn({
      "compose.yaml": compose,
      "package.json": { scripts: { dev: "docker compose up -d && vite" } },
    });
    expect([...mixed.services.keys()]).toEqual(["db", "dev"]);
    expect(codes(mixed.detection.problems)).toEqual(["port_conflict"]);
  });
});

describe("the Procfile", () => {
  test("names, ports, .env, and lines that are none", async () => {
    const project = await detectIn({
      Procfile:
        "# comment\nweb: node web.js\n\nworker: node worker.js --queue $QUEUE\r\nrelease: node migrate.js\nbroken line\nweb: again\n",
      ".env": "PORT=7000\nQUEUE=fast\n",
    });
    const { services, problems } = project.detection;
    expect(services.map(({ name, kind, ports }) => [name, kind, ports[0]?.port])).toEqual([
      ["web", "process", 7000],
      ["worker", "process", undefined],
      ["release", "task", undefined],
    ]);
    expect(problems.map(({ code, source }) => [code, source])).toEqual([
      ["file_invalid", "Procfile:6:1"],
      ["duplicate_name", "Procfile:7:1"],
    ]);
    expect(project.services.get("worker")?.run).toEqual({
      kind: "argv",
      argv: ["/bin/sh", "-c", "node worker.js --queue $QUEUE"],
    });
    expect(project.services.get("worker")?.environment).toEqual({ PORT: "7000", QUEUE: "fast" });
    expect(services[0]?.dependsOn).toEqual({ release: "service_completed_successfully" });
  });
});

describe("reading files", () => {
  test("a link out of the folder is refused, one inside is followed", async () => {
    const outside = folderWith({ "package.json": { scripts: { dev: "evil" } } });
    const folder = folderWith({ "real.json": { scripts: { dev: "vite" } } });
    symlinkSync(join(outside, "package.json"), join(folder, "package.json"));
    const { detection } = await detect({ directory: folder, profile: "dev" });
    expect(detection.services).toEqual([]);
    expect(detection.problems[0]).toMatchObject({
      code: "file_unreadable",
      message: expect.stringContaining("outside the folder"),
    });
    const inner = folderWith({ "real.json": { scripts: { dev: "vite" } } });
    symlinkSync("real.json", join(inner, "package.json"));
    expect((await detect({ directory: inner, profile: "dev" })).detection.services).toHaveLength(1);
  });

  test("a FIFO does not hang it; a folder, a socket and a loop of links are told", async () => {
    const fifo = folderWith({});
    execFileSync("mkfifo", [join(fifo, "package.json")]);
    const loop = folderWith({});
    symlinkSync("package.json", join(loop, "package.json"));
    const nested = folderWith({ "package.json/x": "y" });
    const socket = folderWith({});
    const server = createServer();
    await new Promise<void>((listening) => server.listen(join(socket, "package.json"), listening));
    for (const folder of [fifo, loop, nested, socket]) {
      expect(codes((await detect({ directory: folder, profile: "dev" })).detection.problems)).toEqual([
        "file_unreadable",
      ]);
    }
    await new Promise((closed) => server.close(closed));
  });

  test("exists and list stay inside too", async () => {
    const folder = folderWith({ "a/b": "x" });
    symlinkSync("/etc", join(folder, "etc"));
    const files = projectFiles(folder);
    expect(await files.exists("a/b")).toBe(true);
    expect(await files.exists("etc/hosts")).toBe(false);
    expect(await files.exists("../..")).toBe(false);
    expect(await files.list("a")).toEqual(["b"]);
    expect(await files.list("etc")).toEqual([]);
    expect(await files.list("a/b")).toEqual([]);
  });

  test("nothing of the folder is run", async () => {
    const folder = folderWith({
      "package.json": { scripts: { dev: "touch ran", predev: "touch ran", preinstall: "touch ran" } },
      "compose.yaml": "services: { a: { build: ., command: touch ran } }",
      "vite.config.mjs": `import { writeFileSync } from "node:fs"; writeFileSync("ran", "");`,
      Procfile: "web: touch ran",
      ".npmrc": "script-shell=./evil",
    });
    writeFileSync(join(folder, "evil"), "#!/bin/sh\ntouch ran\n");
    chmodSync(join(folder, "evil"), 0o755);
    await detect({ directory: folder, profile: "dev" });
    expect(existsSync(join(folder, "ran"))).toBe(false);
  });
});

test("whatever stands in the files, detection answers with problems, never with an error", async () => {
  const json = fc.json({ maxDepth: 4 });
  const scripts = fc.dictionary(
    fc.string({ maxLength: 12 }),
    fc.oneof(
      fc.string(),
      fc.constantFrom(
        "npm run dev",
        "run-p a b",
        "vite & npm run a &&",
        'concurrently "npm:*"',
        "${PORT:-",
        "$(x) `y`",
      ),
    ),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(json, fc.string()),
      scripts,
      fc.string(),
      fc.string(),
      async (text, some, yaml, procfile) => {
        const folder = folderWith({ "package.json": text, "compose.yaml": yaml, Procfile: procfile, ".env": yaml });
        const first = await detect({ directory: folder, profile: "dev" });
        expect(detectionSchema.safeParse(first.detection).success).toBe(true);
        writeFileSync(join(folder, "package.json"), JSON.stringify({ scripts: some }));
        const second = await detect({ directory: folder, profile: "dev" });
        expect(detectionSchema.safeParse(second.detection).success).toBe(true);
        removeFolders();
      },
    ),
    { numRuns: 150 },
  );
});
