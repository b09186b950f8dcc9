/** What a person types into the search field, made into a test. */

export type Search = {
  readonly test: (text: string) => boolean;
  /** Start and end of every match, in order, without empty ones. */
  readonly ranges: (text: string) => (readonly [number, number])[];
};

/** A line is searched this far, in characters: a pattern that backtracks must not stop the page on a very long line. */
const SEARCHED_CHARACTERS = 10_000;
/** Marks drawn in one line at most. */
const MAX_RANGES = 200;

/**
 * Plain text, or a regular expression between slashes. Capitals count only where the text has one. Null: nothing to search
 * for. An expression that cannot be read (yet, as it is being typed) gives its error.
 */
export function compileSearch(query: string): Search | { readonly error: string } | null {
  if (query === "") return null;
  const expression = /^\/(.+)\/$/.exec(query)?.[1];
  const source = expression ?? query.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
  const flags = /[A-Z]/.test(query) ? "" : "i";
  try {
    const once = new RegExp(source, flags);
    const all = new RegExp(source, `g${flags}`);
    return {
      test: (text) => once.test(text.slice(0, SEARCHED_CHARACTERS)),
      ranges: (text) => {
        const found: [number, number][] = [];
        for (const match of text.slice(0, SEARCHED_CHARACTERS).matchAll(all)) {
          if (match[0] !== "") found.push([match.index, match.index + match[0].length]);
          if (found.length === MAX_RANGES) break;
        }
        return found;
      },
    };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}
