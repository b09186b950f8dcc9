/**
 * `npm run bench [-- NAME]`: each benchmark of test/bench (`NAME.bench.ts`), which prints one JSON line a figure. Those that
 * take an hour run only when they are named.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { buildIfStale } from "./build.mjs";
import { bundleForNode } from "./bundle.mjs";
import { runInForeground } from "./run.mjs";

const top = join(import.meta.dirname, "..");
const ending = ".bench.ts";
const all = readdirSync(join(top, "test", "bench"))
  .filter((file) => file.endsWith(ending))
  .map((file) => file.slice(0, -ending.length))
  .sort();
const [wanted] = process.argv.slice(2);
const long = new Set(["soak"]);
const names = wanted === undefined ? all.filter((name) => !long.has(name)) : all.filter((name) => name === wanted);

if (names.length === 0) {
  console.error(
    wanted === undefined ? "There are no benchmarks yet." : `No benchmark is called ${wanted}: ${all.join(", ")}.`,
  );
  process.exitCode = wanted === undefined ? 0 : 2;
} else {
  try {
    await buildIfStale(console.error);
    for (const name of names) {
      const program = await bundleForNode({ entry: `test/bench/${name}${ending}`, folder: "bench", name });
      process.exitCode = Math.max(
        process.exitCode ?? 0,
        await runInForeground(process.execPath, [program], { cwd: top }),
      );
    }
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
