/** `deckhand server …` and `deckhand settings …` from outside: the built program, a real host, the real OpenCode. */
import { chmodSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { serverStatusSchema, type ServerStatus } from "#shared/schema/server.ts";
import { settingsSchema } from "#shared/schema/settings.ts";
import { bundledBinaries, thisMachine } from "../../electron/core/opencode/bundled.ts";
import { serviceFilePath } from "../../electron/core/opencode/service-file.ts";
import { startFake2 } from "../fakes/fake-opencode-2/fake-opencode-2.ts";
import { createWorld, top, type World } from "../support/world.ts";
import { until } from "../support/until.ts";

describe("the command line and a server", () => {
  let world: World;
  let harbour = "";
  const others: ChildProcess[] = [];
  const status = async (): Promise<ServerStatus> =>
    serverStatusSchema.parse((await world.deckhand("server", "status", harbour, "--json")).json);

  beforeAll(async () => {
    world = await createWorld();
    harbour = world.project("harbour");
    expect((await world.deckhand("project", "list", "--json")).code).toBe(4);
    expect((await world.deckhand("server", "start", harbour)).code).toBe(3);
    expect((await world.deckhand("trust", harbour, "--yes")).code).toBe(0);
  });
  afterAll(async () => {
    for (const child of others) {
      child.kill("SIGKILL");
      await ended(child);
    }
    await world.close();
  });

  it("starts it, and then knows every fact of it", async () => {
    const started = await world.deckhand("server", "start", harbour, "--json");
    expect(started.stderr).toBe("");
    expect(started.code).toBe(0);
    const server = await status();
    expect(server).toMatchObject({ state: "running", ownership: "owned", protocol: 1, restarts: 0, failure: null });
    expect(server.port).toBe(Number(new URL(server.url ?? "").port));
    expect(server.startupMs).toBeGreaterThan(0);
    const { stdout } = await world.deckhand("server", "status", harbour);
    const facts = Object.fromEntries(stdout.split("\n").map((line) => [line.slice(0, 10).trim(), line.slice(11)]));
    expect(facts).toMatchObject({
      state: "● running",
      address: server.url,
      pid: String(server.pid),
      version: server.version,
      protocol: "1",
      owner: "Deckhand",
      restarts: "0",
    });
    expect(facts["startup"]).toMatch(/^ready after \d/);
    expect(facts["events"]).toMatch(/^\d+ events \(\d+\.\d\/s/);
  });

  it("watches it: in a pipe one line for each change, until Ctrl-C", async () => {
    const watching = world.start("server", "status", harbour, "--watch");
    others.push(watching);
    const lines: string[] = [];
    createInterface({ input: watching.stdout! }).on("line", (line) => void lines.push(line));
    await until("the first line", 10_000, () => lines.length > 0);
    const before = (await status()).pid;
    expect(lines[0]).toContain(`● running  pid ${before}`);
    expect((await world.deckhand("server", "restart", harbour)).code).toBe(0);
    const after = (await status()).pid;
    expect(after).not.toBe(before);
    await until("the new process", 10_000, () => lines.some((line) => line.includes(`● running  pid ${after}`)));
    expect(lines.some((line) => line.includes("◐"))).toBe(true);
    watching.kill("SIGINT");
    expect(await ended(watching)).toBe(130);
  });

  it("shows its log by level, and keeps to the number of lines asked for", async () => {
    const all = await logTexts("--tail", "5000");
    expect(all.length).toBeGreaterThan(0);
    const few = await logTexts("--level", "debug", "--tail", "1", "--events");
    expect(few.length).toBeLessThanOrEqual(1);
    expect((await logTexts("--level", "error", "--tail", "5000")).length).toBeLessThan(all.length);
    const wrong = await world.deckhand("server", "logs", harbour, "--level", "loud", "--json");
    expect(wrong.code).toBe(2);
    expect(wrong.stderr).toContain("debug, info, warn, error");
  });

  it("keeps what runs, also where nothing was planned", async () => {
    const kept = await world.deckhand("server", "keep", harbour, "--json");
    expect(kept.code).toBe(0);
    expect(serverStatusSchema.parse(kept.json)).toMatchObject({ state: "running", plan: null });
  });

  it("changes settings, and refuses what the schema refuses", async () => {
    expect((await world.deckhand("settings", "set", "server.idleStopMinutes", "45")).code).toBe(0);
    const all = settingsSchema.parse((await world.deckhand("settings", "get", "--json")).json);
    expect(all.server.idleStopMinutes).toBe(45);
    expect((await world.deckhand("settings", "set", "server.idleStopMinutes", "null")).code).toBe(0);
    expect((await world.deckhand("settings", "get", "server.idleStopMinutes")).stdout).toBe("none\n");
    await world.deckhand("settings", "set", "server.environment", '{"TOKEN":"very-secret"}');
    const shown = (await world.deckhand("settings", "get")).stdout;
    expect(shown).toContain("TOKEN=…");
    expect(shown).not.toContain("very-secret");
    for (const words of [
      ["server.port", "80"],
      ["server.host", "0.0.0.0"],
      ["server.nothing", "1"],
      ["server.environment.TOKEN", "1"],
      ["server", "{}"],
      ["server.debug"],
    ]) {
      const { code, stdout } = await world.deckhand("settings", "set", ...words, "--json");
      expect([words, code]).toEqual([words, 2]);
      expect(JSON.parse(stdout)).toMatchObject({ error: { code: "bad_input" } });
    }
  });

  it("adopts a server that runs already, by a password that is no argument, and leaves it running", async () => {
    const url = await someoneElsesServer("open-sesame");
    const wrong = await adopt(url, { variable: "wrong" });
    expect(wrong.code).toBe(1);
    expect(wrong.stdout).toContain("opencode_auth");
    const right = await adopt(url, { stdin: "open-sesame" });
    expect(right.stderr).toBe("");
    expect(serverStatusSchema.parse(JSON.parse(right.stdout))).toMatchObject({
      state: "running",
      ownership: "adopted",
      url,
    });
    expect((await world.deckhand("server", "status", harbour)).stdout).toContain("somebody else");
    expect((await world.deckhand("server", "stop", harbour)).code).toBe(0);
    expect((await status()).state).toBe("stopped");
    expect(await healthStatus(url)).toBe(401);
  });

  it("adopts OpenCode 2's shared server without being told its password, and says why where it cannot", async () => {
    const none = await world.deckhand("server", "adopt", harbour, "--shared", "--json");
    expect(none.code).toBe(1);
    expect(none.json).toMatchObject({ error: { code: "not_found", details: { next: expect.any(String) as string } } });
    const file = serviceFilePath(world.env, "/nowhere");
    const shared = await startFake2({ password: "of all", arguments: ["--service"], env: world.env });
    others.push(shared.child);
    const adopted = await world.deckhand("server", "adopt", "--shared", harbour, "--json");
    expect(adopted.stderr).toBe("");
    expect(serverStatusSchema.parse(adopted.json)).toMatchObject({
      state: "running",
      ownership: "adopted",
      protocol: 2,
    });
    expect((await world.deckhand("server", "stop", harbour)).code).toBe(0);
    chmodSync(file, 0o644);
    const refused = await world.deckhand("server", "adopt", harbour, "--shared");
    expect(refused.code).toBe(1);
    expect(refused.stderr.split("\n")[0]).toContain(`${file} can be read or changed by others.`);
    expect(`${adopted.stdout}${refused.stdout}${refused.stderr}`).not.toContain("of all");
    expect(shared.child.exitCode ?? shared.child.signalCode).toBeNull();
    rmSync(file);
  });

  it("tells why a server did not start: cause, next step, and what it said last", async () => {
    const binary = join(world.folder, "opencode");
    writeFileSync(
      binary,
      '#!/bin/sh\nif [ "$1" = --version ]; then echo 1.18.33; exit; fi\necho "the disk of my dreams is full" >&2\nexit 3\n',
    );
    chmodSync(binary, 0o755);
    expect((await world.deckhand("settings", "set", "opencodeBinary", binary)).code).toBe(0);
    const { code, stdout, stderr } = await world.deckhand("server", "start", harbour, "--json");
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      error: { code: "opencode_exited", details: { stderr: ["the disk of my dreams is full"] } },
    });
    const lines = stderr.trim().split("\n");
    expect(lines[0]).toContain("code 3");
    expect(lines.at(-1)).toBe("  the disk of my dreams is full");
    expect((await world.deckhand("server", "status", harbour)).stdout).toContain("▲ crashed");
  });

  async function logTexts(...words: string[]): Promise<string[]> {
    const { code, json } = await world.deckhand("server", "logs", harbour, ...words, "--json");
    expect(code).toBe(0);
    return (json as { lines: { text: string }[] }).lines.map((line) => line.text);
  }

  async function adopt(url: string, given: { stdin?: string; variable?: string }) {
    const words = ["server", "adopt", harbour, "--url", url, "--json", "--home", world.home];
    const cli = spawn(process.execPath, [join(top, "out", "main", "cli.js"), ...words], {
      cwd: world.folder,
      env: { ...world.env, ...(given.variable === undefined ? {} : { DECKHAND_ADOPT_PASSWORD: given.variable }) },
      stdio: ["pipe", "pipe", "pipe"],
    });
    others.push(cli);
    if (given.stdin !== undefined) cli.stdin.write(`${given.stdin}\n`);
    const [stdout, stderr, code] = await Promise.all([textOf(cli.stdout), textOf(cli.stderr), ended(cli)]);
    return { code, stdout, stderr };
  }

  async function someoneElsesServer(password: string): Promise<string> {
    const port = await freePort();
    const [binary] = bundledBinaries(thisMachine());
    const child = spawn(binary ?? "", ["serve", "--port", String(port), "--hostname", "127.0.0.1"], {
      cwd: harbour,
      env: { ...world.env, OPENCODE_SERVER_PASSWORD: password, OPENCODE_SERVER_USERNAME: "opencode" },
      stdio: "ignore",
    });
    others.push(child);
    const url = `http://127.0.0.1:${port}`;
    await until("the other server", 30_000, async () => {
      return (await healthStatus(url)) === 401;
    });
    return url;
  }
});

