/** `npm run faults -- --rounds N [FILTER…]`: the fault suite, every case N times (default 20). */
import { join } from "node:path";
import { buildIfStale } from "./build.mjs";
import { runInForeground } from "./run.mjs";

const top = join(import.meta.dirname, "..");
const args = process.argv.slice(2);
const at = args.indexOf("--rounds");
const rounds = at === -1 ? 20 : Number(args[at + 1]);
const filters = at === -1 ? args : args.toSpliced(at, 2);

if (!Number.isInteger(rounds) || rounds < 1) {
  console.error("--rounds wants a whole number from 1 up.");
  process.exitCode = 2;
} else {
  try {
    await buildIfStale(console.error);
    const vitest = join(top, "node_modules", "vitest", "vitest.mjs");
    const project = ["run", "-c", join("build", "vitest.config.ts"), "--project", "faults", "--testTimeout", "0"];
    const env = { ...process.env, DECKHAND_FAULT_ROUNDS: String(rounds) };
    process.exitCode = await runInForeground(process.execPath, [vitest, ...project, ...filters], { cwd: top, env });
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
