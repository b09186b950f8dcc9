/**
 * `npm run package [-- --dir] [electron-builder's own options]`: an installer for this platform, or with `--dir` the app as a
 * plain folder. With ELECTRON_OVERRIDE_DIST_PATH that runtime is packaged instead of a downloaded one.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { buildIfStale } from "./build.mjs";
import { runInForeground } from "./run.mjs";

const top = join(import.meta.dirname, "..");

/** electron-builder has to know the version of a runtime that it did not choose itself. */
function ownRuntime(folder) {
  if (!folder) return [];
  const file = join(folder, "version");
  const version = existsSync(file) ? readFileSync(file, "utf8").trim().replace(/^v/, "") : null;
  return [`-c.electronDist=${folder}`, ...(version === null ? [] : [`-c.electronVersion=${version}`])];
}

try {
  await buildIfStale(console.error);
  const builder = join(top, "node_modules", "electron-builder", "cli.js");
  const options = ["-c", join("build", "electron-builder.yml"), "--publish", "never"];
  const runtime = ownRuntime(process.env["ELECTRON_OVERRIDE_DIST_PATH"]);
  process.exitCode = await runInForeground(
    process.execPath,
    [builder, ...options, ...runtime, ...process.argv.slice(2)],
    { cwd: top },
  );
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
