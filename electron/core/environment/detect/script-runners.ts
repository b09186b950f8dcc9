/**
 * Commands that run one script in many packages: `turbo run dev`, `nx run-many -t serve`, `lerna run dev`, `pnpm -r dev`.
 * They are not taken apart: they know an order, filters and caches that only they know. What they run is known, though, so
 * that its ports are seen and nothing of it is started a second time.
 */
import { globExpression } from "./glob.ts";
import type { PackageJson } from "./package-json.ts";
import { scriptKey, type ScriptBook } from "./script-book.ts";
import { bareCommand } from "./shell-words.ts";

const filterOptions = new Set([
  "--filter",
  "-F",
  "--scope",
  "--projects",
  "-p",
  "-w",
  "--workspace",
  "--include",
  "--from",
]);
const targetOptions = new Set(["-t", "--target", "--targets"]);
/** Further options that are followed by a value. */
const valueOptions = new Set([
  "--concurrency",
  "--ui",
  "--log-order",
  "--output-logs",
  "-c",
  "--configuration",
  "-j",
  "--jobs",
]);
const verbs = new Set(["run", "run-script", "watch", "run-many", "workspaces", "foreach", "exec"]);

/** The keys of the scripts that such a command runs; null where it is no such command. */
export function workspaceRuns(words: readonly string[], book: ScriptBook): readonly string[] | null {
  const [program = "", ...rest] = bareCommand(words).words;
  const filters: string[] = [];
  const targets: string[] = [];
  const plain: string[] = [];
  let everywhere = program === "turbo" || program === "nx" || program === "lerna";
  if (!everywhere && !/^(?:npm|pnpm|yarn|bun)$/.test(program)) return null;
  for (let index = 0; index < rest.length; index += 1) {
    const word = rest[index] ?? "";
    const equals = word.startsWith("--") ? word.indexOf("=") : -1;
    const option = equals < 0 ? word : word.slice(0, equals);
    const value = () => (equals < 0 ? (rest[(index += 1)] ?? "") : word.slice(equals + 1));
    // yarn's `-p` is "parallel"; it takes no value.
    if (filterOptions.has(option) && !(program === "yarn" && option === "-p")) filters.push(...value().split(","));
    else if (targetOptions.has(option) && program === "nx") targets.push(...value().split(","));
    else if (valueOptions.has(option)) value();
    else if (["-r", "--recursive", "--workspaces", "-ws"].includes(word) || verbs.has(word)) {
      if (word !== "run" && word !== "run-script" && word !== "exec") everywhere = true;
      if (word === "--") break;
    } else if (word === "--") break;
    else if (!word.startsWith("-")) plain.push(word);
  }
  if (!everywhere && filters.length === 0) return null;
  if (program === "nx" && targets.length === 0) {
    // `nx serve shop`, `nx run shop:serve`.
    const [first = "", second] = plain;
    const [project, target] = first.split(":");
    if (target !== undefined) [filters, targets].forEach((list, at) => list.push((at === 0 ? project : target) ?? ""));
    else {
      targets.push(first);
      if (second !== undefined) filters.push(second);
    }
  } else if (targets.length === 0) {
    targets.push(...(program === "turbo" ? plain : plain.slice(0, 1)));
  }
  const packages = book.packages.filter((one) => isChosen(one, filters));
  return packages.flatMap((one) =>
    targets.filter((target) => one.scripts.has(target)).map((target) => scriptKey(one.folder, target)),
  );
}

function isChosen(one: PackageJson, filters: readonly string[]): boolean {
  const wanted = filters.filter((filter) => !filter.startsWith("!"));
  const unwanted = filters.filter((filter) => filter.startsWith("!"));
  return (
    (wanted.length === 0 || wanted.some((filter) => matches(one, filter))) &&
    !unwanted.some((filter) => matches(one, filter.slice(1)))
  );
}

/** A filter is a name, a folder or a glob of either; `...` around it adds what depends on it, which is not followed. */
function matches({ name, folder }: PackageJson, filter: string): boolean {
  const bare = filter.replace(/^\.\.\.\^?|\^?\.\.\.$/g, "").replace(/^\{(.*)\}$/, "$1");
  const expression = globExpression(bare);
  const last = folder.split("/").at(-1) ?? "";
  return [folder, last, name ?? ""].some((text) => text !== "" && text.length <= 256 && expression.test(text));
}
