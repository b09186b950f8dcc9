/** Asks a binary for its version, and judges it. */
import { spawn } from "node:child_process";
import type { Clock } from "../lib/clock.ts";
import { withDeadline } from "../lib/deadline.ts";
import { AppError, errorText, systemCode } from "../lib/error.ts";

/**
 * The oldest version that is started. Before 1.0.216 any web page could drive a server (CVE-2026-22812); 1.1.0 is the first
 * minor version with that fix in all its builds. What we rely on was measured with 1.18.33.
 */
export const OLDEST_VERSION = "1.1.0";
/** Measured: 0.7 s. Ten times that and more, for a cold disk on a busy machine. */
const VERSION_MS = 10_000;
const OUTPUT_MAX = 4_096;

/**
 * Runs `BINARY --version`. Rejects with `opencode_not_executable` where it cannot be run, or answers with no version.
 *
 * @param env The environment it runs in.
 */
export async function askVersion(
  binary: string,
  env: Readonly<Record<string, string>>,
  clock: Clock,
  signal: AbortSignal | undefined,
): Promise<string> {
  const refuse = (reason: string, cause?: unknown) =>
    new AppError("opencode_not_executable", `${binary} --version ${reason}.`, {
      next: "Name a working OpenCode binary in the settings, or leave the setting empty to use the bundled one.",
      details: { path: binary },
      cause,
    });
  let output: { readonly code: number | null; readonly signal: string | null; readonly text: string };
  try {
    output = await withDeadline(clock, VERSION_MS, `${binary} --version`, signal, (ending) => run(binary, env, ending));
  } catch (error) {
    if (error instanceof AppError && error.code === "timeout") throw refuse("did not end within 10 s", error);
    const code = systemCode(error);
    if (code === "ENOENT")
      throw refuse("could not be run: the file, or the interpreter it names, does not exist", error);
    if (code === "EACCES") throw refuse("could not be run: permission denied", error);
    if (code !== null) throw refuse(`could not be run: ${errorText(error)}`, error);
    throw error;
  }
  const version = /^v?(\d+\.\d+\.\d+(?:[-+][0-9A-Za-z.+-]+)?)\s*$/m.exec(output.text)?.[1];
  if (output.code === 0 && version !== undefined) return version;
  const ended = output.signal === null ? `ended with code ${output.code}` : `was ended by ${output.signal}`;
  const said = output.text.trim().slice(0, 200);
  throw refuse(`${ended} and named no version${said === "" ? "" : `, but said: ${said}`}`);
}

/** Whether a version is at least the oldest one. Pre-releases count as their release. */
export function isRecentEnough(version: string, oldest: string = OLDEST_VERSION): boolean {
  const numbers = (text: string) => (text.split(/[-+]/)[0] ?? "").split(".").map(Number);
  const [have, need] = [numbers(version), numbers(oldest)];
  for (const [index, number] of need.entries()) {
    if ((have[index] ?? 0) !== number) return (have[index] ?? 0) > number;
  }
  return true;
}

function run(
  binary: string,
  env: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<{ code: number | null; signal: string | null; text: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(binary, ["--version"], {
      // Not the workspace: nothing of it shall have a say in what version this is.
      cwd: "/",
      env,
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    let text = "";
    const add = (chunk: string) => (text = (text + chunk).slice(0, OUTPUT_MAX));
    child.stdout.setEncoding("utf8").on("data", add);
    child.stderr.setEncoding("utf8").on("data", add);
    const kill = () => {
      // Its own group, and not reaped yet: the number cannot have gone to another process.
      if (child.pid !== undefined && child.exitCode === null && child.signalCode === null)
        process.kill(-child.pid, "SIGKILL");
      child.stdout.destroy();
      child.stderr.destroy();
    };
    signal.addEventListener("abort", kill, { once: true });
    child.once("error", reject);
    // "close" comes when its output is read; a grandchild that keeps the pipes open is left to the deadline.
    child.once("close", (code, ended) => {
      signal.removeEventListener("abort", kill);
      resolve({ code, signal: ended, text });
    });
  });
}
