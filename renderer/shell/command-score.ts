/**
 * How well a command answers what was typed: 0 not at all; every typed word must stand in its title or its other words.
 * Words of the title count most, and most of all those that begin one.
 */
export function scoreCommand(typed: string, title: string, words: string): number {
  const inTitle = title.toLowerCase();
  const elsewhere = words.toLowerCase();
  let score = 1;
  for (const word of typed.toLowerCase().split(/\s+/).filter(Boolean)) {
    if (inTitle.startsWith(word)) score += 4;
    else if (inTitle.includes(` ${word}`)) score += 3;
    else if (inTitle.includes(word)) score += 2;
    else if (!elsewhere.includes(word)) return 0;
  }
  // Of two that fit alike, the shorter title is the nearer one.
  return score + 1 / (1 + title.length);
}
