import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { join } from "node:path";

/** The program itself, to be run as `opencode`. */
export const fakeOpencode2 = join(import.meta.dirname, "fake-opencode-2.mjs");

export interface Fake2Options {
  /** See the program's head. */
  readonly fake?: object;
  readonly password?: string;
  readonly arguments?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export interface StartedFake2 {
  readonly child: ChildProcess;
  /** Its lines on stdout so far. */
  readonly lines: readonly string[];
  /** Ends it and waits for that. */
  end(signal?: NodeJS.Signals): Promise<void>;
}

/** Starts it; resolves with its first line there. */
export async function startFake2(options: Fake2Options = {}): Promise<StartedFake2> {
  const child = spawn(process.execPath, [fakeOpencode2, "serve", ...(options.arguments ?? [])], {
    env: {
      PATH: process.env["PATH"] ?? "",
      OPENCODE_FAKE: JSON.stringify(options.fake ?? {}),
      ...(options.password === undefined ? {} : { OPENCODE_SERVER_PASSWORD: options.password }),
      ...options.env,
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const lines: string[] = [];
  const reader = createInterface({ input: child.stdout });
  await new Promise<void>((resolve, reject) => {
    reader.on("line", (line) => {
      lines.push(line);
      resolve();
    });
    void exited.then(() => reject(new Error("it ended before its first line")));
  });
  return {
    child,
    lines,
    async end(signal = "SIGKILL") {
      child.kill(signal);
      await exited;
    },
  };
}
