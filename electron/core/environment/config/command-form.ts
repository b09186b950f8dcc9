/** Commands: a text is a shell line, a list is run as it stands. */
import { byShape, described, keys, listOf, mapped, scalar, text, type Form, named } from "./form.ts";
import { duration } from "./units.ts";

/** One argument; unlike other texts it may be empty. */
export const argument = named(
  "argument",
  scalar("an argument", { type: ["string", "number", "boolean"] }, (value) => {
    const written = String(value);
    return written.includes("\0") ? undefined : written;
  }),
);

const argvForm = mapped(
  listOf(argument, "a list of arguments"),
  (list, spot, value): readonly [string, ...string[]] | undefined => {
    const [program = "", ...rest] = list;
    // One argument less is another command; what is wrong with it was reported.
    if (Array.isArray(value) && value.length !== list.length) return undefined;
    if (program !== "") return [program, ...rest];
    spot.report(spot.path, "The list is empty, or its first argument is. Begin it with the program to run.");
    return undefined;
  },
);

/** A shell line as it was written, or argv. */
export const commandForm = named(
  "command",
  byShape<string | readonly [string, ...string[]]>("a shell line, or a list with the program and its arguments", {
    single: text("a shell line"),
    list: argvForm,
  }),
);

/** How a command is run: a shell line goes to the shell as one argument. */
export function argvOf(command: string | readonly [string, ...string[]]): readonly [string, ...string[]] {
  return typeof command === "string" ? ["/bin/sh", "-c", command] : command;
}

/** The same the other way round, for files and prompts. */
export function commandOf(argv: readonly [string, ...string[]]): string | readonly [string, ...string[]] {
  const [program, flag, line, ...rest] = argv;
  return program === "/bin/sh" && flag === "-c" && line !== undefined && line !== "" && rest.length === 0 ? line : argv;
}

export const shellOrArgv = mapped(commandForm, argvOf);

export interface HookConfig {
  readonly argv: readonly [string, ...string[]];
  readonly deadlineMs: number;
}

/** Long enough for a script that prepares something, short enough for whoever waits for it. */
export const HOOK_DEADLINE_MS = 60_000;

/** A command beside the service's own: a hook, or what is run to stop it. */
export const hookForm: Form<HookConfig> = named(
  "hook",
  byShape<HookConfig>("a command, or `{ command, timeout }`", {
    single: mapped(shellOrArgv, (argv) => ({ argv, deadlineMs: HOOK_DEADLINE_MS })),
    list: mapped(shellOrArgv, (argv) => ({ argv, deadlineMs: HOOK_DEADLINE_MS })),
    map: mapped(
      keys(
        "a command",
        { command: shellOrArgv, timeout: described("It is ended after that, and counts as failed.", duration()) },
        {
          required: ["command"],
          elsewhere: new Map(
            ["user", "privileged", "working_dir", "environment"].map((key) => [
              key,
              `\`${key}\` of a hook is ignored: it runs in its service's folder, with its environment. Remove it.`,
            ]),
          ),
        },
      ),
      ({ command, timeout }): HookConfig | undefined =>
        command === undefined ? undefined : { argv: command, deadlineMs: timeout ?? HOOK_DEADLINE_MS },
    ),
  }),
);

/**
 * Hooks of one moment. A list of texts is a list of shell lines, as anybody would read it; one with arguments is written as a list
 * inside the list.
 */
export const hooksForm: Form<readonly HookConfig[]> = named(
  "hooks",
  byShape<readonly HookConfig[]>("a command, or a list of them", {
    single: mapped(hookForm, (hook) => [hook]),
    map: mapped(hookForm, (hook) => [hook]),
    list: listOf(hookForm),
  }),
);
