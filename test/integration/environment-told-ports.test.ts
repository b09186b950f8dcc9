/** Two workspaces of one project whose servers fix their ports, up at once: each is told its port as its program wants to hear it. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { workspaceIdSchema } from "#shared/schema/id.ts";
import { detect } from "../../electron/core/environment/detect/detect.ts";
import { PortRegistry } from "../../electron/core/environment/ports.ts";
import { createEnvironmentWorld, freePort, type EnvironmentWorld } from "../support/environment-world.ts";
import { bundleGuardian } from "../support/guardian-bundle.ts";

const modules = join(import.meta.dirname, "../../node_modules");

/** Reads its arguments as next does: of an option that is there twice the last counts, and what is not known is an error. */
const nextLike = `
let port = 3000;
const words = process.argv.slice(2);
for (let index = 0; index < words.length && words[index] !== "--"; index += 1) {
  if (words[index] === "-p" || words[index] === "--port") port = Number(words[(index += 1)]);
  else if (words[index].startsWith("-")) throw new Error("Unknown or unexpected option: " + words[index]);
}
require("node:http").createServer((_, response) => response.end(process.cwd())).listen(port, "127.0.0.1");
`;
/** Runs a script as pnpm, yarn and bun do: with all that follows its name behind it, a \`--\`, too. */
const managerLike = `
const [verb, name, ...rest] = process.argv.slice(2);
if (verb !== "run") throw new Error("unexpected " + verb);
const { scripts } = JSON.parse(require("node:fs").readFileSync("package.json", "utf8"));
const line = [scripts[name], ...rest.map((word) => "'" + word + "'")].join(" ");
const env = { ...process.env, PATH: process.cwd() + "/node_modules/.bin:" + process.env.PATH };
const child = require("node:child_process").spawn("/bin/sh", ["-c", line], { stdio: "inherit", env });
child.on("exit", (code) => process.exit(code ?? 1));
`;

let guardian: Awaited<ReturnType<typeof bundleGuardian>>;
/** Package managers that this machine need not have. */
let managers: string;
const worlds: EnvironmentWorld[] = [];
beforeAll(async () => {
  guardian = await bundleGuardian();
  managers = mkdtempSync(join(tmpdir(), "deckhand-managers-"));
  for (const name of ["pnpm", "yarn", "bun"]) program(join(managers, name), managerLike);
});
afterAll(() => {
  rmSync(managers, { recursive: true, force: true });
  guardian.remove();
});
afterEach(async () => {
  // The keeper is that of the first, which ends last.
  for (const world of worlds.splice(0).reverse()) {
    await world.close();
    expect(world.errors).toEqual([]);
  }
});

function program(path: string, source: string): void {
  writeFileSync(path, `#!${process.execPath}\n${source}`, { mode: 0o755 });
}

/** Two workspaces of one host, with the same files. */
function pair(files: Readonly<Record<string, unknown>>): readonly [EnvironmentWorld, EnvironmentWorld] {
  const ports = new PortRegistry();
  const make = (id: string, first?: EnvironmentWorld): EnvironmentWorld => {
    const world = createEnvironmentWorld({
      guardianPath: guardian.path,
      ports,
      workspaceId: workspaceIdSchema.parse(id),
      path: `${managers}:${process.env["PATH"] ?? ""}`,
      ...(first === undefined ? {} : { keeper: first.keeper }),
    });
    worlds.push(world);
    const bin = join(world.folder, "node_modules/.bin");
    mkdirSync(bin, { recursive: true });
    symlinkSync(join(modules, "vite/bin/vite.js"), join(bin, "vite"));
    program(join(bin, "next"), nextLike);
    for (const [name, content] of Object.entries(files)) {
      writeFileSync(join(world.folder, name), typeof content === "string" ? content : JSON.stringify(content));
    }
    return world;
  };
  const one = make("wsp_00000000000000b1");
  return [one, make("wsp_00000000000000b2", one)];
}

async function start(world: EnvironmentWorld) {
  const detected = await detect({ directory: world.folder, profile: "dev" });
  const { runId } = world.environment.start({ detected, profile: "dev" });
  return world.environment.settled(runId, AbortSignal.timeout(60_000));
}

async function answerOf(world: EnvironmentWorld, service: string): Promise<string> {
  return (await fetch(world.service(service).url ?? "")).text();
}

test("Vite with a strict port, and next with -p, through npm", async () => {
  const [page, api] = [await freePort(), await freePort()];
  const [one, two] = pair({
    "package.json": {
      scripts: { "dev:page": `vite --port ${page} --strictPort --host 127.0.0.1`, "dev:api": `next dev -p ${api}` },
    },
  });
  for (const world of [one, two]) {
    writeFileSync(join(world.folder, "index.html"), `<p>${world.folder}</p>`);
    expect(await start(world)).toEqual({ outcome: "ready", failures: [] });
  }
  expect(one.service("dev:page").ports[0]?.port).toBe(page);
  expect(one.service("dev:api").ports[0]?.port).toBe(api);
  expect(two.service("dev:page").ports[0]?.port).not.toBe(page);
  expect(two.service("dev:api").ports[0]?.port).not.toBe(api);
  for (const world of [one, two]) {
    expect(await answerOf(world, "dev:page")).toContain(`<p>${world.folder}</p>`);
    expect(await answerOf(world, "dev:api")).toBe(world.folder);
  }
});

test.each([
  ["pnpm", "pnpm-lock.yaml"],
  ["yarn", "yarn.lock"],
  ["bun", "bun.lock"],
])("a fixed port through %s", async (manager, lock) => {
  const port = await freePort();
  const [one, two] = pair({ [lock]: "", "package.json": { scripts: { dev: `next dev --port ${port}` } } });
  for (const world of [one, two]) expect(await start(world)).toEqual({ outcome: "ready", failures: [] });
  expect(two.service("dev").command).toBe(`${manager} run dev`);
  expect([await answerOf(one, "dev"), await answerOf(two, "dev")]).toEqual([one.folder, two.folder]);
});

test("an option of a deckhand.yaml, in a shell line", async () => {
  const port = await freePort();
  const [one, two] = pair({
    "deckhand.yaml": `services:
  web: { command: "exec node_modules/.bin/next dev", ports: { http: { prefer: ${port}, option: -p } } }
`,
  });
  for (const world of [one, two]) expect(await start(world)).toEqual({ outcome: "ready", failures: [] });
  expect([await answerOf(one, "web"), await answerOf(two, "web")]).toEqual([one.folder, two.folder]);
});

test("where nothing could tell it, the second is blocked by the first, by name and with a way out", async () => {
  const port = await freePort();
  const [one, two] = pair({
    "package.json": { scripts: { dev: "node server.js" } },
    "server.js": `require("node:http").createServer((_, answer) => answer.end()).listen(${port});`,
  });
  expect((await start(one)).outcome).toBe("ready");
  expect((await start(two)).outcome).toBe("failed");
  const blocked = two.service("dev");
  expect(blocked).toMatchObject({ phase: "blocked", generation: 1, failure: { code: "port_in_use" } });
  expect(blocked.why).toMatch(new RegExp(`dev needs port ${port}, .*: dev of the workspace shop`));
  expect(blocked.failure?.next).toBe(
    "Stop dev there, or give dev another port (its command or its settings fix it: let them read a variable such as PORT); " +
      "then start again.",
  );
  expect(blocked.failure?.details).toMatchObject({ port, holder: { owner: { workspace: "wsp_00000000000000b1" } } });
  expect(one.service("dev").phase).toBe("running");
});
