/** What is found where no script says it: frameworks, lists of mprocs, task runners, devcontainers, and twins in containers. */
import { afterEach, describe, expect, test } from "vitest";
import { detectIn, removeFolders } from "../../../../support/detect-folder.ts";

afterEach(removeFolders);

/** Each service as `name: command [port variable]`, with a dash in front where it only starts when it is named. */
async function found(files: Record<string, unknown>): Promise<string[]> {
  const { detection } = await detectIn(files);
  return detection.services.map(({ name, command, ports, disabled }) => {
    const line = Array.isArray(command) ? command.join(" ") : command;
    const port = ports.map((one) => [one.port, one.env].filter((part) => part !== null).join(" "));
    return `${disabled === true ? "- " : ""}${name}: ${line}${port.length === 0 ? "" : ` [${port.join(", ")}]`}`;
  });
}

const manage = 'os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")';

describe("Python is run by what its files name", () => {
  test.each<[Record<string, string>, string]>([
    [{ "uv.lock": "" }, "uv run python"],
    [{ "poetry.lock": "" }, "poetry run python"],
    [{ "pdm.lock": "" }, "pdm run python"],
    [{ Pipfile: "" }, "pipenv run python"],
    [{ ".venv/pyvenv.cfg": "" }, ".venv/bin/python"],
    [{ "venv/pyvenv.cfg": "" }, "venv/bin/python"],
    [{}, "python3"],
  ])("%o: %s", async (files, python) => {
    expect(await found({ "manage.py": manage, ...files })).toEqual([
      `migrate: ${python} manage.py migrate --noinput`,
      `web: ${python} manage.py runserver \${PORT:-8000} [8000 PORT]`,
    ]);
  });

  test("tools of a virtual environment, an application below src, a worker", async () => {
    const files = {
      "requirements.txt": "fastapi\ncelery\n",
      ".venv/pyvenv.cfg": "",
      "src/app/main.py": "api = FastAPI()",
      "tasks.py": "Celery()",
    };
    expect(await found(files)).toEqual([
      "api: .venv/bin/uvicorn app.main:api --reload --app-dir src [8000 UVICORN_PORT]",
      "worker: .venv/bin/celery -A tasks worker --loglevel info",
    ]);
  });

  test("Flask in a package; a package that is only alike; a folder that only names it", async () => {
    expect(await found({ "requirements.txt": "flask>=3\n", "app/__init__.py": "def create_app(): pass" })).toEqual([
      "web: python3 -m flask --app app run --debug [5000 FLASK_RUN_PORT]",
    ]);
    expect(await found({ "requirements.txt": "flask-login\n", "app.py": "Flask(__name__)" })).toEqual([]);
    expect(await found({ "requirements.txt": "fastapi\n", "other.py": "app = FastAPI()" })).toEqual([]);
  });
});

