/** The known word that a mistyped one most likely stands for. */

/** Longer words are not compared: nobody mistypes those, and comparing costs length times length. */
const MAX_LENGTH = 40;

/** Null where none is close: at most a third of the letters differ. */
export function nearestWord(word: string, known: Iterable<string>): string | null {
  if (word.length > MAX_LENGTH) return null;
  let best: string | null = null;
  let distance = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const other of known) {
    const found = editDistance(plain(word), plain(other));
    if (found < distance) {
      distance = found;
      best = other;
    }
  }
  return best;
}

/** `startPeriod`, `start-period` and `start_period` are one word to whoever types them. */
function plain(word: string): string {
  return word.toLowerCase().replaceAll(/[-_]/g, "");
}

/** Levenshtein's. */
function editDistance(a: string, b: string): number {
  let above = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let row = 1; row <= a.length; row += 1) {
    const line = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const replaced = (above[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1);
      line.push(Math.min(replaced, (above[column] ?? 0) + 1, (line[column - 1] ?? 0) + 1));
    }
    above = line;
  }
  return above[b.length] ?? 0;
}
