/** How far scripts are followed: into other packages, through wrappers, through what runs many packages at once. */
import { afterEach, describe, expect, test } from "vitest";
import { detectIn, onlyService, removeFolders } from "../../../../support/detect-folder.ts";

afterEach(removeFolders);

const packages = {
  "apps/api/package.json": { name: "@shop/api", scripts: { dev: "tsx watch a.ts --port 4000", start: "node a.js" } },
  "apps/web/package.json": { name: "@shop/web", scripts: { dev: "vite --port 4400" } },
  "apps/docs/package.json": { name: "docs", scripts: { dev: "astro dev --port 4500", build: "astro build" } },
};

async function started(dev: string, files: Record<string, unknown> = {}, scripts: Record<string, string> = {}) {
  const { detection } = await detectIn({
    "package.json": { workspaces: ["apps/*"], scripts: { dev, ...scripts } },
    ...packages,
    ...files,
  });
  return detection.services.map(({ name, ports }) => [name, ...ports.map(({ port }) => port)].join(" "));
}

describe("a script of one other package is a service of its own", () => {
  test.each([
    "npm run dev -w @shop/api",
    "npm run dev --workspace=apps/api",
    "npm --prefix apps/api run dev",
    "npm run --silent dev --prefix ./apps/api",
    "pnpm --filter @shop/api dev",
    "pnpm -F api run dev",
    "pnpm --filter ./apps/api dev",
    "pnpm -C apps/api dev",
    "yarn workspace @shop/api dev",
    "yarn workspace @shop/api run dev",
    "yarn --cwd apps/api dev",
    "bun --filter @shop/api dev",
    "cd apps/api && npm run dev",
    "cd apps && cd api && yarn dev",
    'concurrently "cd apps/api && npm run dev"',
  ])("%s", async (dev) => expect(await started(dev)).toEqual(["api 4000"]));

  test("several, beside one of the project's own", async () => {
    const dev = 'concurrently "npm:css" "npm run dev -w @shop/api" "npm run dev -w @shop/web"';
    expect(await started(dev, {}, { css: "tailwindcss --watch" })).toEqual(["css", "api 4000", "web 4400"]);
  });

  test.each([
    ["a package that is not there", "npm run dev -w nowhere"],
    ["a folder outside", "npm --prefix ../other run dev"],
    ["an absolute folder", "npm --prefix /etc run dev"],
    ["a script that is not there", "pnpm --filter @shop/api serve"],
    ["arguments", "npm run dev -w @shop/api -- --verbose"],
  ])("but not %s", async (_, dev) => expect((await started(dev))[0]).toMatch(/^dev\b/));
});

describe("a script whose parts run other parts", () => {
  const parts = { api: "node api.js", web: "vite", css: "tailwindcss --watch", "db:migrate": "knex migrate:latest" };
  test.each<[string, Record<string, string>, string[]]>([
    [
      "steps of a step stand in its place, and the tasks among them run as tasks",
      { dev: "npm run all", all: "npm run prepare-db && run-p api web", "prepare-db": "npm run db:migrate" },
      ["db:migrate", "api", "web 5173"],
    ],
    [
      "steps inside one of several branches have no place among them: the branch stays whole",
      { dev: "run-p css both", both: "npm run api && npm run web" },
      ["db:migrate", "both 5173", "css"],
    ],
    [
      "an option that nobody knows may mean anything: it stays whole, and what it names is not started beside it",
      { dev: "npm-run-all --mystery -p api w*" },
      ["db:migrate", "dev 5173"],
    ],
    [
      "where what it says goes is no reason to start a part of it again",
      { dev: "npm run api 2>&1 & npm run web" },
      ["db:migrate", "dev 5173"],
    ],
  ])("%s", async (_, scripts, expected) => {
    const { detection } = await detectIn({ "package.json": { scripts: { ...scripts, ...parts } } });
    expect(detection.services.map(({ name, ports }) => [name, ...ports.map(({ port }) => port)].join(" "))).toEqual(
      expected,
    );
  });
});

