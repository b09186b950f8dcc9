/**
 * Programs that fetch secrets and run a command with them: `doppler run -- next dev`. They stay in front of what they wrap;
 * only to recognise what runs are they looked through.
 */
import type { ProjectFiles } from "./project-files.ts";

/** Wrappers that take their command after `--`, and the word that must follow the program; empty: none. */
const wrappers: ReadonlyMap<string, string> = new Map([
  ["doppler", "run"],
  ["op", "run"],
  ["infisical", "run"],
  ["dotenvx", "run"],
  ["varlock", "run"],
  ["teller", "run"],
  ["phase", "run"],
  ["chamber", "exec"],
  ["aws-vault", "exec"],
  ["dotenv", ""],
  ["env-cmd", ""],
]);
/** Those that are installed with the project rather than with the machine. */
const installed = new Set(["dotenv", "env-cmd", "dotenvx", "varlock"]);
/** What may stand in front of a wrapper. */
const leaders = new Set(["npx", "bunx"]);

/** How many words the wrapper at `index` takes, its `--` included; 0 where none stands there. */
export function wrapperLength(words: readonly string[], index = 0): number {
  let place = index;
  if (leaders.has(words[place] ?? "")) place += 1;
  else if (words[place + 1] === "exec" && /^(?:pnpm|yarn|npm)$/.test(words[place] ?? "")) place += 2;
  const verb = wrappers.get(words[place] ?? "");
  if (verb === undefined || (verb !== "" && words[place + 1] !== verb)) return 0;
  const end = words.indexOf("--", place);
  if (end >= 0) return end + 1 - index;
  // env-cmd needs no `--`: its options take one value each.
  if (words[place] !== "env-cmd") return 0;
  let after = place + 1;
  while (words[after]?.startsWith("-") === true) after += 2;
  return after - index;
}

/** Whether the program of a wrapper has to be looked for among the packages of the project. */
export function isInstalledWrapper(wrapper: readonly string[]): boolean {
  return installed.has(wrapper[0] ?? "");
}

/** Whether a wrapper means the same in another folder: one that reads a file beside it does not. */
export function isMovableWrapper(wrapper: readonly string[]): boolean {
  return (
    /^(?:doppler|op|infisical)$/.test(wrapper[0] ?? "doppler") && !wrapper.some((word) => /[./]|^-[ef]$/.test(word))
  );
}

/** Files that say that a project's commands are meant to be run through a wrapper, and the wrapper. */
const declared: readonly (readonly [string, readonly string[]])[] = [
  ["doppler.yaml", ["doppler", "run", "--"]],
  ["doppler.yml", ["doppler", "run", "--"]],
  [".infisical.json", ["infisical", "run", "--"]],
];

/** The wrapper that a file of the project's folder asks for, or none. */
export async function declaredWrapper(
  files: ProjectFiles,
): Promise<{ file: string; wrapper: readonly string[] } | null> {
  for (const [file, wrapper] of declared) if (await files.exists(file)) return { file, wrapper };
  return null;
}
