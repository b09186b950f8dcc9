/** A question whose answer is no unless somebody says yes. */
import { createInterface } from "node:readline/promises";
import type { CommandContext } from "./command.ts";

/**
 * Only `--yes` or a typed yes agrees.
 *
 * @param otherwise What is said where nobody can be asked.
 */
export async function isAgreed(context: CommandContext, question: string, otherwise: string): Promise<boolean> {
  if (context.options["yes"] === true) return true;
  if (!process.stdin.isTTY) {
    context.output.note(otherwise);
    return false;
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(`${question} [y/N] `, { signal: context.signal });
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    terminal.close();
  }
}
