/** D: an engine that is missing, refuses, hangs, or fails half way. `docker` is a stand-in (stand-in-docker.ts). */
import { chmodSync, existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { composeProjectName } from "../../electron/core/compose/compose-project.ts";
import { ComposeEngine } from "../../electron/core/compose/engine.ts";
import { detect } from "../../electron/core/environment/detect/detect.ts";
import { systemClock } from "../../electron/core/lib/clock.ts";
import { faultCase, variantsOf } from "../support/fault-case.ts";
import { environmentOn } from "../support/fault-environment.ts";
import type { Stage } from "../support/fault-stage.ts";
import { standInDocker, type StandInDocker } from "../support/stand-in-docker.ts";

interface Staged {
  readonly docker: StandInDocker;
  readonly environment: ReturnType<typeof environmentOn>["environment"];
  readonly start: (yaml: string) => Promise<string>;
  readonly status: (
    name: string,
  ) => ReturnType<ReturnType<typeof environmentOn>["environment"]["status"]>["services"][number];
}

function stageDocker(
  stage: Stage,
  more: { path?: string; installed?: boolean; variables?: Record<string, string> } = {},
): Staged {
  const docker = standInDocker(stage.root);
  if (more.installed === false) docker.remove();
  const variables = { PATH: more.path ?? `${docker.bin}:/usr/bin:/bin`, HOME: stage.root, ...more.variables };
  const compose = new ComposeEngine({
    clock: systemClock,
    logger: stage.logger,
    shellEnvironment: { variables: () => Promise.resolve(variables) },
    folder: join(stage.root, "overrides"),
  });
  const { environment } = environmentOn(stage, { compose });
  return {
    docker,
    environment,
    async start(yaml) {
      writeFileSync(join(stage.root, "compose.yaml"), yaml);
      const detected = await detect({ directory: stage.root, profile: "dev" });
      const { runId } = environment.start({ detected, profile: "dev" });
      return (await environment.settled(runId)).outcome;
    },
    status(name) {
      const found = environment.status().services.find((service) => service.name === name);
      if (found === undefined) throw new Error(`no service ${name}`);
      return found;
    },
  };
}

/** A container counts as up after a second of life, which is a second of real time. */
const REAL_TIME = { maxRounds: 25 };

const one = "services: { a: { image: x } }";

faultCase(
  "D01",
  "docker missing, its socket absent, or not ours to use: a state with a next step, and the rest runs",
  async (stage) => {
    const ways = [
      { installed: false, says: null, code: "docker_missing" },
      {
        installed: true,
        says: "Cannot connect to the Docker daemon at unix:///nowhere.sock. Is the docker daemon running?",
        code: "docker_stopped",
      },
      {
        installed: true,
        says: "permission denied while trying to connect to the Docker daemon socket",
        code: "docker_stopped",
      },
    ] as const;
    for (const [, way] of variantsOf(stage, ways)) {
      rmSync(join(stage.root, "machine"), { recursive: true, force: true });
      const staged = stageDocker(stage, {
        installed: way.installed,
        path: `${join(stage.root, "machine")}:/bin-of-nobody`,
      });
      if (way.says !== null) staged.docker.gone(way.says);
      writeFileSync(join(stage.root, "Procfile"), "other: exec /bin/sleep 600\n");
      expect(await staged.start(one)).toBe("failed");
      expect(staged.status("a")).toMatchObject({
        phase: "blocked",
        failure: { code: way.code, next: expect.stringMatching(/Docker/) },
      });
      expect(staged.status("other").phase).toBe("running");
      if (way.says !== null) expect(staged.status("a").why).toContain(way.says.slice(0, 20));
      await staged.environment.close();
    }
  },
  REAL_TIME,
);

faultCase(
  "D02",
  "an engine that goes away under its containers: that is what is shown, nothing is restarted, and it is over when it is back",
  async (stage) => {
    const staged = stageDocker(stage);
    expect(await staged.start(one)).toBe("ready");
    staged.docker.gone("Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?");
    const events = stage.keeper.list().find(({ name }) => name === "containers (events)");
    // With the engine, whoever follows its events loses it.
    if (typeof events?.pid === "number") process.kill(events.pid, "SIGKILL");
    await stage.until("the trouble", () => staged.status("a").failure?.code === "docker_stopped");
    expect(staged.status("a")).toMatchObject({ phase: "running", generation: 1 });
    staged.docker.gone(null);
    await stage.until("its end", () => staged.status("a").failure === null);
    expect(staged.status("a")).toMatchObject({ phase: "running", generation: 1, restarts: 0 });
    await staged.environment.stop();
    expect(staged.docker.containers()).toEqual([]);
  },
  REAL_TIME,
);

faultCase(
  "D03",
  "`compose up` half fails: those that started are shown, and stop leaves none",
  async (stage) => {
    const staged = stageDocker(stage);
    expect(await staged.start("services: { good: { image: x }, bad: { image: y } }")).toBe("failed");
    expect(staged.status("good").phase).toBe("running");
    expect(staged.status("bad")).toMatchObject({
      phase: "failed",
      failure: { code: "compose_failed", message: expect.stringContaining("no such image") },
    });
    await staged.environment.stop();
    expect(staged.docker.containers()).toEqual([]);
  },
  REAL_TIME,
);

faultCase(
  "D12",
  "two folders of one name are two projects: stopping one asks nothing of the other",
  async (stage) => {
    const names = ["one/shop", "two/shop"].map((folder) => composeProjectName(join(stage.root, folder)));
    expect(new Set(names).size).toBe(2);
    const staged = stageDocker(stage);
    await staged.start(one);
    await staged.environment.stop();
    const own = composeProjectName(stage.root);
    const commands = staged.docker
      .asked()
      .filter((line) => line.includes(" up ") || line.includes(" rm ") || line.includes(" down"));
    expect(commands.length).toBeGreaterThan(0);
    for (const line of commands) expect(line).toContain(`-p ${own}`);
    expect(staged.docker.asked().join()).not.toContain("remove-orphans");
  },
  REAL_TIME,
);

faultCase(
  "D14",
  ".env that names another project, other files and another engine: ours win, and it is said",
  async (stage) => {
    writeFileSync(
      join(stage.root, ".env"),
      "COMPOSE_FILE=evil.yaml\nCOMPOSE_PROJECT_NAME=theirs\nDOCKER_HOST=tcp://203.0.113.1:1\nPATH=/evil\nLD_PRELOAD=/evil.so\nNODE_OPTIONS=--evil\n",
    );
    writeFileSync(join(stage.root, "evil.yaml"), "services: { evil: { image: x } }");
    const staged = stageDocker(stage);
    expect(await staged.start(one)).toBe("ready");
    expect(staged.environment.status().services.map(({ name }) => name)).toEqual(["a"]);
    const said = staged.environment
      .status()
      .problems.map(({ message }) => message)
      .join("\n");
    for (const name of ["COMPOSE_FILE", "COMPOSE_PROJECT_NAME", "DOCKER_HOST"]) expect(said).toContain(name);
    const up = staged.docker.asked().find((line) => line.includes(" up "));
    expect(up).toContain(
      `${composeProjectName(stage.root)}||compose --project-directory ${stage.root} -f ${join(stage.root, "compose.yaml")} -p`,
    );
    expect(up).not.toContain("evil");
    await staged.environment.stop();
  },
  REAL_TIME,
);

faultCase(
  "D15",
  "a `docker` in the folder of the project is never the one that is run",
  async (stage) => {
    const hijack = join(stage.root, "node_modules", ".bin");
    mkdirSync(hijack, { recursive: true });
    for (const folder of [hijack, stage.root]) {
      writeFileSync(join(folder, "docker"), `#!/bin/sh\n/usr/bin/touch "${join(stage.root, "pwned")}"\n`);
      chmodSync(join(folder, "docker"), 0o755);
    }
    const staged = stageDocker(stage, { path: `node_modules/.bin:.::${join(stage.root, "machine")}:/usr/bin:/bin` });
    expect(await staged.start(one)).toBe("ready");
    await staged.environment.stop();
    expect(existsSync(join(stage.root, "pwned"))).toBe(false);
  },
  REAL_TIME,
);
