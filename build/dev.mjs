/** `npm run dev`: the app with hot reload. Only for a machine with an Electron runtime and a display. */
import { join } from "node:path";
import { findRuntime } from "./electron-runtime.mjs";
import { sandboxSwitches } from "./machine.mjs";
import { runInForeground } from "./run.mjs";

const top = join(import.meta.dirname, "..");
const runtime = await findRuntime({ top, env: process.env, say: console.error });
if ("reason" in runtime) {
  console.error(`Hot reload needs a window: ${runtime.reason}.`);
  process.exitCode = 1;
} else {
  const tool = join(top, "node_modules", "electron-vite", "bin", "electron-vite.js");
  const switches = sandboxSwitches().length > 0 ? ["--noSandbox"] : [];
  process.exitCode = await runInForeground(
    process.execPath,
    [tool, "dev", "-c", join("build", "electron.vite.config.ts"), ...switches],
    { cwd: top, env: { ...process.env, ELECTRON_EXEC_PATH: runtime.program } },
  );
}