describe("the command line without a host", () => {
  let world: World;
  beforeAll(async () => {
    world = await createWorld();
  });
  afterAll(() => world.close());

  it.each([
    [["server", "status"], 4],
    [["server", "status", "--watch"], 4],
    [["server", "stop"], 4],
    [["server", "keep"], 4],
    [["server", "logs"], 4],
    [["server", "adopt"], 2],
    [["server", "adopt", "--password", "x"], 2],
    [["server", "adopt", "--shared", "--url", "http://127.0.0.1:4096"], 2],
    [["settings", "get"], 4],
    [["settings", "set", "theme"], 2],
  ])("%j ends with %i and a document of the error", async (words, expected) => {
    const { code, stdout } = await world.deckhand(...words, "--json");
    expect(code).toBe(expected);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: expect.any(String), message: expect.any(String) } });
    expect(world.processes()).toEqual([]);
  });
});

/** What it answers to somebody without the password; null where it does not answer. */
async function healthStatus(url: string): Promise<number | null> {
  const response = await fetch(`${url}/global/health`, { signal: AbortSignal.timeout(2_000) }).catch(() => null);
  return response?.status ?? null;
}

function textOf(stream: NodeJS.ReadableStream): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    stream.on("data", (chunk: Buffer) => (text += chunk.toString()));
    stream.on("end", () => resolve(text));
  });
}

/** The exit code of a child, when it has ended. */
function ended(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(child.exitCode);
  return new Promise((resolve) => {
    child.once("exit", (code) => resolve(code));
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}
