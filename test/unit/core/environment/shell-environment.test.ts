import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ShellEnvironment } from "../../../../electron/core/environment/shell-environment.ts";
import { systemClock } from "../../../../electron/core/lib/clock.ts";
import { silentLogger } from "../../../../electron/core/lib/logger.ts";
import { until } from "../../../support/until.ts";

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "deckhand-shell-"));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

function ask(more: Record<string, string> = {}, limitMs = 10_000): ShellEnvironment {
  return new ShellEnvironment({
    clock: systemClock,
    logger: silentLogger,
    limitMs,
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
  expect(variables["PATH"]?.split(":")).toEqual(
    expect.arrayContaining(["/usr/bin", "/usr/local/bin", join(home, ".local/bin")]),
  );
  const pid = Number(readFileSync(join(home, "pid"), "utf8"));
  await until("its end", 3_000, () => !isAlive(pid));
});

test("start files that end the shell are reported", async () => {
  writeFileSync(join(home, ".bash_profile"), "exit 3\n");
  const shell = ask();
  expect((await shell.variables())["OF_THE_HOST"]).toBe("yes");
  expect(shell.warning).toContain("ended with 3");
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
