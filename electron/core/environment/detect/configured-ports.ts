/** Ports that stand in files of a project: configuration and entry files are read as text, for they are code. */
import { parse } from "dotenv";
import type { ConfigFile } from "./dev-servers.ts";
import type { ProjectFiles } from "./project-files.ts";
import type { FoundPort } from "./script-ports.ts";
import { bareCommand, shellCommands } from "./shell-words.ts";

const endings = [".ts", ".js", ".mjs", ".mts", ".cjs", ".cts"];
/** A block of a configuration that is longer than this is not searched to its end. */
const MAX_BLOCK = 4_000;

/** The port that a configuration file in the folder sets, or null. */
export async function configuredPort(
  files: ProjectFiles,
  folder: string,
  { name, inside }: ConfigFile,
): Promise<number | null> {
  for (const ending of name.includes(".toml") || name.includes(".json") ? [""] : endings) {
    const file = await files.readText(within(folder, `${name}${ending}`));
    if (file.kind !== "text") continue;
    const text = withoutComments(file.text);
    const start = inside.startsWith("[") ? text.indexOf(inside) : blockStart(text, inside);
    if (start < 0) return null;
    const found = /\bport["']?\s*[:=]\s*(\d{2,5})\b/.exec(text.slice(start, start + MAX_BLOCK))?.[1];
    return found === undefined ? null : Number(found);
  }
  return null;
}

function blockStart(text: string, key: string): number {
  return new RegExp(`${key.startsWith('"') ? key : `\\b${key}`}["']?\\s*[:=]\\s*\\{`).exec(text)?.index ?? -1;
}

/** Lines that are comments say what somebody did not want. */
function withoutComments(text: string): string {
  return text
    .split("\n")
    .filter((line) => !/^\s*(?:\/\/|#|\*)/.test(line))
    .join("\n");
}

/** The value of a variable in the folder's `.env`, or in the project's. */
export async function dotenvPort(files: ProjectFiles, folder: string, variable: string): Promise<number | null> {
  for (const path of new Set([within(folder, ".env"), ".env"])) {
    const file = await files.readText(path);
    const value = file.kind === "text" ? new Map(Object.entries(parse(file.text))).get(variable) : undefined;
    if (value !== undefined && /^\d{2,5}$/.test(value) && Number(value) <= 65_535) return Number(value);
  }
  return null;
}

const interpreters = /^(?:node|tsx|ts-node|ts-node-dev|nodemon|bun|deno|swc-node|esno|jiti)$/;

/** The file that a text hands to an interpreter last: `tsx watch src/index.ts`; `nest start` means src/main.ts. */
export function entryOf(text: string): string | null {
  for (const { words } of [...(shellCommands(text) ?? [])].reverse()) {
    const bare = bareCommand(words).words;
    if (bare[0] === "nest" && bare[1] === "start") return "src/main.ts";
    if (!interpreters.test(bare[0] ?? "")) continue;
    const file = bare.slice(1).find((word) => !word.startsWith("-") && /^[\w@./-]+\.[cm]?[jt]sx?$/.test(word));
    if (file !== undefined) return file;
  }
  return null;
}

/**
 * The port that an entry file gives to the server it starts. Only what is unmistakable counts: a wrong port would be waited
 * for in vain.
 */
export async function entryPort(files: ProjectFiles, folder: string, text: string): Promise<FoundPort | null> {
  const entry = entryOf(text);
  if (entry === null) return null;
  const file = await files.readText(within(folder, entry));
  if (file.kind !== "text") return null;
  const code = withoutComments(file.text);
  const serves = /\blisten\s*\(|\bserve\s*\(|\bcreateServer\s*\(/.test(code);
  const bunExport = /\bexport\s+default\b/.test(code) && /^\s*bun\b|\bbun\s/.test(text);
  if (!serves && !bunExport) return null;
  const [, variable, fallback] =
    /\benv(?:\.|\[["'`])([A-Z][A-Z0-9_]{0,40}PORT|PORT)\b["'`\]]{0,2}(?:[^;\n]{0,60}?(?:\|\||\?\?|\s:|,)\s*["'`]?(\d{2,5})\b)?/.exec(
      code,
    ) ?? [];
  if (variable !== undefined) {
    const own = await dotenvPort(files, folder, variable);
    return { port: own ?? (fallback === undefined ? 3_000 : Number(fallback)), env: variable, assumed: false };
  }
  const literal = /\blisten\s*\(\s*(?:\{\s*port\s*:\s*)?(\d{2,5})\b/.exec(code)?.[1] ?? servedPort(code);
  if (literal !== undefined) return { port: Number(literal), env: null, assumed: false };
  // What Bun serves by itself, or `Bun.serve` without a port, is on 3000 unless PORT says otherwise.
  return bunExport ? { port: 3_000, env: "PORT", assumed: false } : null;
}

function servedPort(code: string): string | undefined {
  const start = /\bserve\s*\(|\bexport\s+default\s*\{/.exec(code)?.index;
  if (start === undefined) return undefined;
  return /\bport\s*:\s*(\d{2,5})\b/.exec(code.slice(start, start + MAX_BLOCK))?.[1];
}

function within(folder: string, path: string): string {
  return folder === "" ? path : `${folder}/${path}`;
}
