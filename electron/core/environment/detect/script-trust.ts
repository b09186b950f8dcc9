/** What the trust prompt shows of a script: every line that would run, hooks and the scripts it runs included. */
import { keyParts, scriptKey, type ScriptBook } from "./script-book.ts";
import { mentionedScripts } from "./script-parts.ts";
import { workspaceRuns } from "./script-runners.ts";
import { shellCommands } from "./shell-words.ts";

const MAX_DEPTH = 8;
/** Lines shown of one script; whoever reads more reads the file. */
const MAX_LINES = 500;

/** The command line, and below it the text of everything it runs. */
export function trustDetail(line: string, key: string, book: ScriptBook): string {
  const lines = [line];
  const seen = new Set<string>();
  const visited = new Set<string>();
  const visit = (one: string, depth: number) => {
    if (visited.has(one) || lines.length > MAX_LINES) return;
    visited.add(one);
    const { folder, name } = keyParts(one);
    for (const hook of [`pre${name}`, name, `post${name}`].map((text) => scriptKey(folder, text))) {
      const command = book.texts.get(hook);
      if (command === undefined || seen.has(hook) || lines.length > MAX_LINES) continue;
      seen.add(hook);
      lines.push(`${folder === "" ? "" : `${folder} `}${keyParts(hook).name}: ${command}`);
      if (depth >= MAX_DEPTH) continue;
      const runs = (shellCommands(command) ?? []).flatMap(({ words }) => workspaceRuns(words, book) ?? []);
      for (const inner of [...mentionedScripts(hook, book), ...runs]) visit(inner, depth + 1);
    }
  };
  visit(key, 0);
  return lines.join("\n");
}
