/**
 * Files that somebody wrote to keep detection busy. Each takes well under two seconds on an idle machine; what the deadline of
 * these tests catches is work that grows with every file as it did not before: then it takes minutes.
 */
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import { detectionSchema } from "#shared/schema/environment.ts";
import { detect } from "../../../../../electron/core/environment/detect/detect.ts";
import { isUsableName } from "../../../../../electron/core/environment/detect/detected.ts";
import { detectIn, folderWith, removeFolders } from "../../../../support/detect-folder.ts";

afterEach(removeFolders);

const DEADLINE_MS = 10_000;

const scripts = (count: number, make: (index: number) => [string, string]) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => make(index)));
const cases: Readonly<Record<string, () => Record<string, unknown>>> = {
  "ten thousand scripts called dev": () => ({
    "package.json": { scripts: scripts(10_000, (i) => [`dev:s${i}`, `node s${i}.js`]) },
  }),
  "a dev that runs thousands": () => ({
    "package.json": {
      scripts: {
        dev: Array.from({ length: 5000 }, (_, i) => `npm run dev:s${i}`).join(" & "),
        ...scripts(5_000, (i) => [`dev:s${i}`, `node s${i}.js`]),
      },
    },
  }),
  "a chain of thousands": () => ({
    "package.json": { scripts: { dev: "npm run s0", ...scripts(5_000, (i) => [`s${i}`, `npm run s${i + 1}`]) } },
  }),
  "scripts that all run each other": () => ({
    "package.json": { scripts: { dev: "run-p 'a*'", ...scripts(300, (i) => [`a${i}`, "run-p 'a*'"]) } },
  }),
  "lists of lists of each other": () => ({
    "package.json": {
      scripts: {
        dev: "concurrently " + "'npm:a*' ".repeat(1000),
        ...scripts(500, (i) => [`a${i}`, "x & concurrently 'npm:a*' 'npm:a*'"]),
      },
    },
  }),
  "parts that all run each other": () => ({
    "package.json": { scripts: { ...scripts(600, (i) => [`dev:a${i}`, "echo & run-p 'dev:*'"]) } },
  }),
  "a pattern of stars": () => ({
    "package.json": { scripts: { dev: `run-p ${"a*".repeat(100)}b`, ["a".repeat(200)]: "x" } },
  }),
  "stars in globs": () => ({
    "package.json": { workspaces: [`${"*a".repeat(100)}`, "**/**/**/**"], scripts: { dev: "turbo dev" } },
    ...Object.fromEntries(
      Array.from({ length: 300 }, (_, i) => [`p${i}/${"a".repeat(200)}/package.json`, { scripts: { dev: "vite" } }]),
    ),
  }),
  "a script of a megabyte": () => ({ "package.json": { scripts: { dev: "curl ".repeat(180_000) } } }),
  "an entry file that almost names a port, again and again": () => ({
    "package.json": { scripts: { dev: "node a.js" } },
    "a.js": "listen(env.PORT,".repeat(60_000),
  }),
  "every file a reader looks for, full of the words it looks for": () =>
    Object.fromEntries(
      [
        "manage.py",
        "Gemfile",
        "composer.json",
        "mix.exs",
        "go.mod",
        "pom.xml",
        "build.gradle",
        "redwood.toml",
        "pyproject.toml",
        "Makefile",
        "justfile",
        "Taskfile.yml",
        "deno.json",
        "mprocs.yaml",
        ".devcontainer/devcontainer.json",
        "main.go",
        "app.py",
        "main.py",
        "nx.json",
        "lerna.json",
        "pnpm-workspace.yaml",
        "doppler.yaml",
        "Procfile",
        ".env",
        "config/dev.exs",
        "artisan",
        "bin/dev",
      ].map((n) => [
        n,
        'DJANGO_SETTINGS_MODULE "laravel/framework" {:phoenix, spring-boot fastapi flask celery server: port: port = http: [port '.repeat(
          9_000,
        ),
      ]),
    ),
  "every file nested without end": () =>
    Object.fromEntries(
      [
        "package.json",
        "deno.json",
        "mprocs.yaml",
        ".devcontainer/devcontainer.json",
        "composer.json",
        "apps/a/project.json",
        "nx.json",
        "Taskfile.yml",
      ].map((n) => [n, "[".repeat(500_000)]),
    ),
  "nothing but spaces": () =>
    Object.fromEntries(
      [
        "pom.xml",
        "Makefile",
        "justfile",
        "Procfile",
        "config/puma.rb",
        "Gemfile",
        ".air.toml",
        "go.mod",
        "main.go",
        "src/main/resources/application.yml",
        "vite.config.ts",
        "bin/rails",
        "config/application.rb",
        "manage.py",
      ].map((n) => [
        n,
        n === "Gemfile"
          ? "gem 'rails'\n" + " ".repeat(900_000)
          : n === "manage.py"
            ? "DJANGO_SETTINGS_MODULE" + " ".repeat(900_000)
            : n === "go.mod"
              ? "module x\n" + " ".repeat(900_000)
              : n === "pom.xml"
                ? "spring-boot" + " ".repeat(900_000)
                : n.includes("yml")
                  ? "server:\n" + "  a: b\n".repeat(100_000)
                  : " \t".repeat(400_000),
      ]),
    ),
  "three thousand packages": () => ({
    "package.json": { workspaces: ["p/*"], scripts: { dev: "turbo dev" } },
    ...Object.fromEntries(
      Array.from({ length: 3000 }, (_, i) => [
        `p/a${i}/package.json`,
        { name: `n${i}`, scripts: { dev: "vite", "db:migrate": "knex" } },
      ]),
    ),
  }),
  "three hundred packages with a database each": () => ({
    "package.json": { workspaces: ["p/*"] },
    ...Object.fromEntries(
      Array.from({ length: 300 }, (_, i) => [
        `p/a${i}/package.json`,
        { name: `n${i}`, scripts: { dev: "node src/a.js", "db:migrate": "knex" } },
      ]),
    ),
  }),
};