describe("what runs many packages stays one service, and its ports are known", () => {
  test.each([
    ["turbo run dev", "dev 4000 4500 4400"],
    ["turbo dev --filter=@shop/*", "dev 4000 4400"],
    ["turbo dev --filter=./apps/web", "dev 4400"],
    ["turbo run dev --filter=!docs --ui stream", "dev 4000 4400"],
    ["pnpm -r --parallel dev", "dev 4000 4500 4400"],
    ["pnpm --recursive run dev", "dev 4000 4500 4400"],
    ["npm run dev --workspaces", "dev 4000 4500 4400"],
    ["yarn workspaces foreach -Ap run dev", "dev 4000 4500 4400"],
    ["lerna run dev --scope docs", "dev 4500"],
    ["nx run-many -t dev -p docs,@shop/web", "dev 4500 4400"],
    ["nx dev docs", "dev 4500"],
    ["nx run docs:dev", "dev 4500"],
    ["bun --filter '*' dev", "dev 4000 4500 4400"],
    ["doppler run -- turbo dev --filter docs", "dev 4500"],
  ])("%s", async (dev, expected) => expect(await started(dev)).toEqual([expected]));

  test("and one of its packages is not started a second time", async () => {
    expect(await started("turbo dev", {}, { "dev:web": "turbo dev --filter=@shop/web" })).toEqual([
      "dev 4000 4500 4400",
    ]);
    expect(await started("pnpm -r dev", {}, { "dev:api": "pnpm --filter @shop/api dev" })).toEqual([
      "dev 4000 4500 4400",
    ]);
  });

  test("workspaces of every kind of list, without what is excluded or hidden", async () => {
    const scripts = { dev: "turbo dev" };
    const kinds: Record<string, unknown>[] = [
      { "package.json": { workspaces: ["apps/**", "!apps/docs"], scripts } },
      { "package.json": { workspaces: { packages: ["./apps/api/", "apps/web"] }, scripts } },
      { "package.json": { scripts }, "pnpm-workspace.yaml": "packages:\n  - apps/*\n  - '!apps/docs'\n" },
      { "package.json": { scripts }, "lerna.json": '{ "packages": ["apps/api", "apps/web"] }' },
    ];
    for (const kind of kinds) {
      const { detection } = await detectIn({
        ...packages,
        "apps/.cache/x/package.json": { scripts: { dev: "vite --port 1" } },
        "apps/node_modules/y/package.json": { scripts: { dev: "vite --port 2" } },
        ...kind,
      });
      expect(detection.services.map(({ ports }) => ports.map(({ port }) => port))).toEqual([[4000, 4400]]);
    }
  });

  test("a package.json that is broken is told, and the others count", async () => {
    const project = await detectIn({
      "package.json": { workspaces: ["apps/*"], scripts: { dev: "turbo dev" } },
      ...packages,
      "apps/docs/package.json": "{",
    });
    expect(project.detection.problems.map(({ source }) => source)).toEqual(["apps/docs/package.json:1:2"]);
    expect(project.detection.services[0]?.ports.map(({ port }) => port)).toEqual([4000, 4400]);
  });
});

