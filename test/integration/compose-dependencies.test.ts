/** Containers that need one another, on the real engine: what a start brings along, what a stop leaves, and what stays away. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { composeProjectName } from "../../electron/core/compose/compose-project.ts";
import { detect } from "../../electron/core/environment/detect/detect.ts";
import { docker, engineObstacle } from "../support/docker-engine.ts";
import { createEnvironmentWorld, linesOf, type EnvironmentWorld } from "../support/environment-world.ts";
import { bundleGuardian } from "../support/guardian-bundle.ts";
import { until } from "../support/until.ts";

const reason = engineObstacle();
if (reason !== null) console.log(`skipped: containers that need one another (${reason})`);

describe.skipIf(reason !== null)("on the real engine", { timeout: 90_000 }, () => {
  let guardian: Awaited<ReturnType<typeof bundleGuardian>>;
  let world: EnvironmentWorld;
  beforeAll(async () => {
    guardian = await bundleGuardian();
  });
  afterAll(() => guardian.remove());
  beforeEach(() => {
    world = createEnvironmentWorld({ guardianPath: guardian.path, project: "compose-only" });
    const sleeper = '{ image: local/busybox:1, init: true, command: [sleep, "600"]';
    writeFileSync(
      join(world.folder, "compose.yaml"),
      `services:\n  foo: ${sleeper}, depends_on: [bar] }\n  bar: ${sleeper} }\n`,
    );
  });
  afterEach(async () => {
    await world.close();
    expect(containers("-a")).toEqual([]);
    expect(world.errors).toEqual([]);
  });

  /** The services of the project that have a container, as docker itself tells it. */
  function containers(...options: string[]): string[] {
    const filter = `label=com.docker.compose.project=${composeProjectName(world.folder)}`;
    const format = '{{.Label "com.docker.compose.service"}}';
    const found = docker(["ps", ...options, "--filter", filter, "--format", format]);
    return found === "" ? [] : found.split("\n").sort();
  }

  async function start(services?: string[], more: { readonly alone?: boolean } = {}) {
    const detected = await detect({ directory: world.folder, profile: "dev" });
    const { runId } = world.environment.start({
      detected,
      profile: "dev",
      ...(services === undefined ? {} : { services }),
      ...more,
    });
    return world.environment.settled(runId, AbortSignal.timeout(60_000));
  }

  test("environment case 35: TestStartStopWithDependencies, a stop is of the one that is named, and a start brings what it needs", async () => {
    expect(await start()).toEqual({ outcome: "ready", failures: [] });
    expect(containers()).toEqual(["bar", "foo"]);
    const started = world.audit.filter(({ to }) => to === "running").map(({ service }) => service);
    expect(started).toEqual(["bar", "foo"]);

    await world.environment.stop(["foo"]);
    expect(containers()).toEqual(["bar"]);
    expect(world.service("bar")).toMatchObject({ phase: "running", generation: 1 });

    await world.environment.stop();
    expect(containers()).toEqual([]);

    expect((await start(["foo"])).outcome).toBe("ready");
    expect(containers()).toEqual(["bar", "foo"]);
  });

  test("environment case 35: TestUpNoDeps, alone a service is started without a container of what it needs", async () => {
    expect(await start(["foo"], { alone: true })).toEqual({ outcome: "ready", failures: [] });
    expect(containers("-a")).toEqual(["foo"]);
    expect(world.service("bar")).toMatchObject({ phase: "stopped", desired: "stopped", generation: 0 });

    // What it needs can come later, and then it is one of the rest.
    expect((await start(["bar"])).outcome).toBe("ready");
    expect(containers()).toEqual(["bar", "foo"]);
    expect(world.service("foo").generation).toBe(1);
    // A start of its own brings it again.
    await world.environment.stop();
    expect((await start(["foo"])).outcome).toBe("ready");
    expect(containers()).toEqual(["bar", "foo"]);
  });

  test("what is wanted anyway is waited for, also by one that is started alone", async () => {
    writeFileSync(
      join(world.folder, "Procfile.dev"),
      "slow: sleep 0.5; echo slow >> order.txt; sleep 600\nfast: echo fast >> order.txt; sleep 600\n",
    );
    writeFileSync(
      join(world.folder, "deckhand.yaml"),
      `services:
  slow: { healthcheck: { test: test -e order.txt } }
  fast: { depends_on: { slow: service_healthy, foo: service_started } }
`,
    );
    void start(["slow"]);
    // Both read the folder first, and whoever is quicker would be first.
    await until("the wish", 5_000, () =>
      world.environment.status().services.some(({ name, desired }) => name === "slow" && desired === "running"),
    );
    expect((await start(["fast"], { alone: true })).outcome).toBe("ready");
    expect(linesOf(join(world.folder, "order.txt"))).toEqual(["slow", "fast"]);
    expect(containers("-a")).toEqual([]);
  });
});
