/** The ports of a script: from its text, from the scripts it runs, and from the files that those name or imply. */
import type { ServicePort } from "#shared/schema/service.ts";
import { configuredPort, dotenvPort, entryPort } from "./configured-ports.ts";
import { passedOn } from "./package-manager.ts";
import type { ProjectFiles } from "./project-files.ts";
import { keyParts, type ScriptBook } from "./script-book.ts";
import { mentionedScripts } from "./script-parts.ts";
import { configFilesOf, portOf, readsDotenv, type FoundPort } from "./script-ports.ts";
import { scriptReference } from "./script-reference.ts";
import { workspaceRuns } from "./script-runners.ts";
import { bareCommand, shellCommands } from "./shell-words.ts";

export interface ScriptPorts {
  /** An `option` of one of them is as it would stand behind the text of the script. */
  readonly ports: readonly ServicePort[];
  /** The first is a framework's default, not written in the project. */
  readonly assumed: boolean;
}

/** Scripts looked through for one service. */
const MAX_VISITS = 200;

/** The ports that running a script opens, as far as files tell. The first is the one that is probed. */
export async function portsOfScript(key: string, book: ScriptBook, files: ProjectFiles): Promise<ScriptPorts> {
  const found: { readonly folder: string; readonly port: FoundPort }[] = [];
  const seen = new Set<string>();
  let throughRunner = false;
  /** `handedOn`: what an option behind the text of the script becomes on its way to `one`; null: it does not get there. */
  const visit = async (one: string, handedOn: ((option: string) => string) | null): Promise<void> => {
    if (seen.has(one) || seen.size >= MAX_VISITS) return;
    seen.add(one);
    const text = book.texts.get(one) ?? "";
    const { folder } = keyParts(one);
    const own = await portOfText(text, folder, files);
    if (own !== null) {
      const { option, ...port } = own;
      found.push({
        folder,
        port: option === undefined || handedOn === null ? port : { ...port, option: handedOn(option) },
      });
      return;
    }
    const last = lastReference(text, folder, book);
    for (const inner of mentionedScripts(one, book)) {
      const isLast = last !== null && handedOn !== null && inner === last.key;
      await visit(inner, isLast ? (option) => handedOn(passedOn(last.runner, option)) : null);
    }
    for (const { words } of shellCommands(text) ?? []) {
      const inner = workspaceRuns(words, book) ?? [];
      if (inner.length > 0) throughRunner = true;
      for (const other of inner) await visit(other, null);
    }
  };
  await visit(key, (option) => option);
  const ports: ServicePort[] = [];
  for (const { folder, port } of found) {
    // Two servers of one kind: the second takes another port than its default, and which one is not known.
    if (ports.some((taken) => taken.port === port.port)) continue;
    const several = found.length > 1;
    const name = several ? (folder.split("/").at(-1) ?? "") || "http" : "http";
    const shared = found.filter((other) => other.port.env === port.env).length > 1;
    // One PORT for several servers would send them all to the same place, and turbo keeps it from them anyway.
    const env = shared || throughRunner ? null : port.env;
    // Of several servers only the last would hear of an option.
    const option = several || throughRunner ? undefined : port.option;
    ports.push({ name, port: port.port, env, ...(option === undefined ? {} : { option }) });
  }
  return { ports, assumed: found[0]?.port.assumed ?? false };
}

/** The script that the last command of a text runs, and with what; null: it runs none, or none that options could be handed to. */
export function lastReference(
  text: string,
  folder: string,
  book: ScriptBook,
): { readonly key: string; readonly runner: string } | null {
  const commands = shellCommands(text) ?? [];
  const last = commands.at(-1);
  // After a `cd` the same words mean another script.
  if (last === undefined || last.operator !== "" || commands.some(({ words }) => words[0] === "cd")) return null;
  const { words } = bareCommand(last.words);
  const key = scriptReference(words, book, folder);
  const [runner = ""] = words;
  // `bun --filter` runs the script in many places.
  return key === null || (runner === "bun" && words.some((word) => /^(?:-F|--filter)/.test(word)))
    ? null
    : { key, runner };
}

async function portOfText(text: string, folder: string, files: ProjectFiles): Promise<FoundPort | null> {
  let configured: number | null = null;
  for (const config of configFilesOf(text)) {
    configured = await configuredPort(files, folder, config);
    if (configured !== null) break;
  }
  const stated = portOf(text, configured);
  if (stated === null) return entryPort(files, folder, text);
  if (stated.env === null || !readsDotenv(text)) return stated;
  const own = await dotenvPort(files, folder, stated.env);
  return own === null ? stated : { ...stated, port: own };
}
