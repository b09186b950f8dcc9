/** Opens the app: the desktop where that is possible, else the same app in a browser, with one line that says why. */
import { join } from "node:path";
import { findRuntime, sandboxTrouble } from "./electron-runtime.mjs";
import { hasDisplay, sandboxSwitches } from "./machine.mjs";
import { runInForeground } from "./run.mjs";

const top = join(import.meta.dirname, "..");

/**
 * @param {{ args: readonly string[], env: Record<string, string | undefined> }} options `args`: `[--home DIR] [DIR]`.
 * @returns {Promise<number>} The app's exit code.
 */
export async function openApp({ args, env }) {
  const runtime = hasDisplay(env)
    ? await findRuntime({ top, env, say })
    : { reason: "there is no display (neither DISPLAY nor WAYLAND_DISPLAY is set)" };
  // The app is Electron itself, not Node within Electron, whatever the terminal we were started from has set.
  const { ELECTRON_RUN_AS_NODE: _node, ...clean } = env;
  const trouble = "program" in runtime ? sandboxTrouble(runtime) : runtime.reason;
  if (trouble === null) {
    return runInForeground(runtime.program, [...sandboxSwitches(), top, ...args], { env: clean });
  }
  say(`Opening in a browser instead of a window: ${trouble}.`);
  return runInForeground(process.execPath, [join(top, "out", "main", "headless.js"), "--open", ...args], {
    env: clean,
  });
}

/** On stderr: what the app prints on stdout (the address of the page) stays machine-readable. */
export function say(line) {
  console.error(line);
}
