/** Commands that start and stop the same project beside one another, each as a program of its own. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { environmentStatusSchema } from "#shared/schema/environment.ts";
import { createWorld, type World } from "../support/world.ts";
import { until } from "../support/until.ts";

let world: World;
let harbour = "";
beforeEach(async () => {
  world = await createWorld();
  harbour = world.project("harbour");
  expect((await world.deckhand("trust", harbour, "--yes")).code).toBe(0);
  await world.deckhand("stop");
  await until("no process of the world", 15_000, () => world.processes().length === 0);
});
afterEach(() => world.close());

const up = () => world.deckhand("up", harbour, "--detach", "--json");
const hosts = () => world.processes().filter(({ command }) => command.includes("headless.js"));
/** Names and pids of what runs. */
const running = (document: string) =>
  environmentStatusSchema.parse(JSON.parse(document)).services.map(({ name, pid }) => `${name} ${pid}`);

it("environment case 40: process-daemon-down, cold starts at once come to one host and one of each service; a second up attaches, and down twice is safe", async () => {
  const starts = await Promise.all([up(), up(), up()]);
  expect(starts.map(({ code, stderr }) => (code === 0 ? 0 : stderr))).toEqual([0, 0, 0]);
  expect(hosts()).toHaveLength(1);
  const [first] = starts;
  for (const { stdout } of starts) expect(running(stdout)).toEqual(running(first?.stdout ?? ""));

  const again = await up();
  expect(again.code).toBe(0);
  expect(running(again.stdout)).toEqual(running(first?.stdout ?? ""));
  expect(hosts()).toHaveLength(1);

  const downs = await Promise.all([world.deckhand("down", harbour), world.deckhand("down", harbour)]);
  expect(downs.map(({ code, stderr }) => (code === 0 ? 0 : stderr))).toEqual([0, 0]);
  expect((await world.deckhand("down", harbour)).code).toBe(0);
  const status = environmentStatusSchema.parse((await world.deckhand("status", harbour, "--json")).json);
  expect(status.services.filter(({ pid }) => pid !== null)).toEqual([]);
});

it("environment case 40: process-task-failure, a failed task stops its siblings, and the command ends with its code", async () => {
  const project = world.project("harbour", "failing");
  writeFileSync(
    join(project, "deckhand.yaml"),
    `detect: false
services:
  task: { command: "sleep 0.3; exit 5", type: task, exit_on_failure: true }
  sibling: { command: "sleep 600", type: task }
`,
  );
  expect((await world.deckhand("trust", project, "--yes")).code).toBe(0);
  const { code, stdout } = await world.deckhand("up", project, "--json");
  expect(code).toBe(5);
  const { services } = environmentStatusSchema.parse(JSON.parse(stdout));
  expect(services.map(({ name, phase, pid }) => [name, phase, pid])).toEqual([
    ["task", "failed", null],
    ["sibling", "stopped", null],
  ]);
});