describe("secret wrappers", () => {
  test.each([
    ["doppler run -- npm run a", ["doppler", "run", "--", "npm", "run", "--silent", "a"]],
    ["doppler run -p shop -c dev -- npm run a", "doppler run -p shop -c dev -- npm run --silent a".split(" ")],
    ["op run --env-file=.env -- npm run a", "op run --env-file=.env -- npm run --silent a".split(" ")],
    ["infisical run --env=dev -- npm run a", "infisical run --env=dev -- npm run --silent a".split(" ")],
    ["dotenvx run -- npm run a", "npx --no-install dotenvx run -- npm run --silent a".split(" ")],
    ["dotenv -e .env.local -- npm run a", "npx --no-install dotenv -e .env.local -- npm run --silent a".split(" ")],
    ["env-cmd -f .env.local npm run a", "npx --no-install env-cmd -f .env.local npm run --silent a".split(" ")],
    ["doppler run -- dotenv -e x -- npm run a", "doppler run -- dotenv -e x -- npm run --silent a".split(" ")],
  ])("%s", async (dev, argv) => {
    const project = await detectIn({ "package.json": { scripts: { dev, a: "next dev" } } });
    expect([...project.services.values()].map(({ run }) => run)).toEqual([{ kind: "argv", argv }]);
    expect(onlyService(project).trust.detail).toContain("a: next dev");
    expect(project.detection.services[0]?.ports).toEqual([{ name: "http", port: 3000, env: "PORT" }]);
  });

  test("one that the project's files ask for, unless scripts say it themselves", async () => {
    const files = { ".infisical.json": "{}", "package.json": { scripts: { dev: "next dev", migrate: "x up" } } };
    const asked = await detectIn(files);
    expect(asked.detection.services.map(({ command }) => command)).toEqual([
      "infisical run -- npm run migrate",
      "infisical run -- npm run dev",
    ]);
    const said = await detectIn({
      ...files,
      "package.json": { scripts: { dev: "next dev", "dev:secret": "infisical run -- next dev" } },
    });
    expect(said.detection.services.map(({ command }) => command)).toEqual(["npm run dev"]);
  });
});

describe("ports of files", () => {
  test.each<[string, string, Record<string, string>, [number, string | null] | null]>([
    ["a default", "node a.js", { "a.js": "app.listen(process.env.PORT || 3100)" }, [3100, "PORT"]],
    [
      "a default in quotes",
      "node a.js",
      { "a.js": 'serve({port: parseInt(env["API_PORT"] ?? "3100")})' },
      [3100, "API_PORT"],
    ],
    ["a number", "tsx src/a.ts", { "src/a.ts": "app.listen(3100, () => {})" }, [3100, null]],
    ["a choice", "bun --hot a.ts", { "a.ts": "Bun.serve({ port: 3100, fetch })" }, [3100, null]],
    ["Bun's default", "bun a.ts", { "a.ts": "export default { fetch }" }, [3000, "PORT"]],
    ["a comment", "node a.js", { "a.js": "// app.listen(3100)\nrun();" }, null],
    ["no server", "node a.js", { "a.js": "console.log(process.env.PORT || 3100)" }, null],
    ["a file that is not there", "node a.js", {}, null],
    ["a .env", "node a.js", { "a.js": "app.listen(process.env.PORT)", ".env": "PORT=3200" }, [3200, "PORT"]],
    ["a .env that is not read", "next dev", { ".env": "PORT=3200" }, [3000, "PORT"]],
    ["Nest", "nest start --watch", { "src/main.ts": "await app.listen(3100)" }, [3100, null]],
    [
      "Vue",
      "vue-cli-service serve",
      { "vue.config.js": "module.exports = { devServer: { port: 3100 } }" },
      [3100, null],
    ],
    ["webpack", "webpack serve", { "webpack.config.js": "module.exports = {devServer: {port: 3100}}" }, [3100, null]],
    ["flask", "flask run", {}, [5000, "FLASK_RUN_PORT"]],
    ["uvicorn of uv", "uv run uvicorn a:b --port 8100", {}, [8100, null]],
    ["a runserver with an address", "python manage.py runserver 0.0.0.0:8100", {}, [8100, null]],
    ["bundle exec", "bundle exec rails s -p 3100", {}, [3100, null]],
    ["artisan", "php artisan serve", {}, [8000, "SERVER_PORT"]],
  ])("%s", async (_, dev, files, expected) => {
    const { detection } = await detectIn({ "package.json": { scripts: { dev } }, ...files });
    expect(detection.services[0]?.ports.map(({ port, env }) => [port, env])[0] ?? null).toEqual(expected);
  });

  test("a second server with the same default has no port that is known", async () => {
    const { detection } = await detectIn({
      "package.json": { scripts: { dev: 'concurrently "npm run dev --prefix client" "npm run dev --prefix admin"' } },
      // Nothing tells these another port.
      "client/package.json": { scripts: { dev: "svelte-kit dev" } },
      "admin/package.json": { scripts: { dev: "svelte-kit dev" } },
    });
    expect(detection.services.map(({ ports, probe }) => [ports.length, probe?.kind])).toEqual([
      [1, "tcp"],
      [0, undefined],
    ]);
    expect(detection.problems).toEqual([]);
  });
});

