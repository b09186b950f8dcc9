/** How a server that fixes its port can be told another one: in its own way, through whatever runs it. */
import { afterEach, describe, expect, test } from "vitest";
import { serviceFingerprint } from "../../../../../electron/core/environment/detect/detect.ts";
import { detectIn, onlyService, removeFolders } from "../../../../support/detect-folder.ts";

afterEach(removeFolders);

async function portOfScripts(scripts: Record<string, string>, files: Record<string, unknown> = {}) {
  const { services } = await detectIn({ "package.json": { scripts }, ...files });
  return [...services.values()][0]?.plan.ports[0];
}

describe("behind the text of a script", () => {
  test.each<[string, string | null]>([
    ["vite --port 5173 --strictPort", "--port"],
    ["vite", "--port"],
    ["vite preview", "--port"],
    ["next dev -p 4000", "--port"],
    ["PORT=4000 next dev", "--port"],
    ["react-router dev --port 4000", "--port"],
    ["ng serve --port 4201", "--port"],
    ["expo start -p 8090", "--port"],
    ["hugo server --port 1400", "--port"],
    ["flask run --port 5001", "--port"],
    ["uvicorn app:app --port 8001", "--port"],
    ["bin/rails server -p 3001", "--port"],
    ["php artisan serve --port=8001", "--port"],
    ["wrangler dev", "--port"],
    ["astro dev", "--port"],
    ["python manage.py runserver", "{port}"],
    ["tsc -b && cross-env NODE_ENV=development vite --port 4000", "--port"],
    ["doppler run -- vite --port 4000", "--port"],
    // Of these a second port makes a list, or an error, of both.
    ["astro dev --port 4400", null],
    ["wrangler dev --port 8800", null],
    ["python manage.py runserver 9000", null],
    ["nuxt dev --port 3100", null],
    // What is put behind it would not get there.
    ["vite --port 4000 && echo done", null],
    ["vite --port 4000 | tee log", null],
    ["vite --port 4000 # the page", null],
    ["vite --port 4000 -- x", null],
    // Nothing is known of what they do with their arguments.
    ["node server.js --port 4000", null],
    ["PORT=4000 node server.js", null],
    ["puma -p 9393", null],
    ["react-scripts start --port 3000", null],
  ])("%s", async (dev, option) => {
    const port = await portOfScripts({ dev }, { "pnpm-lock.yaml": "" });
    expect(port?.env).toBeNull();
    expect(port?.option ?? null).toBe(option);
  });

  test.each([
    ["a variable moves it", "next dev", undefined],
    ["a variable with a default moves it", "vite --port ${PORT:-4000}", undefined],
  ])("no option where %s", async (_, dev, option) => {
    const port = await portOfScripts({ dev });
    expect(port).toMatchObject({ env: "PORT" });
    expect(port?.option).toBe(option);
  });

  test("a port of a configuration file can be overruled where a second one on the command line could not", async () => {
    const port = await portOfScripts(
      { dev: "astro dev" },
      { "pnpm-lock.yaml": "", "astro.config.mjs": "export default { server: { port: 4400 } }" },
    );
    expect(port).toEqual({ name: "http", port: 4_400, env: null, option: "--port" });
  });
});

