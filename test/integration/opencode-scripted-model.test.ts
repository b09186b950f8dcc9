import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { resolve } from "node:path";
import { expect, it } from "vitest";
import { bundleProgram } from "../support/guardian-bundle.ts";

it("the scripted model runs by itself and ends with whoever started it", async () => {
  const program = await bundleProgram(resolve(import.meta.dirname, "../fakes/scripted-model/main.ts"));
  try {
    const child = spawn(process.execPath, [program.path, "--until-stdin-ends"], { stdio: ["pipe", "pipe", "inherit"] });
    const exited = new Promise((done) => child.once("exit", (code, signal) => done({ code, signal })));
    const [line] = await new Promise<string[]>((done) =>
      createInterface(child.stdout).once("line", (text) => done([text])),
    );
    const { url, config } = JSON.parse(line ?? "") as { url: string; config: { model: string } };
    expect(config.model).toBe("scripted/m1");
    expect((await fetch(`${url}/v1/models`)).status).toBe(200);
    child.stdin.end();
    expect(await exited).toEqual({ code: 0, signal: null });
  } finally {
    await program.remove();
  }
});
