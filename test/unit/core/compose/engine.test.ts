/** The engine, on stand-ins for `docker`: which of its states is seen, and how long it may take. */
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { runCommand } from "../../../../electron/core/compose/command.ts";
import { composeProjectName } from "../../../../electron/core/compose/compose-project.ts";
import { ComposeEngine } from "../../../../electron/core/compose/engine.ts";
import { systemClock } from "../../../../electron/core/lib/clock.ts";
import { silentLogger } from "../../../../electron/core/lib/logger.ts";
import { ManualClock } from "../../../support/manual-clock.ts";
import { until } from "../../../support/until.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "deckhand-engine-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function program(name: string, script: string): void {
  writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(folder, name), 0o755);
}

const look = (path = folder) =>
  new ComposeEngine({
    clock: systemClock,
    logger: silentLogger,
    shellEnvironment: { variables: () => Promise.resolve({ PATH: path, HOME: folder }) },
  }).state();

const running = `case "$1" in version) echo 28.0.0;; compose) echo 2.40.1;; esac`;

describe("the engine", () => {
  test("is missing where there is no docker, and relative folders of the PATH do not count", async () => {
    program("docker", running);
    expect(await look("/nowhere:.:relative")).toMatchObject({ kind: "missing", failure: { code: "docker_missing" } });
  });

  test("is ready with compose v2", async () => {
    program("docker", running);
    expect(await look()).toMatchObject({
      kind: "ready",
      compose: [join(folder, "docker"), "compose"],
      composeVersion: "2.40.1",
      engineVersion: "28.0.0",
    });
  });

  test("falls back to docker-compose where docker has no compose", async () => {
    program(
      "docker",
      `case "$1" in version) echo 20.10;; *) echo "docker: 'compose' is not a docker command." >&2; exit 1;; esac`,
    );
    expect(await look()).toMatchObject({
      kind: "missing",
      failure: { message: expect.stringContaining("docker-compose") },
    });
    program("docker-compose", "echo 1.29.2");
    expect(await look()).toMatchObject({
      kind: "ready",
      compose: [join(folder, "docker-compose")],
      composeVersion: "1.29.2",
    });
  });

  test("is stopped where only the client answers, in docker's own words", async () => {
    program("docker", `echo 'Cannot connect to the Docker daemon at unix:///var/run/docker.sock.' >&2; exit 1`);
    const state = await look();
    expect(state).toMatchObject({
      kind: "stopped",
      failure: { code: "docker_stopped", next: "Start Docker, then start again." },
    });
    expect(state.kind === "stopped" && state.failure.message).toContain("Cannot connect");
  });

  test("hangs where it does not answer in five seconds, and the client is ended", async () => {
    program("docker", `exec /bin/sleep 60`);
    const before = performance.now();
    expect(await look()).toMatchObject({ kind: "hanging", failure: { code: "docker_stopped" } });
    expect(performance.now() - before).toBeLessThan(8_000);
  });

  test("is asked once for a burst of questions", async () => {
    program("docker", `echo x >> ${folder}/asked; ${running}`);
    const engine = new ComposeEngine({
      clock: systemClock,
      logger: silentLogger,
      shellEnvironment: { variables: () => Promise.resolve({ PATH: folder }) },
    });
    const states = await Promise.all(Array.from({ length: 10 }, () => engine.state()));
    expect(new Set(states).size).toBe(1);
  });
});

test("an answer is believed for five seconds, trouble for one: whoever starts Docker tries again at once", async () => {
  const clock = new ManualClock();
  const engine = new ComposeEngine({
    clock,
    logger: silentLogger,
    shellEnvironment: { variables: () => Promise.resolve({ PATH: folder }) },
  });
  const kind = async (afterMs: number) => {
    clock.advance(afterMs);
    return (await engine.state()).kind;
  };
  program("docker", "exit 1");
  expect(await kind(0)).toBe("stopped");
  program("docker", running);
  expect([await kind(900), await kind(200)]).toEqual(["stopped", "ready"]);
  program("docker", "exit 1");
  expect([await kind(4_900), await kind(200)]).toEqual(["ready", "stopped"]);
  program("docker", running);
  engine.forget();
  expect(await kind(0)).toBe("ready");
});

describe("a docker command", () => {
  const run = (
    script: string,
    more: { deadlineMs?: number; signal?: AbortSignal; onLine?: (text: string) => void } = {},
  ) =>
    runCommand(
      {
        argv: ["/bin/sh", "-c", script],
        cwd: folder,
        env: { PATH: "/usr/bin:/bin" },
        deadlineMs: more.deadlineMs ?? 5_000,
        what: "the test",
        ...(more.onLine === undefined ? {} : { onLine: more.onLine }),
      },
      systemClock,
      more.signal,
    );

  test("gives its code and its output, and each line of stderr as it comes", async () => {
    const lines: string[] = [];
    const result = await run("echo out; printf 'one\\ntwo\\r\\n\\nthree' >&2; exit 3", {
      onLine: (text) => lines.push(text),
    });
    expect(result).toMatchObject({ code: 3, stdout: "out\n" });
    expect(lines).toEqual(["one", "two", "three"]);
  });

  test("a line without an end is told in pieces, so that nothing grows", async () => {
    const lines: string[] = [];
    await run("head -c 100000 /dev/zero | tr '\\0' x >&2", { onLine: (text) => lines.push(text) });
    expect(lines.join("")).toHaveLength(100_000);
    expect(lines.length).toBeGreaterThan(1);
  });

  test("that is not there is the system's error, and nobody waits", async () => {
    const input = { argv: [join(folder, "none")] as const, cwd: folder, env: {}, deadlineMs: 5_000, what: "it" };
    await expect(runCommand(input, systemClock)).rejects.toMatchObject({ code: "ENOENT" });
  });

  test("is ended at its deadline, and when it is called off", async () => {
    await expect(run("exec sleep 60", { deadlineMs: 100 })).rejects.toMatchObject({ code: "timeout" });
    const controller = new AbortController();
    const work = run("exec sleep 60", { signal: controller.signal });
    controller.abort();
    await expect(work).rejects.toThrow(expect.objectContaining({ name: "AbortError" }));
  });

  test("that is ended ends with what it started: docker leaves its work to plug-ins", async () => {
    const controller = new AbortController();
    const lines: string[] = [];
    const work = run("(sleep 1; echo late > late) & echo begun >&2; wait", {
      signal: controller.signal,
      onLine: (text) => lines.push(text),
    });
    await until("its beginning", 2_000, () => lines.length > 0);
    controller.abort();
    await expect(work).rejects.toMatchObject({ name: "AbortError" });
    await new Promise((resolve) => setTimeout(resolve, 1_300));
    expect(existsSync(join(folder, "late"))).toBe(false);
  });

  test("that prints without end keeps the first of stdout and the last of stderr", async () => {
    const result = await run("yes out | head -c 9000000; (yes err | head -c 500000; echo last) >&2");
    expect(result.stdout.length).toBe(4 * 1024 * 1024);
    expect(result.stderr.length).toBe(64 * 1024);
    expect(result.stderr.endsWith("last\n")).toBe(true);
  });
});

test("a project's name stands for its folder, and is one docker accepts", () => {
  expect(composeProjectName("/a/shop")).toMatch(/^deckhand-[0-9a-f]{16}$/);
  expect(composeProjectName("/a/shop")).toBe(composeProjectName("/a/shop"));
  expect(composeProjectName("/b/shop")).not.toBe(composeProjectName("/a/shop"));
});
