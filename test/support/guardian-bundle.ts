/** Programs of ours as plain JavaScript, for tests that run them as processes of their own. Node 20 runs no TypeScript. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { build } from "vite";

const top = resolve(import.meta.dirname, "../..");

/** The guardian as the app ships it, in a folder of its own that `remove` deletes. */
export function bundleGuardian(): Promise<{ path: string; remove: () => Promise<void> }> {
  return bundleProgram(resolve(top, "electron/core/process/guardian.ts"));
}

/** One TypeScript program with everything it imports in one file. @param entry An absolute path. */
export async function bundleProgram(entry: string): Promise<{ path: string; remove: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), "deckhand-bundle-"));
  await build({
    root: top,
    configFile: false,
    logLevel: "error",
    ssr: { noExternal: true, target: "node" },
    build: {
      ssr: entry,
      target: "node20",
      outDir: folder,
      minify: false,
      rollupOptions: {
        // Native and never needed by what is bundled for tests.
        external: ["libsql"],
        output: { format: "es", entryFileNames: "program.mjs", codeSplitting: false },
      },
    },
  });
  return { path: join(folder, "program.mjs"), remove: () => rm(folder, { recursive: true, force: true }) };
}
