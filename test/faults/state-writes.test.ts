/** S: a state file while the process, the disk or the folder fails. */
import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, expect, test } from "vitest";
import { faultCase } from "../support/fault-case.ts";
import type { Stage } from "../support/fault-stage.ts";
import {
  asNobody,
  begin,
  missing,
  noMounts,
  noNobody,
  outputOf,
  ownMounts,
  programs,
} from "../support/fault-programs.ts";
import { bundleProgram } from "../support/guardian-bundle.ts";
import { top } from "../support/world.ts";

let writer: Awaited<ReturnType<typeof bundleProgram>>;
beforeAll(async () => {
  writer = await bundleProgram(join(programs, "state-writer.ts"));
});
afterAll(() => writer.remove());

const before = JSON.stringify({ state: "old" });
const after = JSON.stringify({ state: "new" });

/** A program with an old state file, waiting for the word to write the new one; strace follows it from here on. */
async function aimAt(
  stage: Stage,
  inject: string,
): Promise<{ write: () => Promise<string>; file: string; folder: string }> {
  const folder = join(stage.home, inject.replaceAll(/[^a-z0-9]+/gi, "-"));
  mkdirSync(folder);
  const file = join(folder, "state.json");
  writeFileSync(file, before);
  const child = spawn(process.execPath, [writer.path, file], { stdio: ["pipe", "pipe", "inherit"] });
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  let said = "";
  child.stdout.on("data", (chunk: Buffer) => (said += chunk.toString()));
  await stage.until("the writer", () => said.includes("ready"));
  const [calls = ""] = inject.split(":");
  const tracer = spawn(
    "strace",
    ["-p", String(child.pid), "-e", `trace=${calls}`, "-e", `inject=${inject}`, "-o", join(stage.root, "trace")],
    {
      stdio: ["ignore", "ignore", "pipe"],
    },
  );
  const traced = new Promise<void>((resolve) => tracer.once("close", () => resolve()));
  let heard = "";
  tracer.stderr.on("data", (chunk: Buffer) => (heard += chunk.toString()));
  stage.defer(async () => {
    end(child);
    await ended;
    end(tracer);
    await traced;
  });
  await stage.until("strace", () => heard.includes("attached"));
  return {
    file,
    folder,
    async write() {
      said = "";
      child.stdin.write(`${after}\n`);
      const gone = () => child.signalCode !== null || child.exitCode !== null;
      await stage.until("the write, or the end of the writer", () => said.includes("\n") || gone());
      return said.trim() === "" ? `ended by ${child.signalCode}` : said.trim();
    },
  };
}

function end(child: ChildProcess): void {
  if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
}

const noStrace = missing(["strace", "-o", "/dev/null", "true"], "following system calls");
if (noStrace !== null) {
  test.skip(`S09 is not played: ${noStrace}`, () => undefined);
  test.skip(`S10 is played without injected errors: ${noStrace}`, () => undefined);
} else {
  for (const call of ["openat", "write", "fsync", "close", "rename"] as const) {
    for (const when of [1, 2]) {
      if (call === "rename" && when === 2) continue;
      faultCase(
        "S09",
        `killed at ${call} number ${when} of a state write: the old state or the new one is there`,
        async (stage) => {
          const { write, file } = await aimAt(stage, `${call}:signal=SIGKILL:when=${when}`);
          const outcome = await write();
          // A write may also be one of Node's own, to wake a thread.
          if (call !== "write") expect(outcome).toBe("ended by SIGKILL");
          // It was asked for, and the new state may be there, at the earliest from the rename on.
          if (outcome === "written") expect(readFileSync(file, "utf8")).toBe(after);
          expect([before, after]).toContain(readFileSync(file, "utf8"));
        },
        { maxRounds: 10 },
      );
    }
  }

  for (const [call, code] of [
    ["fsync", "ENOSPC"],
    ["fsync", "EIO"],
    ["rename", "ENOSPC"],
    ["rename", "EIO"],
  ] as const) {
    faultCase(
      "S10",
      `${code} at ${call}: told, the old state kept, nothing left behind, and the next write succeeds`,
      async (stage) => {
        const { write, file, folder } = await aimAt(stage, `${call}:error=${code}:when=1`);
        expect(await write()).toBe(code);
        expect(readFileSync(file, "utf8")).toBe(before);
        expect(readdirSync(folder)).toEqual(["state.json"]);
        expect(await write()).toBe("written");
        expect(readFileSync(file, "utf8")).toBe(after);
      },
      { maxRounds: 10 },
    );
  }
}

if (noMounts !== null) test.skip(`S10 is not played on a full disk: ${noMounts}`, () => undefined);
else {
  faultCase(
    "S10",
    "a full disk: told, the old state kept, and the next write succeeds when there is room",
    async (stage) => {
      const folder = join(stage.root, "small disk");
      mkdirSync(folder);
      const script = [
        'mount -t tmpfs -o size=64k none "$1" && cd "$1" || exit 9',
        "printf old > state.json; (head -c 100000 /dev/zero > fill) 2>/dev/null",
        // The program answers a line each: first on the full disk, then with room.
        'mkfifo ../in ../out; "$2" "$3" "$1/state.json" < ../in > ../out & exec 3> ../in 4< ../out; read ready <&4',
        'echo new >&3; read first <&4; echo "$first $(cat state.json) $(ls | wc -l)"',
        'rm fill; echo new >&3; read second <&4; echo "$second $(cat state.json)"; exec 3>&-; wait',
      ].join("\n");
      const argv = [...ownMounts, "sh", "-c", script, "sh", folder, process.execPath, writer.path];
      expect((await outputOf(stage, argv)).split("\n")).toEqual(["ENOSPC old 2", "written new"]);
    },
    { maxRounds: 10 },
  );
}

if (noNobody !== null) test.skip(`S11 is not played: ${noNobody}`, () => undefined);
else {
  faultCase(
    "S11",
    "a home that cannot be written: the host says so, with what to do, and leaves nothing",
    async (stage) => {
      chmodSync(stage.root, 0o755);
      const home = join(stage.root, "read only");
      mkdirSync(home, { mode: 0o555 });
      const host = [process.execPath, join(top, "out", "main", "headless.js"), "--home", home];
      const [file = "", ...args] = asNobody(host);
      const { exitCode, stderr } = await execa(file, args, { reject: false, timeout: 15_000, cwd: "/" });
      expect(exitCode, stderr).toBe(1);
      expect(stderr).toContain(home);
      expect(stderr).toMatch(/Check|Name another folder/);
      expect(readdirSync(home)).toEqual([]);
    },
    { maxRounds: 5 },
  );
}

faultCase("S11", "a folder of leases that cannot be used refuses a start, with what to do", async (stage) => {
  writeFileSync(join(stage.home, "leases"), "a file in its place");
  await expect(begin(stage, ["true"])).rejects.toMatchObject({
    code: "state_unwritable",
    next: expect.stringContaining("Check the home folder"),
  });
  expect(stage.keeper.list()).toEqual([]);
});
