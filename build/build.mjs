/** `npm run build`, and the part of `npm start` and `npm test` that builds what is stale. */
import { chmodSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { runQuietly } from "./run.mjs";
import { markBuilt, staleReason } from "./stale.mjs";

const top = join(import.meta.dirname, "..");

/**
 * Builds everything. Prints nothing when it goes well; throws with the tool's whole output when it does not.
 */
export async function build() {
  const startedAt = Date.now();
  rmSync(join(top, "out", ".built"), { force: true });
  const tool = join(top, "node_modules", "electron-vite", "bin", "electron-vite.js");
  const config = join(top, "build", "electron.vite.config.ts");
  const { code, output } = await runQuietly(process.execPath, [tool, "build", "-c", config], {
    cwd: top,
    env: { ...process.env, NODE_ENV: "production" },
  });
  if (code !== 0) throw new Error(`The build failed.\n${output}`);
  // `npx deckhand` runs it as a program.
  chmodSync(join(top, "out", "main", "cli.js"), 0o755);
  markBuilt(top, startedAt);
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