describe("a folder that is out to keep detection busy", () => {
  test.each(Object.keys(cases))(
    "%s",
    async (name) => {
      const { detection } = await detectIn(cases[name]?.() ?? {});
      expect(detectionSchema.safeParse(detection).success).toBe(true);
      // Nobody reads, or starts, a list of hundreds that nobody wrote by hand.
      expect(detection.services.length).toBeLessThanOrEqual(120);
    },
    DEADLINE_MS,
  );
});

test("whatever stands in the files that readers look for, they answer", async () => {
  const names = [
    "package.json",
    "apps/a/package.json",
    "lerna.json",
    "pnpm-workspace.yaml",
    "nx.json",
    "apps/a/project.json",
    "mprocs.yaml",
    "Makefile",
    "justfile",
    "Taskfile.yml",
    "deno.json",
    ".devcontainer.json",
    "composer.json",
    "artisan",
    "manage.py",
    "pyproject.toml",
    "main.py",
    "app.py",
    "Gemfile",
    "config/application.rb",
    "mix.exs",
    "go.mod",
    "main.go",
    "pom.xml",
    "redwood.toml",
    "x.csproj",
    "vite.config.ts",
    "angular.json",
    "doppler.yaml",
    "Procfile.dev",
    ".env",
  ];
  const words = fc.constantFrom(
    "{",
    "}",
    "[",
    "]",
    '"',
    ":",
    "\n",
    "  ",
    "=",
    "${PORT:-1}",
    "&&",
    "$(",
    "__proto__",
    "--help",
    "scripts",
    "dev",
    "port",
    "8080",
    "99999",
    "tasks",
    "procs",
    "shell",
    "cmds",
    "workspaces",
    "apps/*",
    "targets",
    "serve",
    "executor",
    "postStartCommand",
    "DJANGO_SETTINGS_MODULE",
    "FastAPI(",
    "fastapi",
    "gem 'rails'",
    "{:phoenix,",
    "ListenAndServe(",
    "module",
    "spring-boot",
    "concurrently",
    "npm run dev",
    "turbo",
    "doppler run --",
    '"laravel/framework"',
    "Microsoft.NET.Sdk.Web",
    "\u0000",
    "\u202e",
  );
  const text = fc.oneof(
    fc.array(words, { maxLength: 30 }).map((parts) => parts.join(" ")),
    fc.json({ maxDepth: 3 }),
    words.map((word) =>
      JSON.stringify({ scripts: { dev: word, [word]: "npm run dev" }, tasks: { [word]: word }, workspaces: [word] }),
    ),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(fc.constantFrom(...names), text), { maxLength: 12 }), async (files) => {
      const { detection } = await detectIn(Object.fromEntries(files));
      expect(detectionSchema.safeParse(detection).success).toBe(true);
      expect(detection.services.map(({ name }) => name).filter((name) => !isUsableName(name))).toEqual([]);
      removeFolders();
    }),
    { numRuns: 100 },
  );
}, 30_000);