describe("other frameworks", () => {
  test.each<[string, Record<string, unknown>, string[]]>([
    [
      "Gradle",
      { "build.gradle.kts": "org.springframework.boot", gradlew: "" },
      ["app: ./gradlew bootRun [8080 SERVER_PORT]"],
    ],
    [
      "YAML settings",
      { "pom.xml": "spring-boot", "src/main/resources/application.yml": "server:\n  port: ${PORT:9001}\n" },
      ["app: mvn spring-boot:run [9001 SERVER_PORT]"],
    ],
    [
      "Quarkus",
      { "pom.xml": "quarkus", mvnw: "", "src/main/resources/application.properties": "quarkus.http.port=9002" },
      ["app: ./mvnw quarkus:dev [9002 QUARKUS_HTTP_PORT]"],
    ],
    ["Maven without a server", { "pom.xml": "<project/>" }, []],
    [
      "Phoenix that reads PORT",
      { "mix.exs": "{:phoenix, 1}", "config/dev.exs": "", "config/runtime.exs": 'System.get_env("PORT", "4000")' },
      ["server: mix phx.server [4000 PORT]"],
    ],
    [
      "Horizon",
      {
        artisan: "",
        "composer.json": '{"require": {"laravel/framework": "1", "laravel/horizon": "1"}}',
        ".env": "SERVER_PORT=8100",
      },
      [
        "migrate: php artisan migrate --no-interaction",
        "server: php artisan serve [8100 SERVER_PORT]",
        "queue: php artisan horizon",
      ],
    ],
    [
      "a composer.json that is broken",
      { artisan: "", "composer.json": '{"laravel/framework"', ".env.example": "QUEUE_CONNECTION=sync" },
      ["migrate: php artisan migrate --no-interaction", "server: php artisan serve [8000 SERVER_PORT]"],
    ],
    [
      "Go programs, without the tools",
      {
        "go.mod": "module x/shop\nrequire github.com/go-chi/chi v1",
        "cmd/api/main.go": 'http.ListenAndServe(":8100", r)',
        "cmd/worker/main.go": "run()",
        "cmd/seed/main.go": "",
      },
      ["api: go run ./cmd/api [8100]", "worker: go run ./cmd/worker"],
    ],
    [
      "air with its own file",
      { "go.mod": "module x", "air.toml": "", "main.go": 'Run(":8100")' },
      ["server: air -c air.toml [8100]"],
    ],
    ["a Go library", { "go.mod": "module x", "x.go": "" }, []],
    [
      "Rails without bin",
      { Gemfile: "gem 'rails'\ngem 'sidekiq'", "config/application.rb": "" },
      ["web: bundle exec rails server [3000 PORT]", "worker: bundle exec sidekiq"],
    ],
    [
      "Django that a script runs",
      {
        "manage.py": manage,
        "package.json": { scripts: { dev: "python manage.py migrate && python manage.py runserver 8100" } },
      },
      ["dev: npm run dev [8100]"],
    ],
    [
      "a server below a client",
      {
        "package.json": { scripts: { dev: "vite" } },
        "server/go.mod": "module x",
        "server/main.go": 'http.ListenAndServe(":8100", nil)',
      },
      ["dev: npm run dev [5173]", "server: go run . [8100]"],
    ],
  ])("%s", async (_, files, expected) => expect(await found(files)).toEqual(expected));
});

describe("mprocs.yaml", () => {
  test("forms of a process, and those that are none", async () => {
    const project = await detectIn({
      "mprocs.yml": [
        "procs:",
        "  short: npm run x",
        "  list: { cmd: [node, api.mjs, --port, 8100], cwd: <CONFIG_DIR>/api, stop: SIGINT, env: { A: 1, B: null } }",
        "  gone: null",
        "  outside: { shell: ls, cwd: ../other }",
        "  empty: {}",
        "  --help: ls",
      ].join("\n"),
    });
    const list = project.services.get("list");
    expect([...project.services.keys()]).toEqual(["short", "list"]);
    expect(list?.run).toEqual({ kind: "argv", argv: ["node", "api.mjs", "--port", "8100"] });
    expect(list?.plan).toMatchObject({
      ports: [{ port: 8100, env: null }],
      workingDirectory: `${project.directory}/api`,
    });
    expect([list?.environment, list?.rules.stop.signal]).toEqual([{ A: "1" }, "SIGINT"]);
    expect(project.detection.problems.map(({ code, source }) => [code, source])).toEqual([
      ["value_invalid", "mprocs.yml:5:3"],
      ["value_invalid", "mprocs.yml:6:3"],
      ["value_invalid", "mprocs.yml:7:3"],
    ]);
  });

  test("a dev script that starts it is not started beside it, and a broken one takes nothing away", async () => {
    const scripts = { dev: "mprocs", web: "vite" };
    expect(await found({ "mprocs.yaml": "procs: { a: pnpm web }", "package.json": { scripts } })).toEqual([
      "a: pnpm web [5173]",
    ]);
    expect(await found({ "mprocs.yaml": "procs: [", "package.json": { scripts: { dev: "vite" } } })).toEqual([
      "dev: npm run dev [5173]",
    ]);
  });
});

