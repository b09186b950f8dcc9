/** How a command is told which ports it was given, beside the variables that carry them. */
import type { ServicePort } from "#shared/schema/service.ts";
import { commandOf } from "./config/command-form.ts";

/** Whether a service can be told another port than the one that it is written with. */
export function canBeTold({ env, option }: Pick<ServicePort, "env" | "option">): boolean {
  return env !== null || option !== undefined;
}

/**
 * What is run so that the ports are listened on: the command, and behind it the options of those that it would not take by itself.
 *
 * @param own Ports that it takes by itself; absent: not known, so that it is told each.
 */
export function argvWithPorts(
  argv: readonly [string, ...string[]],
  ports: readonly ServicePort[],
  own: readonly number[] = [],
): readonly [string, ...string[]] {
  const words = ports.flatMap(({ option, port }) =>
    option === undefined || own.includes(port) ? [] : optionWords(option, port),
  );
  if (words.length === 0) return argv;
  const command = commandOf(argv);
  if (typeof command !== "string") return [...argv, ...words];
  return ["/bin/sh", "-c", `${command.trimEnd()} ${words.map(shellWord).join(" ")}`];
}

function optionWords(option: string, port: number): string[] {
  const words = option.split(/\s+/).filter((word) => word !== "");
  const told = words.map((word) => word.replaceAll("{port}", String(port)));
  return words.some((word) => word.includes("{port}")) ? told : [...told, String(port)];
}

/** Every other character means itself only in quotes. */
export function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
