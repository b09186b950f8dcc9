/**
 * Reads a YAML file of strangers into plain maps and lists: bounded in depth, aliases and nodes, linear in time, and with the
 * place of everything, for messages.
 *
 * A megabyte takes up to a second (measured), which is a second in which no window is drawn and no probe answered: whoever reads a
 * file of a folder reads it in turns, with everything else between them.
 */
import { Composer, Lexer, LineCounter, Parser, type CST, type Document } from "yaml";
import type { Problem } from "#shared/schema/environment.ts";
import { errorText } from "../../lib/error.ts";
import { nextTurn } from "../../lib/turns.ts";
import { errorProblem } from "./detected.ts";
import { isYamlMap, MAX_DEPTH, MAX_FAULTS, YamlValues, type YamlMap, type YamlPath } from "./yaml-values.ts";

/** Words, marks and line ends of one file: ten thousand services have some 250,000, and the library needs 3 µs for each (measured). */
const MAX_LEXEMES = 400_000;
/** Of these, read in one turn: some ms. */
const LEXEMES_AT_A_TIME = 2_000;

export interface YamlFile {
  readonly root: YamlMap;
  /** Keys that stand twice, and the like: the rest of the file counts all the same. */
  readonly problems: readonly Problem[];
  /** `file:line:column` of what stands at a path, or of the nearest thing above it. */
  place(path: YamlPath): string;
  /** The tag that was written before the value at a path (`!reset`), if one of its own was. */
  tag(path: YamlPath): string | null;
}

export type YamlReading =
  | { readonly ok: true; readonly file: YamlFile }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/**
 * Parses one file. Never throws: whatever is wrong is a problem with its line and column. Of a key that stands twice in a map
 * the first counts, and a problem says so. An empty file is an empty map.
 *
 * @param file Its path as people should see it, relative to the project.
 */
export function readYamlFile(file: string, text: string): YamlReading {
  const steps = reading(file, text);
  for (let step = steps.next(); ; step = steps.next()) if (step.done === true) return step.value;
}

/** The same, with everything else between its steps. */
export async function readYamlFileInTurns(file: string, text: string): Promise<YamlReading> {
  const steps = reading(file, text);
  for (let step = steps.next(); ; step = steps.next()) {
    if (step.done === true) return step.value;
    await nextTurn();
  }
}

function* reading(file: string, text: string): Generator<void, YamlReading> {
  const refuse = (source: string, message: string): YamlReading => ({
    ok: false,
    problems: [errorProblem("file_invalid", source, message)],
  });
  try {
    const deep = tooDeepAt(text);
    if (deep !== null) {
      const message = `${file} is nested more than ${MAX_DEPTH} levels deep and was not read. Make it flatter.`;
      return refuse(`${file}:${deep}:1`, message);
    }
    const lines = new LineCounter();
    const parsed = yield* parse(text, lines);
    if (parsed.errors.length > 0) {
      const problems = parsed.errors.slice(0, MAX_FAULTS).map((error) => {
        const { line, col } = lines.linePos(error.pos[0]);
        const message = `${file} is not valid YAML: ${firstLine(error.message)}. Correct line ${line}.`;
        return errorProblem("file_invalid", `${file}:${line}:${col}`, message);
      });
      return { ok: false, problems };
    }
    const values = new YamlValues(file, parsed, lines, /[&!]/.test(text));
    const root = yield* values.root();
    if (root !== null && !isYamlMap(root)) {
      return refuse(`${file}:1:1`, `${file} is no map of keys and values. Begin it with \`services:\`.`);
    }
    return {
      ok: true,
      file: {
        root: root ?? new Map(),
        problems: values.problems,
        place: (path) => values.place(path),
        tag: (path) => values.tag(path),
      },
    };
  } catch (error) {
    // The parser recurses, and gives up by throwing: RangeError and others.
    return refuse(
      `${file}:1:1`,
      `${file} could not be read as YAML: ${firstLine(errorText(error))}. Simplify or correct it.`,
    );
  }
}

/** What the library's own `parseDocument` does, with an end to it. */
function* parse(text: string, lines: LineCounter): Generator<void, Document> {
  const tokens: CST.Token[] = [];
  const parser = new Parser(lines.addNewLine);
  lines.addNewLine(0);
  let count = 0;
  for (const lexeme of new Lexer().lex(text)) {
    if ((count += 1) > MAX_LEXEMES) throw new RangeError("it has more parts than any real file of its kind");
    tokens.push(...parser.next(lexeme));
    if (count % LEXEMES_AT_A_TIME === 0) yield;
  }
  tokens.push(...parser.end());
  yield;
  // It would compare every key of a map with every other: minutes for ten thousand services. `YamlValues` does that instead.
  const composer = new Composer({ prettyErrors: false, uniqueKeys: false });
  const [document, second] = composer.compose(tokens, true, text.length);
  if (document === undefined) throw new Error("it holds no document");
  if (second !== undefined) throw new Error("it holds more than one document");
  yield;
  return document;
}

/** The line on which brackets or indentation get too deep for a real file; null: nowhere. */
function tooDeepAt(text: string): number | null {
  let brackets = 0;
  for (const [index, line] of text.split("\n").entries()) {
    // `- - - -` and `? ? ? ?` open a level with every mark; so may every column of indentation.
    const marks = /^[ \t]*((?:[-?][ \t]+)*)/.exec(line);
    const opened = (marks?.[1] ?? "").replaceAll(/[ \t]/g, "").length;
    for (const char of line) {
      if (char === "[" || char === "{") brackets += 1;
      else if (char === "]" || char === "}") brackets = Math.max(0, brackets - 1);
      // Brackets inside texts are counted too, so the bound is a generous one.
      if (brackets > MAX_DEPTH * 4) return index + 1;
    }
    if (opened > MAX_DEPTH) return index + 1;
  }
  return null;
}

function firstLine(text: string): string {
  return (text.split("\n")[0] ?? "").replace(/[.:]?\s*$/, "");
}