describe("through the package manager", () => {
  test.each([
    ["package-lock.json", "-- --port"],
    ["pnpm-lock.yaml", "--port"],
    ["yarn.lock", "--port"],
    ["bun.lock", "--port"],
  ])("%s: %s", async (lock, option) => {
    expect((await portOfScripts({ dev: "vite --port 4000" }, { [lock]: "" }))?.option).toBe(option);
  });

  test.each<[string, Record<string, string>, string | null]>([
    ["npm in npm", { dev: "tsc -b && npm run web", web: "vite --port 4000" }, "-- -- --port"],
    ["pnpm in npm", { dev: "tsc -b && pnpm web", web: "vite --port 4000" }, "-- --port"],
    ["node --run in npm", { dev: "tsc -b && node --run web", web: "vite --port 4000" }, "-- -- --port"],
    ["a script that goes on after it", { dev: "npm run web && echo x", web: "vite --port 4000" }, null],
    ["a script in another folder", { dev: "tsc -b && cd . && npm run web", web: "vite --port 4000" }, null],
    [
      "two servers in one script",
      { dev: "tsc -b && concurrently 'npm run a' 'npm run b'", a: "vite --port 4000", b: "vite --port 4001" },
      null,
    ],
  ])("%s", async (_, scripts, option) => {
    expect((await portOfScripts(scripts))?.option ?? null).toBe(option);
  });

  test("what turbo runs is not told, and what a list runs is", async () => {
    const packages = { "package-lock.json": "", "apps/web/package.json": { name: "web", scripts: { dev: "vite" } } };
    const turbo = await detectIn({
      ...packages,
      "package.json": { workspaces: ["apps/*"], scripts: { dev: "turbo run dev" } },
    });
    expect(onlyService(turbo).plan.ports).toEqual([{ name: "http", port: 5_173, env: null }]);
    const list = await detectIn({
      "Procfile.dev": "page: npm run web\nother: npm run web && true\n",
      "package.json": { scripts: { web: "vite --port 4000" } },
    });
    const [page, other] = [...list.services.values()];
    expect(page).toMatchObject({ plan: { ports: [{ port: 4_000, option: "-- --port" }] }, ownPorts: [4_000] });
    expect(other?.plan.ports).toEqual([{ name: "http", port: 4_000, env: null }]);
    expect(other?.ownPorts).toBeUndefined();
  });

  test("a second server with the same default has a port that is known, since it can be told", async () => {
    const { services, detection } = await detectIn({
      "package.json": { private: true, workspaces: ["apps/*"] },
      "apps/one/package.json": { name: "one", scripts: { dev: "vite" } },
      "apps/two/package.json": { name: "two", scripts: { dev: "vite" } },
    });
    expect([...services.values()].map(({ plan }) => plan.ports[0]?.port)).toEqual([5_173, 5_173]);
    expect(detection.problems).toEqual([]);
  });
});

describe("in a deckhand.yaml", () => {
  test("an option is told at every start, since nobody knows where the command would listen by itself", async () => {
    const service = onlyService(
      await detectIn({
        "deckhand.yaml": "services: { web: { command: ./serve, ports: { http: { prefer: 4000, option: --listen } } } }",
      }),
    );
    expect(service.plan.ports).toEqual([{ name: "http", port: 4_000, env: null, option: "--listen" }]);
    expect(service.ownPorts).toBeUndefined();
  });

  test("one that changes a detected service leaves it the port it takes by itself", async () => {
    const { services } = await detectIn({
      "package.json": { scripts: { dev: "vite --port 4000" } },
      "deckhand.yaml": "services: { dev: { ports: { http: { prefer: 4100, option: -- --port } } } }",
    });
    expect(services.get("dev")).toMatchObject({ plan: { ports: [{ port: 4_100 }] }, ownPorts: [4_000] });
  });

  test("where it only says which port it is to be, how that is told is as it was found out", async () => {
    const { services } = await detectIn({
      "package.json": { scripts: { "dev:page": "vite --port 4000", "dev:api": "flask run" } },
      "deckhand.yaml": `services:
  dev:page: { ports: { http: { prefer: 4100 } } }
  dev:api: { ports: { http: { prefer: 5100 } } }
`,
    });
    expect(services.get("dev:page")?.plan.ports).toEqual([
      { name: "http", port: 4_100, env: null, option: "-- --port" },
    ]);
    expect(services.get("dev:page")?.plan.probe).toEqual({ kind: "tcp", port: 4_100 });
    expect(services.get("dev:api")?.plan.ports).toEqual([{ name: "http", port: 5_100, env: "FLASK_RUN_PORT" }]);
  });

  test("it is part of what is trusted, and one that is none is a problem with its place", async () => {
    const written = (option: string) =>
      detectIn({
        "deckhand.yaml": `services:\n  web: { command: ./serve, ports: { http: { prefer: 4000, option: ${option} } } }\n`,
      });
    const prints = await Promise.all(
      ["--port", "--listen"].map(async (one) => serviceFingerprint(onlyService(await written(one)))),
    );
    expect(new Set(prints).size).toBe(2);
    expect(onlyService(await written("--listen")).trust.detail).toBe("./serve\nfor its port http: --listen");
    const { detection } = await written(JSON.stringify("a\u0007b"));
    expect(detection.problems).toMatchObject([{ source: "deckhand.yaml:2:59", code: "value_invalid" }]);
  });
});
