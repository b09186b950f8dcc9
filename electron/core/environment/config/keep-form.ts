/** Keeps the form of a file that is there: spaces, blank lines and brackets as its author set them, wherever nothing was changed. Pure. */
import { isDeepStrictEqual } from "node:util";
import { diffArrays } from "diff";
import { parseDocument } from "yaml";

/**
 * The changed text in the form of the old one. A library that prints YAML moves spaces and comments here and there; what it does so
 * without any change is no change.
 *
 * @param existing As it was written.
 * @param printed The same, printed by the library.
 * @param changed With the change, printed by the library.
 */
export function inTheFormOf(existing: string, printed: string, changed: string): string {
  const ending = existing.includes("\r\n") ? "\r\n" : "\n";
  const blocks = alignedBlocks(existing.split(/\r?\n/), printed.split("\n"));
  const text = kept(blocks, changesOf(printed.split("\n"), changed.split("\n"))).join(ending);
  // A tidied file is better than one that says something else.
  return meansTheSame(text, changed) ? text : changed;
}

/** Lines that stand for each other: one for one, or a few that the library broke in another way. */
interface Block {
  readonly existing: readonly string[];
  readonly printed: readonly string[];
}

function alignedBlocks(existing: readonly string[], printed: readonly string[]): readonly Block[] {
  const bare = (line: string) => line.replaceAll(/\s/g, "");
  const blocks: Block[] = [];
  let open: { existing: string[]; printed: string[] } | null = null;
  let [at, atPrinted] = [0, 0];
  const close = () => {
    if (open !== null) blocks.push(open);
    open = null;
  };
  for (const { count, added, removed } of diffArrays(existing.map(bare), printed.map(bare))) {
    if (!added && !removed) {
      close();
      for (let index = 0; index < count; index += 1) {
        blocks.push({ existing: [existing[at++] ?? ""], printed: [printed[atPrinted++] ?? ""] });
      }
      continue;
    }
    open ??= { existing: [], printed: [] };
    if (removed) open.existing.push(...existing.slice(at, (at += count)));
    else open.printed.push(...printed.slice(atPrinted, (atPrinted += count)));
  }
  close();
  return blocks;
}

/** What became of the printed lines: whether each is still there, and what was put in front of it; the last is the end. */
interface Changes {
  readonly stays: readonly boolean[];
  readonly inFront: readonly (readonly string[])[];
}

function changesOf(printed: readonly string[], changed: readonly string[]): Changes {
  const stays: boolean[] = [];
  const inFront: string[][] = [[]];
  for (const { value, count, added, removed } of diffArrays([...printed], [...changed])) {
    if (added) inFront.at(-1)?.push(...value);
    else {
      for (let index = 0; index < count; index += 1) {
        stays.push(!removed);
        inFront.push([]);
      }
    }
  }
  return { stays, inFront };
}

function kept(blocks: readonly Block[], { stays, inFront }: Changes): string[] {
  const result: string[] = [];
  const indents = new Indents();
  let at = 0;
  const insert = () => result.push(...(inFront[at] ?? []).map((line) => indents.of(line)));
  for (const block of blocks) {
    insert();
    const [first = "", ...rest] = block.printed;
    const isWhole = block.printed.every((_, index) => stays[at + index] === true);
    const isApart = rest.some((_, index) => (inFront[at + index + 1]?.length ?? 0) > 0);
    if (isWhole && !isApart) {
      result.push(...block.existing);
      indents.learn(first, block.existing[0] ?? "");
      at += block.printed.length;
      continue;
    }
    for (const [index, line] of block.printed.entries()) {
      if (index > 0) insert();
      // The line that follows stands as deep as this one stood.
      indents.learn(line, block.existing[index] ?? line);
      if (stays[at] === true) result.push(indents.of(line));
      at += 1;
    }
  }
  insert();
  return result;
}

/** How deep the author's lines stand where the library's stand so deep. */
class Indents {
  readonly #known = new Map<number, string>();

  learn(printed: string, existing: string): void {
    if (printed.trim() === "" || existing.trim() === "") return;
    const depth = depthOf(printed);
    for (const known of this.#known.keys()) if (known > depth) this.#known.delete(known);
    this.#known.set(depth, existing.slice(0, depthOf(existing)));
  }

  of(line: string): string {
    if (line.trim() === "") return line;
    const depth = depthOf(line);
    return `${this.#at(depth)}${line.slice(depth)}`;
  }

  /** Where nothing stands so deep, in the proportion of what stands above. */
  #at(depth: number): string {
    const known = this.#known.get(depth);
    if (known !== undefined) return known;
    const above = Math.max(0, ...[...this.#known.keys()].filter((one) => one < depth));
    const text = this.#known.get(above) ?? "";
    return above === 0 ? " ".repeat(depth) : text + " ".repeat(Math.round(((depth - above) * text.length) / above));
  }
}

function depthOf(line: string): number {
  return line.length - line.trimStart().length;
}

function meansTheSame(a: string, b: string): boolean {
  const read = (text: string) => {
    const document = parseDocument(text, { prettyErrors: false, uniqueKeys: false });
    return document.errors.length > 0 ? null : (document.toJS({ mapAsMap: true }) as unknown);
  };
  const first = read(a);
  return first !== null && isDeepStrictEqual(first, read(b));
}
