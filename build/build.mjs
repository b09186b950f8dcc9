/** `npm run build`, and the part of `npm start` and `npm test` that builds what is stale. */
import { chmodSync, existsSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { runQuietly } from "./run.mjs";
import { markBuilt, staleReason } from "./stale.mjs";

const top = join(import.meta.dirname, "..");

/**
 * Builds everything. Prints nothing when it goes well; throws with the tool's whole output when it does not. The old result
 * stays in place until the new one is complete, so that an app that runs from it, or another build, is not disturbed.
 */
export async function build() {
  const startedAt = Date.now();
  const out = join(top, "out");
  const next = join(out, `.next-${process.pid}`);
  const tool = join(top, "node_modules", "electron-vite", "bin", "electron-vite.js");
  const config = join(top, "build", "electron.vite.config.ts");
  try {
    const { code, output } = await runQuietly(process.execPath, [tool, "build", "-c", config], {
      cwd: top,
      env: { ...process.env, NODE_ENV: "production", DECKHAND_OUT: next },
    });
    if (code !== 0) throw new Error(`The build failed.\n${output}`);
    // `npx deckhand` runs it as a program.
    chmodSync(join(next, "main", "cli.js"), 0o755);
    for (const part of ["main", "preload", "renderer"]) replaceFolder(join(out, part), join(next, part));
    markBuilt(top, startedAt);
  } finally {
    rmSync(next, { recursive: true, force: true });
  }
}

/** A folder cannot be renamed onto a full one: the old one is moved aside first, into what is removed at the end. */
function replaceFolder(folder, replacement) {
  if (existsSync(folder)) renameSync(folder, `${replacement}.old`);
  renameSync(replacement, folder);
}

/** Builds when the sources are newer than out/, and says so. */
export async function buildIfStale(say) {
  const reason = staleReason(top);
  if (reason === null) return;
  say(`building (${reason}) …`);
  await build();
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  try {
    await build();
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
