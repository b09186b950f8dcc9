/** P: starts that fail, programs that end by themselves, and a machine that has no room for more. */
import { chmodSync, copyFileSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { AppError } from "../../electron/core/lib/error.ts";
import { PROCESS_POLICY } from "../../electron/core/service/restart-policy.ts";
import { faultCase } from "../support/fault-case.ts";
import { environmentOn } from "../support/fault-environment.ts";
import {
  asNobody,
  begin,
  forNobody,
  missing,
  nobody,
  noNobody,
  outputOf,
  program,
  programs,
  threadsOf,
} from "../support/fault-programs.ts";
import { freePort } from "../support/environment-world.ts";
import { bundleProgram } from "../support/guardian-bundle.ts";

let exhausted: Awaited<ReturnType<typeof bundleProgram>>;
beforeAll(async () => {
  exhausted = await bundleProgram(join(programs, "keeper-exhausted.ts"));
});
afterAll(() => exhausted.remove());

/** One restart and no more, so that a round is short. */
const once = { ...PROCESS_POLICY, limit: { max: 1, windowMs: 60_000 } };

faultCase(
  "P01",
  "a service that dies before it says anything fails with its last words, after its retries",
  async (stage) => {
    const play = environmentOn(stage, { speed: 10 });
    const service = play.start({
      name: "web",
      argv: ["sh", "-c", "echo no such table >&2; exit 1"],
      more: { restart: once },
    });
    await stage.until("the failure", () => service().phase === "crash_loop");
    expect(service()).toMatchObject({ restarts: 1, failure: { code: "service_exited" } });
    expect(service().failure?.message).toContain("no such table");
    expect(stage.starts).toHaveLength(2);
  },
);

faultCase("P02", "a service that dies between its port and its first answer is never shown as ready", async (stage) => {
  const port = await freePort();
  const play = environmentOn(stage, { speed: 10 });
  const service = play.start({
    name: "web",
    argv: ["sh", "-c", `echo listening on ${port}; exit 1`],
    port,
    more: { restart: once },
  });
  await stage.until("the failure", () => service().phase === "crash_loop");
  expect(stage.said("stdout")).toContain(`listening on ${port}`);
  expect(play.seen.some(({ ready }) => ready)).toBe(false);
  expect(stage.starts).toHaveLength(2);
});

faultCase(
  "P04",
  "an exit with code 0 of something that must not end is a crash, and is started again",
  async (stage) => {
    const port = await freePort();
    const file = join(stage.root, "ended once");
    const play = environmentOn(stage);
    const argv = program(
      "environment-program.mjs",
      "--port",
      String(port),
      "--exit",
      "0",
      "--exit-after",
      "150",
      "--once",
      file,
    );
    const service = play.start({ name: "web", argv, port });
    await stage.until("the second one to be ready", () => stage.starts.length === 2 && service().ready);
    expect(service()).toMatchObject({ phase: "running", restarts: 1 });
    expect(stage.said("note")).toContain("ended with code 0");
    await play.stop();
    expect(stage.starts).toHaveLength(2);
  },
);

for (const [signal, script] of [
  ["SIGSEGV", "kill -SEGV $$"],
  ["SIGABRT", "kill -ABRT $$"],
  ["SIGKILL", "kill -KILL $$"],
] as const) {
  faultCase(
    "P05",
    `an end by ${signal} names the signal${signal === "SIGKILL" ? ", and that memory may be short" : ""}`,
    async (stage) => {
      const play = environmentOn(stage);
      const argv: [string, ...string[]] = ["sh", "-c", `ulimit -c 0; ${script}`];
      const service = play.start({ name: "web", argv, more: { restart: { ...PROCESS_POLICY, mode: "no" } } });
      await stage.until("the failure", () => service().phase === "failed");
      expect(service().failure?.message).toContain(signal);
      expect(service().failure?.message.includes("short of memory")).toBe(signal === "SIGKILL");
    },
  );
}

faultCase(
  "P05",
  "a program whose memory runs out is reported with its own words",
  async (stage) => {
    const play = environmentOn(stage);
    const code = "const kept = []; for (;;) kept.push(new Array(1e5).fill({}).map(() => ({})))";
    const argv: [string, ...string[]] = [
      "sh",
      "-c",
      'ulimit -c 0; exec "$@"',
      "sh",
      process.execPath,
      "--max-old-space-size=16",
      "-e",
      code,
    ];
    const service = play.start({ name: "web", argv, more: { restart: { ...PROCESS_POLICY, mode: "no" } } });
    await stage.until("the failure", () => service().phase === "failed");
    expect(service().failure?.message).toMatch(/SIGABRT|134|SIGTRAP|133/);
    expect(stage.said("stderr")).toContain("heap out of memory");
  },
  { maxRounds: 10 },
);

for (const [what, argv, more, code, text] of [
  ["ENOENT: no such program", ["no-such-program"], {}, "command_missing", /no such program/],
  ["EACCES: a file that may not be run", ["./plain.txt"], {}, "command_missing", /may not be run/],
  ["ENOENT: a script without its interpreter", ["./script"], {}, "command_missing", /no such program/],
  ["a folder that is not there", ["true"], { cwd: "/no/such/folder" }, "spawn_failed", /does not exist/],
] as const) {
  faultCase("P12", `a start that the system refuses is a typed error, tried once (${what})`, async (stage) => {
    writeFileSync(join(stage.root, "plain.txt"), "text");
    writeFileSync(join(stage.root, "script"), "#!/no/such/interpreter\n", { mode: 0o755 });
    const began = performance.now();
    const error = await begin(stage, argv as unknown as [string, ...string[]], more).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(AppError);
    expect(error).toMatchObject({ code, message: expect.stringMatching(text) });
    expect(performance.now() - began).toBeLessThan(1_000);
    expect(stage.keeper.list()).toEqual([]);
  });
}

faultCase(
  "P12",
  "a file of another format, which the system hands to a shell, ends at once and says why",
  async (stage) => {
    writeFileSync(join(stage.root, "garbage"), Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0, 0, 10]), {
      mode: 0o755,
    });
    const { owned, lines } = await begin(stage, ["./garbage"]);
    expect((await owned.exited).code).toBeGreaterThan(0);
    await owned.drained;
    expect(lines.join(" ")).toContain("garbage");
  },
);

