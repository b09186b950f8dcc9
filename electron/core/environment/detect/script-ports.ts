/** Finds out on which port a command line will listen, from its text alone. */
import type { ServicePort } from "#shared/schema/service.ts";
import { devServerOf, shortPortPrograms, type ConfigFile, type DevServer } from "./dev-servers.ts";
import { bareCommand, shellCommands } from "./shell-words.ts";

export interface FoundPort {
  readonly port: number;
  /** The variable that moves it; null where the text fixes it. */
  readonly env: string | null;
  /** It is the program's own default, not written in the project. */
  readonly assumed: boolean;
  /** Where no variable moves it: what is put behind the text so that another port is taken. Absent: nothing would help. */
  readonly option?: string;
}

/** The ports of a service whose command this was found in. */
export function foundPorts(found: Omit<FoundPort, "assumed"> | null): ServicePort[] {
  if (found === null) return [];
  const { port, env, option } = found;
  return [{ name: "http", port, env, ...(option === undefined ? {} : { option }) }];
}

const optionNames = /^(?:--port|--http-port|--listen-port|--server\.port)$/;
const withDefault = /^\$\{([A-Za-z_]\w*):?-(\d{1,5})\}$/;
const variable = /^\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))$/;

/**
 * The port of a script's text, or null. The last command with a port wins: what comes before it prepares.
 *
 * @param configuredPort What the framework's own configuration file says, where there is one that names a port.
 */
export function portOf(text: string, configuredPort: number | null = null): FoundPort | null {
  const commands = shellCommands(text) ?? [];
  for (const [index, { words, operator }] of [...commands.entries()].reverse()) {
    const found = portOfCommand(words, configuredPort);
    if (found === null) continue;
    const option = index === commands.length - 1 && operator === "" ? optionOf(words) : null;
    return found.env !== null || option === null ? found : { ...found, option };
  }
  return null;
}

/** What is put behind a command so that it takes another port than the one that it is written with, or takes by itself. */
function optionOf(words: readonly string[]): string | null {
  const { program, server, bare } = read(words);
  const { option, lastWins = false } = server ?? {};
  // What stands behind `--`, or in a comment, is no option any more.
  if (option === undefined || bare.words.some((word) => word === "--" || word.startsWith("#"))) return null;
  const isWritten = (portArgument(program, bare.words) ?? positionalPort(program, bare.words)) !== null;
  return isWritten && !lastWins ? null : option;
}

/** The program of a command, and what is known of it. */
function read(words: readonly string[]): {
  readonly program: string;
  readonly server: DevServer | null;
  readonly bare: ReturnType<typeof bareCommand>;
} {
  const bare = bareCommand(words);
  // `./bin/rails` is rails.
  const program = (bare.words[0] ?? "").split("/").at(-1) ?? "";
  return { program, server: devServerOf(program, bare.words.slice(1)), bare };
}

function portOfCommand(words: readonly string[], configuredPort: number | null): FoundPort | null {
  const { program, server, bare } = read(words);
  const fallback = configuredPort ?? server?.port ?? null;
  const value =
    portArgument(program, bare.words) ?? positionalPort(program, bare.words) ?? assignedPort(bare.assignments);
  if (value !== null) {
    const found = portValue(value, fallback);
    if (found !== null) return found;
  }
  // `node api.mjs ${PORT:-4310}`: a variable that is called a port is one, wherever it stands.
  for (const word of bare.words) {
    const [, name = "", digits = ""] = /\$\{([A-Za-z_]\w*):?-(\d{1,5})\}/.exec(word) ?? [];
    if (/(^|_)PORT$/.test(name)) return portValue(`\${${name}:-${digits}}`, fallback);
  }
  if (server === null) return null;
  const port = configuredPort ?? server.port;
  // A port in the configuration beats the variable in some frameworks; only a default is known to give way to PORT.
  const env = configuredPort === null ? (server.variable ?? null) : null;
  return { port, env, assumed: env === null && configuredPort === null };
}

/** The configuration files that may set the port of a program of this text, last program first. */
export function configFilesOf(text: string): readonly ConfigFile[] {
  const commands = [...(shellCommands(text) ?? [])].reverse();
  return commands.flatMap(({ words }) => read(words).server?.config ?? []);
}

/** Whether a program of this text reads a `.env` of its folder for its port. */
export function readsDotenv(text: string): boolean {
  return (shellCommands(text) ?? []).some(({ words }) => read(words).server?.dotenv === true);
}

function portArgument(program: string, words: readonly string[]): string | null {
  for (const [index, word] of words.entries()) {
    const [option = "", inline] = splitOption(word);
    const isPort = optionNames.test(option) || (option === "-p" && shortPortPrograms.has(program));
    if (isPort) return inline ?? words[index + 1] ?? null;
    const attached = shortPortPrograms.has(program) ? /^-p(\d{2,5})$/.exec(word)?.[1] : undefined;
    if (attached !== undefined) return attached;
  }
  return null;
}

/** `manage.py runserver 0.0.0.0:9000` names it without an option of that name. */
function positionalPort(program: string, words: readonly string[]): string | null {
  if (program !== "manage.py") return null;
  const place = words.indexOf("runserver") + 1;
  const address = place === 0 ? undefined : words.slice(place).find((word) => !word.startsWith("-"));
  return address === undefined ? null : (/^(?:.*:)?(\d{2,5}|\$.+)$/.exec(address)?.[1] ?? null);
}

function splitOption(word: string): [string, string | undefined] {
  const equals = word.indexOf("=");
  return word.startsWith("-") && equals > 0 ? [word.slice(0, equals), word.slice(equals + 1)] : [word, undefined];
}

function assignedPort(assignments: readonly string[]): string | null {
  const found = assignments.find((text) => /^(?:[A-Z0-9_]*_)?PORT=/.test(text));
  return found === undefined ? null : found.slice(found.indexOf("=") + 1);
}

function portValue(value: string, fallback: number | null): FoundPort | null {
  const [, name, digits] = withDefault.exec(value) ?? [];
  if (name !== undefined && digits !== undefined) return valid(Number(digits), name, false);
  if (/^\d{1,5}$/.test(value)) return valid(Number(value), null, false);
  const [, braced, bare] = variable.exec(value) ?? [];
  const env = braced ?? bare;
  // Without a default of its own it cannot run unless someone gives it a port; 3000 is what most expect.
  return env === undefined ? null : valid(fallback ?? 3_000, env, false);
}

function valid(port: number, env: string | null, assumed: boolean): FoundPort | null {
  return Number.isInteger(port) && port >= 1 && port <= 65_535 ? { port, env, assumed } : null;
}
