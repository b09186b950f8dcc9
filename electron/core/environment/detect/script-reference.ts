/** The script that `npm run NAME` and its relatives mean, in this package or another one of the project. */
import { scriptKey, type ScriptBook } from "./script-book.ts";

/** Options that choose another package, by folder or by name, for each package manager. */
const placeOptions: ReadonlyMap<string, ReadonlyMap<string, "folder" | "package">> = new Map([
  [
    "npm",
    new Map([
      ["--prefix", "folder"],
      ["-C", "folder"],
      ["-w", "package"],
      ["--workspace", "package"],
    ]),
  ],
  [
    "pnpm",
    new Map([
      ["-C", "folder"],
      ["--dir", "folder"],
      ["-F", "package"],
      ["--filter", "package"],
    ]),
  ],
  ["yarn", new Map([["--cwd", "folder"]])],
  [
    "bun",
    new Map([
      ["--cwd", "folder"],
      ["-F", "package"],
      ["--filter", "package"],
    ]),
  ],
]);
const quiet = new Set(["--silent", "-s", "--quiet", "-q", "--if-present"]);

/** The key of the script that a command runs; null where arguments change its meaning, or it is no script of the project. */
export function scriptReference(words: readonly string[], book: ScriptBook, folder: string): string | null {
  const [program = "", ...rest] = words;
  if (program === "node" && rest[0] === "--run" && rest.length === 2) return known(rest[1], book, folder);
  const options = placeOptions.get(program);
  if (options === undefined) return null;
  let place: string | null = folder;
  let plain: string[] = [];
  for (let index = 0; index < rest.length; index += 1) {
    const word = rest[index] ?? "";
    const equals = word.startsWith("--") ? word.indexOf("=") : -1;
    const chooses = options.get(equals < 0 ? word : word.slice(0, equals));
    if (chooses !== undefined) {
      const value = equals < 0 ? (rest[(index += 1)] ?? "") : word.slice(equals + 1);
      place = chooses === "folder" ? book.folderAt(folder, value) : book.folderOf(value);
      if (place === null) return null;
    } else if (!quiet.has(word)) {
      plain.push(word);
    }
  }
  if (program === "yarn" && plain[0] === "workspace") {
    place = book.folderOf(plain[1] ?? "");
    plain = plain.slice(2);
  }
  if (place === null) return null;
  if (plain.length === 2 && (plain[0] === "run" || plain[0] === "run-script")) return known(plain[1], book, place);
  if (plain.length !== 1) return null;
  // `npm start` is a script; `npm install` is not. The others run any script by its bare name.
  return program === "npm" && plain[0] !== "start" ? null : known(plain[0], book, place);
}

function known(name: string | undefined, book: ScriptBook, folder: string): string | null {
  const key = name === undefined ? null : scriptKey(folder, name);
  return key !== null && book.texts.has(key) ? key : null;
}
