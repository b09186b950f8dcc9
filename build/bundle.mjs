import { join } from "node:path";
import { build } from "vite";

const top = join(import.meta.dirname, "..");

/**
 * Bundles one TypeScript program of the checkout for Node and returns the path of the result, `out/<folder>/<name>.js`.
 *
 * @param {{ entry: string, folder: string, name: string }} options `entry` is relative to the checkout.
 */
export async function bundleForNode({ entry, folder, name }) {
  const outDir = join(top, "out", folder);
  await build({
    configFile: false,
    root: top,
    logLevel: "error",
    build: {
      ssr: join(top, entry),
      target: "node20",
      outDir,
      emptyOutDir: false,
      rollupOptions: { output: { format: "es", entryFileNames: `${name}.js` } },
    },
  });
  return join(outDir, `${name}.js`);
}
