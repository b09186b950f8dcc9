/** A secret never comes as an argument: arguments stand in the shell's history and in every list of processes. */
import { createInterface } from "node:readline";
import type { CommandContext } from "./command.ts";

/** The variable's value; else one line of stdin, which a terminal does not show while it is typed. Null where there is none. */
export function readSecret(context: CommandContext, variable: string, prompt: string): Promise<string | null> {
  const given = process.env[variable];
  if (given !== undefined) return Promise.resolve(given);
  const { stdin } = process;
  if (stdin.isTTY) context.output.note(prompt);
  return new Promise((resolve) => {
    // Without an output, readline echoes nothing.
    const lines = createInterface({ input: stdin, terminal: stdin.isTTY, signal: context.signal });
    let answer: string | null = null;
    lines.once("line", (line) => {
      answer = line;
      lines.close();
    });
    lines.once("close", () => {
      // A pipe that stays open must not keep the command alive.
      stdin.unref?.();
      resolve(answer);
    });
  });
}
