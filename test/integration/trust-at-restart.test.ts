import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { EnvironmentStatus } from "#shared/schema/environment.ts";
import { until } from "../support/until.ts";
import { createWorld, type World } from "../support/world.ts";

let world: World;
let project = "";
beforeEach(async () => {
  world = await createWorld();
  project = join(world.folder, "shop");
  mkdirSync(project);
  writeScript("node -e 'setInterval(() => {}, 1000)'");
  expect((await world.deckhand("trust", project, "--yes")).code).toBe(0);
  expect((await world.deckhand("up", project, "--detach")).code).toBe(0);
});
afterEach(() => world.close());

function writeScript(dev: string): void {
  writeFileSync(join(project, "package.json"), JSON.stringify({ name: "shop", scripts: { dev } }));
}

async function service() {
  const status = (await world.deckhand("status", project, "--json")).json as EnvironmentStatus;
  const [dev] = status.services;
  if (dev === undefined) throw new Error("The service is gone.");
  return dev;
}

const canary = () => join(project, "canary");

it("does not restart a service by itself when its script is no longer the one that was approved", async () => {
  const { pid } = await service();
  writeScript(`touch ${canary()}; node -e 'setInterval(() => {}, 1000)'`);
  process.kill(pid ?? 0, "SIGKILL");
  const blocked = await until("the refusal", 20_000, async () => {
    const now = await service();
    return now.phase === "blocked" ? now : null;
  });
  expect(blocked.failure).toMatchObject({ code: "not_trusted", next: expect.stringContaining("deckhand trust") });
  expect(existsSync(canary())).toBe(false);

  // And neither does anybody who asks for it, until it is approved again.
  expect((await world.deckhand("restart", project, "--service", "dev")).code).toBe(3);
  expect((await world.deckhand("up", project, "--detach")).code).toBe(3);
  expect(existsSync(canary())).toBe(false);
  expect((await world.deckhand("trust", project, "--yes")).code).toBe(0);
  expect((await world.deckhand("up", project, "--detach")).code).toBe(0);
  await until("the approved script to run", 10_000, () => existsSync(canary()));
});

it("does not start a server for a folder whose OpenCode configuration changed", async () => {
  writeFileSync(
    join(project, "opencode.json"),
    JSON.stringify({ mcp: { x: { type: "local", command: ["touch", canary()] } } }),
  );
  expect((await world.deckhand("server", "start", project)).code).toBe(3);
  expect(existsSync(canary())).toBe(false);
});
