import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Failure } from "#shared/failure.ts";
import { ShellEnvironment } from "../../../../electron/core/environment/shell-environment.ts";
import { systemClock } from "../../../../electron/core/lib/clock.ts";
import { silentLogger } from "../../../../electron/core/lib/logger.ts";
import { until } from "../../../support/until.ts";

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "deckhand-shell-"));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

function ask(
  more: Record<string, string> = {},
  limitMs = 10_000,
  onTrouble: (failure: Failure) => void = () => undefined,
): ShellEnvironment {
  return new ShellEnvironment({
    clock: systemClock,
    logger: silentLogger,
    limitMs,
    onTrouble,
    processEnvironment: { HOME: home, SHELL: "/bin/bash", PATH: "/usr/bin:/bin", OF_THE_HOST: "yes", ...more },
  });
}

test("what the start files set is there, over what the host has, and their chatter is not", async () => {
  writeFileSync(
    join(home, ".bash_profile"),
    `echo hello; export PATH="$HOME/tools:$PATH"\nexport TWO_LINES=$'a\\nb=c'\necho bye\n`,
  );
  const shell = ask();
  const variables = await shell.variables();
  expect(variables["PATH"]?.startsWith(`${home}/tools:`)).toBe(true);
  expect(variables["TWO_LINES"]).toBe("a\nb=c");
  expect(variables["OF_THE_HOST"]).toBe("yes");
  expect(variables).not.toHaveProperty("SHLVL");
  expect(shell.warning).toBeNull();
});

test("the shell is asked once, however many want to know", async () => {
  writeFileSync(join(home, ".bash_profile"), `echo asked >> "$HOME/count"\n`);
  const shell = ask();
  await Promise.all([shell.variables(), shell.variables(), shell.variables()]);
  await shell.variables();
  expect(readFileSync(join(home, "count"), "utf8")).toBe("asked\n");
});

test("start files that hang are given up, and so is what they started", async () => {
  writeFileSync(join(home, ".bash_profile"), `sleep 300 &\necho $! > "$HOME/pid"\nsleep 300\n`);
  const shell = ask({}, 1_500);
  const variables = await shell.variables();
  expect(shell.warning).toContain("Waited 2 s");
  expect(variables["PATH"]?.split(":")).toEqual(expect.arrayContaining(["/usr/bin", "/usr/local/bin"]));
  const pid = Number(readFileSync(join(home, "pid"), "utf8"));
  await until("its end", 3_000, () => !isAlive(pid));
});

test("without a shell, what version managers installed is found by looking, nvm's default version too", async () => {
  const folders = [
    ".local/share/mise/shims",
    ".asdf/shims",
    ".volta/bin",
    ".nvm/alias/lts",
    ...["v18.20.1", "v20.9.0", "v20.19.4", "v22.1.0"].map((version) => `.nvm/versions/node/${version}/bin`),
  ];
  for (const folder of folders) mkdirSync(join(home, folder), { recursive: true });
  writeFileSync(join(home, ".bash_profile"), "exit 3\n");
  const nvm = async (alias: string | null) => {
    if (alias === null) rmSync(join(home, ".nvm/alias/default"), { force: true });
    else writeFileSync(join(home, ".nvm/alias/default"), `${alias}\n`);
    const path = (await ask().variables())["PATH"]?.split(":") ?? [];
    expect(path).toEqual(expect.arrayContaining(folders.slice(0, 3).map((folder) => join(home, folder))));
    return path.find((folder) => folder.includes("/.nvm/"))?.slice(`${home}/.nvm/versions/node/`.length);
  };
  writeFileSync(join(home, ".nvm/alias/lts/iron"), "v20.9.0");
  expect(await nvm("20")).toBe("v20.19.4/bin");
  expect(await nvm("v18.20.1")).toBe("v18.20.1/bin");
  expect(await nvm("lts/iron")).toBe("v20.9.0/bin");
  for (const newest of ["node", "../../../etc/passwd", "99", null]) expect(await nvm(newest)).toBe("v22.1.0/bin");
});

test("slow start files are told, and waited for", async () => {
  writeFileSync(join(home, ".bash_profile"), "sleep 2.2; export FOUND=1\n");
  const told: string[] = [];
  const shell = ask({}, 10_000, (failure) => told.push(failure.message));
  expect((await shell.variables())["FOUND"]).toBe("1");
  expect(told).toEqual([expect.stringContaining("took 2 s")]);
  expect(shell.warning).toBeNull();
});

test("start files that end the shell are reported", async () => {
  writeFileSync(join(home, ".bash_profile"), "exit 3\n");
  const told: string[] = [];
  const shell = ask({}, 10_000, (failure) => told.push(failure.message));
  expect((await shell.variables())["OF_THE_HOST"]).toBe("yes");
  expect(shell.warning).toContain("ended with 3");
  expect(told).toEqual([shell.warning]);
});

test("a shell that is none of the known ones, or not there, is not run", async () => {
  const trap = join(home, "evil-shell");
  writeFileSync(trap, `#!/bin/sh\ntouch "${home}/ran"\n`);
  chmodSync(trap, 0o755);
  for (const SHELL of [trap, "relative/bash", "/nowhere/zsh", ""]) {
    const shell = ask({ SHELL });
    expect((await shell.variables())["PATH"]).toContain("/usr/bin");
    expect(shell.warning).toBeNull();
  }
  expect(() => readFileSync(join(home, "ran"))).toThrow("ENOENT");
});

test("a background program that keeps the pipe open does not keep us", async () => {
  writeFileSync(join(home, ".bash_profile"), `sleep 20 &\necho $! > "$HOME/pid"\n`);
  const before = performance.now();
  const shell = ask();
  await shell.variables();
  expect(shell.warning).toBeNull();
  expect(performance.now() - before).toBeLessThan(8_000);
  process.kill(Number(readFileSync(join(home, "pid"), "utf8")), "SIGKILL");
});

/** Alive and not merely waiting to be reaped by whoever is its parent now. */
function isAlive(pid: number): boolean {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}