describe("weak hints count only where nothing else does", () => {
  test.each<[string, Record<string, unknown>, string[]]>([
    [
      "just",
      { justfile: "default:\n  just -l\n\ndev port='1': build\n  ./serve --port 8100\n" },
      ["dev: just dev [8100]"],
    ],
    [
      "Taskfile",
      { "Taskfile.yml": "tasks: { dev: { cmds: [./serve --port 8100] }, migrate: ./up }" },
      ["migrate: task migrate", "dev: task dev [8100]"],
    ],
    ["make that only brings up containers", { Makefile: "dev:\n\tdocker compose up\n" }, []],
    ["make that throws away", { Makefile: "dev:\n\trm -rf data\n\t./serve\n" }, []],
    [
      "make beside a script",
      { Makefile: "dev:\n\t./serve\n", "package.json": { scripts: { dev: "vite" } } },
      ["dev: npm run dev [5173]"],
    ],
    ["assignments that look like targets", { Makefile: "dev := 1\nrun ::= 2\n\t./serve\n" }, []],
    ["a deno.json that is none", { "deno.json": "[" }, []],
    [
      "a start command",
      { ".devcontainer.json": '{ "forwardPorts": [8100], "postStartCommand": "npm start" }' },
      ["dev: npm start [8100]"],
    ],
    [
      "a start command as a list, ports unknown",
      { ".devcontainer.json": '{ "forwardPorts": [1, 2], "postAttachCommand": ["npm", "start"] }' },
      ["dev: npm start"],
    ],
    [
      "what prepares a container",
      { ".devcontainer.json": '{ "postStartCommand": "git config x", "postCreateCommand": "npm start" }' },
      [],
    ],
    [
      "a devcontainer beside a script",
      { ".devcontainer.json": '{ "postStartCommand": "npm start" }', "package.json": { scripts: { dev: "vite" } } },
      ["dev: npm run dev [5173]"],
    ],
  ])("%s", async (_, files, expected) => expect(await found(files)).toEqual(expected));

  test("a devcontainer.json of the wrong form is told with the place, and hides nothing", async () => {
    const { detection } = await detectIn({
      ".devcontainer/devcontainer.json": '{ "forwardPorts": "3000" }',
      "package.json": { scripts: { dev: "vite" } },
    });
    expect(detection.services.map(({ name }) => name)).toEqual(["dev"]);
    expect(detection.problems).toMatchObject([{ code: "file_invalid", source: ".devcontainer/devcontainer.json" }]);
  });
});

test("containers of a devcontainer are told to be left out, unless they are those of the project", async () => {
  const devcontainer = '{ "dockerComposeFile": ["../compose.yaml", "compose.dev.yaml"], "service": "app" }';
  const files = { ".devcontainer/devcontainer.json": devcontainer, "package.json": { scripts: { dev: "vite" } } };
  const alone = await detectIn(files);
  expect(alone.detection.problems).toMatchObject([
    { code: "unsupported", severity: "warning", source: ".devcontainer/devcontainer.json" },
  ]);
  expect(alone.detection.problems[0]?.message).toContain("compose.yaml and .devcontainer/compose.dev.yaml");
  const beside = await detectIn({ ...files, "compose.yaml": "services: { db: { image: postgres } }" });
  expect(beside.detection.problems).toEqual([]);
});

describe("one application in a container and on the machine", () => {
  const scripts = { dev: "nodemon a.js" };
  test.each<[string, string, Record<string, unknown>, string[]]>([
    [
      "live code in a container",
      "app: { build: ., volumes: ['.:/app'] }",
      { "package.json": { scripts } },
      ["app", "- dev"],
    ],
    [
      "a watch in a container",
      "app: { build: ., develop: { watch: [] } }",
      { "package.json": { scripts } },
      ["app", "- dev"],
    ],
    ["an image for production", "app: { build: { context: ./ } }", { "package.json": { scripts } }, ["- app", "dev"]],
    [
      "one that another container needs",
      "app: { build: . }\n  proxy: { image: nginx, depends_on: [app] }",
      { "package.json": { scripts } },
      ["app", "proxy", "- dev"],
    ],
    [
      "a runtime with the code in it",
      "app: { image: 'node:20', volumes: [{ type: bind, source: ., target: /app }] }",
      { "package.json": { scripts } },
      ["app", "- dev"],
    ],
    ["a database that is built here", "db: { build: . }", { "package.json": { scripts } }, ["db", "dev"]],
    [
      "a container to work in",
      "app: { build: ., volumes: ['.:/app'], command: sleep infinity }",
      { "package.json": { scripts } },
      ["app", "dev"],
    ],
    ["another folder", "app: { build: ./api }", { "package.json": { scripts } }, ["app", "dev"]],
    [
      "a proxy with files of the project",
      "web: { image: nginx, volumes: ['.:/srv'] }",
      { "package.json": { scripts } },
      ["web", "dev"],
    ],
    [
      "what nobody states",
      "app: { build: . }",
      { "main.go": 'http.ListenAndServe(":1234", nil)', "go.mod": "module x" },
      ["app", "- server"],
    ],
  ])("%s", async (_, services, files, expected) => {
    const lines = await found({ "compose.yaml": `services:\n  ${services}\n`, ...files });
    expect(lines.map((line) => line.slice(0, line.indexOf(":")))).toEqual(expected);
  });
});