faultCase("P12", "a service whose program is missing is not tried again and again", async (stage) => {
  const play = environmentOn(stage, { speed: 100 });
  const service = play.start({ name: "web", argv: ["no-such-program"] });
  await stage.until("the failure", () => service().phase === "failed");
  // A hundred times as fast: ten seconds of a service that would be tried again.
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(service()).toMatchObject({ phase: "failed", restarts: 0, failure: { code: "command_missing" } });
  expect(stage.starts).toHaveLength(0);
});

interface Exhausted {
  readonly started: number;
  readonly refused: readonly string[];
  readonly alive: number;
  readonly empty: readonly boolean[];
  readonly later: string;
}

const noPrlimit = missing(["prlimit", "--nofile=64", "true"], "a limit for one program");
if (noPrlimit !== null || noNobody !== null) test.skip(`P13 is not played: ${noPrlimit ?? noNobody}`, () => undefined);
else {
  faultCase(
    "P13",
    "EAGAIN: a machine without room for one more process refuses starts, keeps what runs, and recovers",
    async (stage) => {
      const { files, home } = forNobody(stage, [exhausted.path, stage.guardianPath]);
      const user = process.getuid?.() ?? 0;
      const limit = threadsOf(user === 0 ? nobody : user) + 45;
      const argv = ["prlimit", `--nproc=${limit}`, process.execPath, files[0] ?? "", home, files[1] ?? "", "60"];
      const result = JSON.parse(await outputOf(stage, asNobody(argv))) as Exhausted;
      expect(result.started).toBeGreaterThan(0);
      expect(result.refused.length).toBeGreaterThan(0);
      expect(new Set(result.refused)).toEqual(new Set(["spawn_failed EAGAIN"]));
      expect(result.alive).toBe(result.started);
      expect(result.empty).toEqual(Array.from({ length: result.started }, () => true));
      expect(result.later).toBe("started");
    },
    { maxRounds: 10 },
  );
}

faultCase(
  "P14",
  "EMFILE: a host without a free file descriptor starts nothing, keeps what it has, and can still end it",
  async (stage) => {
    const argv = ["sh", "-c", 'ulimit -n 60; exec "$@"', "sh", process.execPath, exhausted.path];
    const result = JSON.parse(await outputOf(stage, [...argv, stage.home, stage.guardianPath, "40"])) as Exhausted;
    expect(result.started).toBeGreaterThan(0);
    expect(new Set(result.refused)).toEqual(new Set(["spawn_failed EMFILE"]));
    expect(result.started + result.refused.length).toBe(40);
    expect(result.alive).toBe(result.started);
    expect(result.empty).toEqual(Array.from({ length: result.started }, () => true));
    expect(result.later).toBe("started");
  },
  { maxRounds: 10 },
);

faultCase("P18", "of 100 programs that end at once no exit is lost", (stage) => startMany(100, stage));

/** Ten thousand take half a minute, and ten times as long beside three others; a single look at the machine does not ask for them. */
if (Number(process.env["DECKHAND_FAULT_ROUNDS"] ?? 1) >= 20) {
  faultCase("P18", "of 10,000 programs that end at once no exit is lost", (stage) => startMany(10_000, stage), {
    maxRounds: 1,
    timeoutMs: 900_000,
  });
}

async function startMany(count: number, stage: Parameters<Parameters<typeof faultCase>[2]>[0]): Promise<void> {
  let left = count;
  const work = async () => {
    while (left > 0) {
      const code = left % 100;
      left -= 1;
      const { owned } = await begin(stage, code === 0 ? ["true"] : ["sh", "-c", `exit ${code}`]);
      expect(await owned.exited).toEqual({ code, signal: null });
    }
  };
  await Promise.all(Array.from({ length: 4 }, work));
  expect(stage.starts).toHaveLength(count);
  await stage.until("all to be forgotten", () => stage.keeper.list().length === 0);
}

faultCase(
  "P20",
  "a service that deletes its own folder and program is restarted with an error a person can read",
  async (stage) => {
    const folder = join(stage.root, "bin");
    mkdirSync(folder);
    copyFileSync("/bin/sh", join(folder, "shell"));
    chmodSync(join(folder, "shell"), 0o755);
    const play = environmentOn(stage, { speed: 50 });
    const service = play.start({ name: "web", argv: [join(folder, "shell"), "-c", "echo up; sleep 600; :"] });
    await stage.until("it to be up", () => stage.said("stdout").includes("up"));
    rmSync(folder, { recursive: true });
    process.kill(stage.starts[0]?.process.pid ?? 0, "SIGKILL");
    await stage.until("the failure", () => service().phase === "failed");
    expect(service().failure).toMatchObject({ code: "command_missing", next: expect.stringContaining("Install") });
    expect(service().failure?.message).toContain(join(folder, "shell"));
  },
);
