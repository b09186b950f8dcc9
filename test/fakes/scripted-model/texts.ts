/** What the scripted model says. Every text says of itself that it is scripted. */

/** The answer to anything that is neither a directive nor a known sentence. */
export function defaultText(asked: string): string {
  const quoted = asked.trim().split("\n")[0]?.slice(0, 120) ?? "";
  return [
    `I am the **scripted model** of the demonstration: no key, no network, no thinking. You wrote:`,
    "",
    `> ${quoted || "(nothing)"}`,
    "",
    "Everything around me is real, though: the OpenCode server, its tools, and the permissions it asks for. Try:",
    "",
    "- `list the files` runs a command, once you allow it",
    "- `run the tests` does the same with this folder's tests",
    "- `#markdown` shows what an answer can look like",
    "- `#question` asks you something back",
    "- `#stream 500` streams a long text, to try Stop on",
  ].join("\n");
}

/** The end of a turn with tools: says what came out, in the tool's own words. */
export function closingText(result: string): string {
  const lines = result.split("\n").map((line) => line.trimEnd());
  while (lines.length > 0 && lines[0] === "") lines.shift();
  while (lines.length > 0 && lines.at(-1) === "") lines.pop();
  if (lines.length === 0) return "That is done; it printed nothing.";
  const shown = lines.slice(0, 8).map((line) => line.slice(0, 200));
  const rest = lines.length - shown.length;
  // A fence longer than any run of backticks in the quote, so that the quote cannot end it.
  const fence = "`".repeat(Math.max(3, ...shown.map((line) => (/`+/.exec(line)?.[0].length ?? 0) + 1)));
  return [
    "That is done. It answered:",
    "",
    fence,
    ...shown,
    fence,
    ...(rest > 0 ? ["", `… and ${rest} more ${rest === 1 ? "line" : "lines"}.`] : []),
  ].join("\n");
}

/** `words` numbered words: a reader can tell whether one is missing. */
export function streamText(words: number): string {
  return Array.from({ length: words }, (_, index) => `word-${index + 1}`).join(" ");
}

export const markdownText = `## What the scripted model can show

A paragraph with **bold**, *italic*, \`code\` and a [link](https://opencode.ai). Then a list:

1. Services start in the order they need each other
2. Each one is *ready* only when its probe has passed
   - a port that accepts connections
   - a page that answers

| Service | Phase | Health |
| --- | --- | --- |
| api | running | healthy |
| worker | backoff | none |

\`\`\`ts
export async function start(name: string): Promise<void> {
  const service = await find(name);
  if (service === null) throw new Error(\`no service is named \${name}\`);
  await service.start();
}
\`\`\`

> All of this is scripted text, sent word by word.

\`\`\`diff
- const port = 3000;
+ const port = Number(process.env.PORT ?? 3000);
\`\`\`
`;
