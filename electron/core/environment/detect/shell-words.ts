/** Reads a script's text far enough to recognise what it starts. It is never run, and never turned into a command. */
import { wrapperLength } from "./secret-wrappers.ts";

export interface ShellCommand {
  /** Words with their quotes removed; `$VAR` and `${VAR:-x}` stand as written. */
  readonly words: readonly string[];
  /** The operator behind it: `&&`, `||`, `;`, `&`, `|`, or empty at the end. */
  readonly operator: string;
}

/** Scripts longer than this are not read: nobody writes them by hand. */
const MAX_TEXT = 20_000;

/** The commands of a line. Groups and subshells give null: what they do is not worth guessing. */
export function shellCommands(text: string): readonly ShellCommand[] | null {
  if (text.length > MAX_TEXT) return null;
  const commands: ShellCommand[] = [];
  let words: string[] = [];
  let word: string | null = null;
  let quote = "";
  const endWord = () => {
    if (word !== null) words.push(word);
    word = null;
  };
  const endCommand = (operator: string) => {
    endWord();
    if (words.length > 0) commands.push({ words, operator });
    words = [];
  };
  for (let index = 0; index < text.length; index += 1) {
    const char = text.charAt(index);
    if (quote !== "") {
      if (char === quote) quote = "";
      else if (char === "\\" && quote === '"') word = (word ?? "") + text.charAt((index += 1));
      else word = (word ?? "") + char;
    } else if (char === '"' || char === "'") {
      quote = char;
      word ??= "";
    } else if (char === "\\") {
      word = (word ?? "") + text.charAt((index += 1));
    } else if (char === "$" && text.charAt(index + 1) === "{") {
      const end = text.indexOf("}", index);
      if (end < 0) return null;
      word = (word ?? "") + text.slice(index, end + 1);
      index = end;
    } else if (char === "&" || char === "|") {
      const double = text.charAt(index + 1) === char;
      // `>&1` and `&>file` are redirections, not operators.
      if (!double && char === "&" && (text.charAt(index - 1) === ">" || text.charAt(index + 1) === ">")) {
        word = (word ?? "") + char;
        continue;
      }
      if (double) index += 1;
      endCommand(double ? char + char : char);
    } else if (char === ";" || char === "\n") {
      endCommand(";");
    } else if (char === "(" || char === ")" || char === "`") {
      return null;
    } else if (char === " " || char === "\t" || char === "\r") {
      endWord();
    } else {
      word = (word ?? "") + char;
    }
  }
  if (quote !== "") return null;
  endCommand("");
  return commands;
}

/** Programs that run, with what a project has installed, the program after their second word: `bundle exec rails`. */
const runners: ReadonlyMap<string, string> = new Map([
  ["bundle", "exec"],
  ["uv", "run"],
  ["poetry", "run"],
  ["pipenv", "run"],
  ["pdm", "run"],
  ["hatch", "run"],
  ["rye", "run"],
  ["pnpm", "exec"],
  ["npm", "exec"],
  ["yarn", "exec"],
]);
/** Interpreters that are followed by the program itself: `python manage.py`, `php artisan`. */
const hosts = /^(?:python3?|py|php|ruby)$/;

/** Programs that only set the scene for the program that follows them. */
const wrappers = new Set(["cross-env", "cross-env-shell", "env", "npx", "bunx", "exec", "time", "nice", "command"]);
const assignment = /^[A-Za-z_][A-Za-z0-9_]*=/;

/** A command without leading assignments and wrappers: `PORT=1 npx vite web` gives `vite web`, and PORT=1. */
export function bareCommand(words: readonly string[]): {
  readonly words: readonly string[];
  readonly assignments: readonly string[];
} {
  const assignments: string[] = [];
  let index = 0;
  for (; index < words.length; index += 1) {
    const word = words[index] ?? "";
    if (assignment.test(word)) assignments.push(word);
    else if (wrapperLength(words, index) > 0) index += wrapperLength(words, index) - 1;
    else if (runners.get(word) === words[index + 1] && runners.has(word)) index += words[index + 2] === "--" ? 2 : 1;
    else if (word === "--bun" || (hosts.test(word) && words[index + 1] === "-m")) index += word === "--bun" ? 0 : 1;
    else if (hosts.test(word) && /^(?:\.\/)?(?:manage\.py|artisan|bin\/rails)$/.test(words[index + 1] ?? "")) continue;
    else if (!wrappers.has(word)) break;
  }
  return { words: words.slice(index), assignments };
}

/** Programs that run the file named after them, so that the file says what runs. */
const interpreters = new Set([
  "node",
  "tsx",
  "ts-node",
  "ts-node-dev",
  "nodemon",
  "bun",
  "deno",
  "python",
  "python3",
  "ruby",
]);

/**
 * What a line runs, in two or three words: two scripts with the same answer run the same thing in two ways
 * (`next dev` and `next dev --turbo`). Null where it cannot be told.
 */
export function programOf(text: string): string | null {
  const commands = shellCommands(text);
  const last = commands?.at(-1);
  if (last === undefined) return null;
  const { words } = bareCommand(last.words);
  const program = words[0]?.split("/").at(-1);
  if (program === undefined) return null;
  const plain = words.slice(1).filter((word) => !word.startsWith("-") && word !== "watch" && word !== "run");
  const operand = interpreters.has(program) ? plain.find((word) => /[./]/.test(word)) : plain[0];
  return operand === undefined ? program : `${program} ${operand}`;
}
