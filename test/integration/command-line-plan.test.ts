/** The environment from the command line: how a start ends, what is taken over, how often something runs, and what was. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { environmentStatusSchema, type EnvironmentStatus } from "#shared/schema/environment.ts";
import { createWorld, type World } from "../support/world.ts";

let world: World;
let project = "";
beforeEach(async () => {
  world = await createWorld();
  project = join(world.folder, "shop");
  mkdirSync(project);
});
afterEach(() => world.close());

const lives = "exec node -e 'setInterval(() => {}, 1000)'";
const serves = `exec node -e 'require(\\"http\\").createServer((_, answer) => answer.end(process.env.PORT)).listen(process.env.PORT, \\"127.0.0.1\\")'`;

async function write(text: string) {
  writeFileSync(join(project, "deckhand.yaml"), `version: 1\ndetect: false\n${text}`);
  expect((await world.deckhand("trust", project, "--yes")).code).toBe(0);
}
async function status(): Promise<EnvironmentStatus> {
  return environmentStatusSchema.parse((await world.deckhand("status", project, "--json")).json);
}

it("ends with the code of the service that ended everything", async () => {
  await write(`
services:
  db: { command: "${lives}" }
  tests: { command: "sleep 0.2; exit 42", type: task, exit_on_failure: true, depends_on: [db] }
`);
  const failed = await world.deckhand("up", project);
  expect(failed.code).toBe(42);
  expect(failed.stderr).toMatch(/^tests  failed /m);
  expect(failed.stderr).toContain("tests has ended with code 42, and everything else with it.");
  expect((await status()).run).toMatchObject({ outcome: "failed", endedBy: { service: "tests" } });

  // 3 is ours, for a folder that is not trusted.
  await write(`services: { tests: { command: "exit 3", type: task, exit_on_failure: true } }`);
  expect((await world.deckhand("up", project, "--detach")).code).toBe(1);
  await write(
    `services: { db: { command: "${lives}" }, tests: { command: "sleep 1", type: task, exit_on_end: true } }`,
  );
  expect((await world.deckhand("up", project)).code).toBe(0);
  expect((await status()).phase).toBe("stopped");
});

it("environment case 31: `up` waits only so long as it is told, says what it waited for in vain, and leaves it running", async () => {
  await write(`
services:
  slow: { command: "${lives}", healthcheck: { test: "false", interval: 1s, start_period: 120s } }
  behind: { command: "${lives}", depends_on: { slow: { condition: service_healthy } } }
`);
  const began = performance.now();
  const up = await world.deckhand("up", project, "--detach", "--timeout", "3");
  expect(performance.now() - began).toBeGreaterThan(3_000);
  expect(up.code).toBe(1);
  expect(up.stderr).toContain("not ready after 3 s");
  const services = (await status()).services.map(({ name, phase, health }) => [name, phase, health]);
  expect(services).toEqual([
    ["slow", "running", "starting"],
    ["behind", "waiting", "none"],
  ]);
});

it("starts and stops what is named, and takes over edited files without touching the rest", async () => {
  const text = (log: string) => `
services:
  db: { command: "${lives}" }
  web: { command: "${lives}", environment: { LOG: ${log} }, depends_on: [db] }
  mail: { command: "${lives}" }
`;
  await write(text("a"));
  expect((await world.deckhand("up", project, "--service", "web", "--detach")).code).toBe(0);
  const first = await status();
  const pid = (of: EnvironmentStatus, name: string) => of.services.find((each) => each.name === name)?.pid;
  expect(pid(first, "mail")).toBe(null);
  const same = await world.deckhand("apply", project);
  expect([same.code, same.stdout]).toEqual([0, "What runs is what the files say.\n"]);

  await write(text("b"));
  const asked = await world.deckhand("apply", project);
  expect(asked.code).toBe(1);
  expect(asked.stderr).toContain("restart  web  (its environment)");
  expect(pid(await status(), "web")).toBe(pid(first, "web"));
  const applied = await world.deckhand("apply", project, "--yes", "--json");
  expect(applied.json).toMatchObject({ applied: true, unchanged: ["db"], start: [], stop: [] });
  const second = await status();
  expect(pid(second, "db")).toBe(pid(first, "db"));
  expect(pid(second, "web")).not.toBe(pid(first, "web"));

  expect((await world.deckhand("down", project, "--service", "web")).code).toBe(0);
  const third = await status();
  expect([pid(third, "web"), pid(third, "db")]).toEqual([null, pid(first, "db")]);
  const readable = (await world.deckhand("status", project)).stdout;
  expect(readable).toMatch(/wave 1\n {2}db .*\n {2}mail .*\nwave 2\n {2}web /);
  const runs = (await world.deckhand("runs", project, "--service", "web", "--json")).json as { runs: unknown[] };
  expect(runs.runs).toMatchObject([{ outcome: "stopped" }, { outcome: "stopped" }]);
  const audit = (await world.deckhand("audit", "--since", "10m", "--service", "web", "--json")).json as {
    entries: { service: string }[];
  };
  expect(audit.entries.length).toBeGreaterThan(2);
  expect(audit.entries.every((entry) => entry.service === "web")).toBe(true);
  expect((await world.deckhand("audit", "--since", "yesterday")).code).toBe(2);
  expect((await world.deckhand("runs", project)).code).toBe(2);
});

it("has a service as often as asked", async () => {
  await write(`services: { api: { command: "${serves}", ports: { http: { prefer: 34567, env: PORT } } } }`);
  expect((await world.deckhand("up", project, "--detach")).code).toBe(0);
  expect((await world.deckhand("scale", project, "--service", "api", "--count", "3")).code).toBe(0);
  expect((await world.deckhand("up", project, "--detach")).code).toBe(0);
  expect((await status()).services.filter(({ ready }) => ready).map(({ name }) => name)).toEqual([
    "api-0",
    "api-1",
    "api-2",
  ]);
  expect((await world.deckhand("scale", project, "--service", "api", "--count", "0")).code).toBe(2);
  expect((await world.deckhand("scale", project, "--service", "nobody", "--count", "2")).code).toBe(2);
});

it("prints what was detected as a table in waves", async () => {
  await write(`
services:
  db: { command: "${lives}" }
  api: { command: npm run api, ports: { http: { prefer: 4000, env: PORT } }, depends_on: [db], replicas: 2 }
  debug: { command: "${lives}", disabled: true }
`);
  const { stdout } = await world.deckhand("detect", project);
  expect(stdout.split("\n").slice(1)).toEqual([
    "wave 1",
    expect.stringMatching(/^ {2}db +process +deckhand\.yaml#services\.db +exec node -e/),
    expect.stringMatching(/^ {2}debug +process, only by name +/),
    "wave 2",
    expect.stringMatching(/^ {2}api +process ×2 +:4000 \(PORT\) +after db +deckhand\.yaml#services\.api +npm run api$/),
    "",
  ]);
});