describe("names that could not be typed, shown or passed on", () => {
  const bell = "a\u0007b";
  const composer = (names: string) => ({
    artisan: "",
    "composer.json": {
      require: { "laravel/framework": "1" },
      scripts: { dev: `concurrently --names=${names} "php artisan serve" "php artisan pail"` },
    },
  });
  test.each<[string, Record<string, unknown>, string[]]>([
    ["a .NET project", { "--help.csproj": 'Sdk="Microsoft.NET.Sdk.Web"' }, []],
    ["a program of Go", { "go.mod": "module x", "cmd/--api/main.go": "" }, []],
    ["a list of Laravel's", composer(`--help,${bell}`), ["migrate"]],
    [
      "a command of a devcontainer",
      { ".devcontainer.json": { postStartCommand: { "--help": "npm start", [bell]: "npm start", web: "npm start" } } },
      ["web"],
    ],
    [
      "a folder of a package",
      {
        "package.json": { workspaces: ["apps/*"] },
        "apps/--help/package.json": { scripts: { dev: "vite" } },
        [`apps/${bell}/package.json`]: { scripts: { dev: "vite" } },
        "apps/web/package.json": { scripts: { dev: "vite" } },
      },
      ["web"],
    ],
    [
      "a project and a target of Nx",
      {
        "nx.json": {},
        "package.json": {},
        "apps/a/project.json": { name: "--help", targets: { serve: { command: "x" } } },
        "apps/b/project.json": { name: "b", targets: { serve: { command: "x" }, "\0c\0dev": { command: "y" } } },
      },
      ["b"],
    ],
  ])("%s: left out, told, and the rest is there", async (_, files, expected) => {
    const { detection } = await detectIn(files);
    expect(detection.services.map(({ name }) => name)).toEqual(expected);
    expect(detection.services.map(({ name }) => name).filter((name) => !isUsableName(name))).toEqual([]);
  });

  test("the problem names the file, and shows the name so that it can be read", async () => {
    const { detection } = await detectIn({ "--help.csproj": 'Sdk="Microsoft.NET.Sdk.Web"' });
    expect(detection.problems[0]).toEqual({
      code: "value_invalid",
      severity: "warning",
      source: "--help.csproj",
      message: '"--help" can be no name of a service, and was left out. Rename it.',
    });
  });
});

describe("links", () => {
  const readers: Readonly<Record<string, string>> = {
    "package.json": '{"scripts": {"dev": "evil"}}',
    "mprocs.yaml": "procs: { evil: { shell: evil } }",
    "Procfile.dev": "web: evil",
    "manage.py": "DJANGO_SETTINGS_MODULE",
    "mix.exs": "{:phoenix, 1}",
    "pom.xml": "spring-boot",
    "redwood.toml": "[web]",
    Makefile: "dev:\n\tevil",
    "deno.json": '{"tasks": {"dev": "evil"}}',
    ".devcontainer.json": '{"postStartCommand": "npm run dev"}',
  };
  test.each(Object.entries(readers))("%s outside the folder is not followed", async (name, text) => {
    const outside = folderWith({ [name]: text, "config/application.rb": "" });
    const inside = folderWith({});
    expect((await detect({ directory: outside, profile: "dev" })).services.size, "it would be found").toBeGreaterThan(
      name === "redwood.toml" ? -1 : 0,
    );
    symlinkSync(join(outside, name), join(inside, name));
    expect((await detect({ directory: inside, profile: "dev" })).services.size).toBe(0);
  });

  test("a workspace outside the folder is none of it, and a circle of folders ends", async () => {
    const outside = folderWith({ "package.json": { scripts: { dev: "evil" } } });
    const inside = folderWith({ "package.json": { workspaces: ["packages/**", "../*"] } });
    mkdirSync(join(inside, "packages"));
    symlinkSync(outside, join(inside, "packages", "evil"));
    symlinkSync(inside, join(inside, "packages", "loop"));
    writeFileSync(join(inside, "packages", "file"), "");
    const { detection } = await detect({ directory: inside, profile: "dev" });
    expect(detection.services).toEqual([]);
  });
});
