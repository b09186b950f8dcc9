import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import { importBuildScript } from "../../support/build-script.ts";

const { runQuietly } = await importBuildScript<{
  runQuietly(command: string, args: readonly string[]): Promise<{ code: number; output: string }>;
}>("run.mjs");
const script = pathToFileURL(join(import.meta.dirname, "..", "..", "..", "build", "run.mjs")).href;

/** Runs a small program in the foreground of a Node of its own, as `npm start` does, and returns that Node. */
function inForeground(program: string) {
  const starter = `
    import { runInForeground } from ${JSON.stringify(script)};
    process.exitCode = await runInForeground(process.execPath, ["-e", ${JSON.stringify(program)}]);
  `;
  return spawn(process.execPath, ["--input-type=module", "-e", starter], { stdio: ["ignore", "pipe", "inherit"] });
}

describe("a program in the foreground", () => {
  it("gives its exit code on", async () => {
    expect(await once(inForeground("process.exit(7)"), "exit")).toEqual([7, null]);
  });

  it("is told of the signal that reaches its starter, and may end in its own way", async () => {
    const starter = inForeground(`
      process.on("SIGTERM", () => { console.log("asked"); setTimeout(() => process.exit(5), 50); });
      console.log("ready");
      setInterval(() => {}, 1000);
    `);
    let output = "";
    starter.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
    await once(starter.stdout, "data");
    starter.kill("SIGTERM");
    expect(await once(starter, "exit")).toEqual([5, null]);
    expect(output).toBe("ready\nasked\n");
  });

  it("makes its starter's exit code that of a shell when a signal ends it", async () => {
    expect(await once(inForeground(`process.kill(process.pid, "SIGKILL")`), "exit")).toEqual([137, null]);
  });
});

describe("a program in the background", () => {
  it("leaves both of its outputs and its exit code", async () => {
    const program = `console.log("out"); console.error("err"); process.exitCode = 3;`;
    const { code, output } = await runQuietly(process.execPath, ["-e", program]);
    expect([code, output.split("\n").sort()]).toEqual([3, ["", "err", "out"]]);
  });

  it("that does not exist is an error", async () => {
    await expect(runQuietly(join(import.meta.dirname, "missing"), [])).rejects.toThrow("ENOENT");
  });
});