describe("tasks", () => {
  test.each<[string, Record<string, string>, Record<string, string>, string[]]>([
    ["knex", { knex: "1" }, { "knexfile.js": "" }, ["npx --no-install knex migrate:latest"]],
    [
      "drizzle",
      { "drizzle-kit": "1" },
      { "drizzle.config.ts": 'out: "./sql"', "sql/0001_a.sql": "" },
      ["npx --no-install drizzle-kit migrate"],
    ],
    ["drizzle without migrations", { "drizzle-kit": "1" }, { "drizzle.config.ts": "" }, []],
    ["sequelize", { "sequelize-cli": "1" }, { ".sequelizerc": "" }, ["npx --no-install sequelize-cli db:migrate"]],
    [
      "mikro-orm",
      { "@mikro-orm/cli": "1" },
      { "mikro-orm.config.ts": "" },
      ["npx --no-install mikro-orm migration:up"],
    ],
    [
      "node-pg-migrate",
      { "node-pg-migrate": "1" },
      { "migrations/1_a.sql": "" },
      ["npx --no-install node-pg-migrate up"],
    ],
    [
      "prisma elsewhere",
      { prisma: "1" },
      { "db/schema.prisma": "", "db/migrations/1_a/migration.sql": "" },
      ["npx --no-install prisma migrate deploy --schema db/schema.prisma"],
    ],
    ["prisma without migrations", { prisma: "1" }, { "prisma/schema.prisma": "" }, []],
    ["a file without its tool", {}, { "knexfile.js": "" }, []],
  ])("%s", async (_, dependencies, files, expected) => {
    const { detection } = await detectIn({ "package.json": { dependencies, scripts: { dev: "next dev" } }, ...files });
    const tasks = detection.services.filter(({ kind }) => kind === "task");
    expect(tasks.map(({ command }) => (Array.isArray(command) ? command.join(" ") : command))).toEqual(expected);
    expect(detection.order.at(-1)).toEqual(["dev"]);
  });

  test.each([
    "prisma migrate reset -f",
    "prisma db push --force-reset",
    "prisma db push --accept-data-loss",
    "npm run wipe && knex migrate:latest",
    "rails db:drop db:create db:migrate",
    "php artisan migrate:fresh --seed",
    "typeorm schema:drop && typeorm migration:run",
    "sequelize db:migrate:undo:all && sequelize db:migrate",
    "dropdb shop; createdb shop; psql -f schema.sql",
    "docker compose down -v && knex migrate:latest",
    "psql -c 'DROP TABLE users' && knex migrate:latest",
    "rm -rf data && knex migrate:latest",
  ])("nothing that throws data away is chosen: %s", async (text) => {
    const scripts = { dev: "next dev", "db:migrate": text, seed: text, "db:push": text, wipe: "knex migrate:rollback" };
    const { detection } = await detectIn({ "package.json": { scripts } });
    expect(detection.services.map(({ name }) => name)).toEqual(["dev"]);
  });

  test.each(["premigrate", "postmigrate"])("nor by a hook: %s", async (hook) => {
    const scripts = { dev: "next dev", migrate: "knex migrate:latest", [hook]: "dropdb shop" };
    const { detection } = await detectIn({ "package.json": { scripts } });
    expect(detection.services.map(({ name }) => name)).toEqual(["dev"]);
  });
});
