/** Finds out on which port a command line will listen, from its text alone. */
import { bareCommand, shellCommands } from "./shell-words.ts";

export interface FoundPort {
  readonly port: number;
  /** The variable that moves it; null where the text fixes it. */
  readonly env: string | null;
  /** It is the program's own default, not written in the project. */
  readonly assumed: boolean;
}

interface Framework {
  /** Program, and the word that must follow it to make it a dev server; empty: any or none. */
  readonly program: string;
  readonly words: readonly string[];
  /** Words that make it something else. */
  readonly not?: readonly string[];
  readonly port: number;
  /** Whether the program itself reads PORT. */
  readonly readsPort: boolean;
}

/** Default ports as the programs' own documentation gives them. */
const frameworks: readonly Framework[] = [
  { program: "vite", words: [], not: ["build", "optimize"], port: 5173, readsPort: false },
  { program: "next", words: ["dev", "start"], port: 3000, readsPort: true },
  { program: "nuxt", words: ["dev", "start"], port: 3000, readsPort: true },
  { program: "nuxi", words: ["dev"], port: 3000, readsPort: true },
  { program: "astro", words: ["dev"], port: 4321, readsPort: false },
  { program: "react-scripts", words: ["start"], port: 3000, readsPort: true },
  { program: "craco", words: ["start"], port: 3000, readsPort: true },
  { program: "vue-cli-service", words: ["serve"], port: 8080, readsPort: true },
  { program: "ng", words: ["serve"], port: 4200, readsPort: false },
  { program: "gatsby", words: ["develop"], port: 8000, readsPort: true },
  { program: "react-router", words: ["dev"], port: 5173, readsPort: false },
  { program: "remix", words: ["vite:dev"], port: 5173, readsPort: false },
  { program: "svelte-kit", words: ["dev"], port: 5173, readsPort: false },
  { program: "vinxi", words: ["dev"], port: 3000, readsPort: true },
  { program: "webpack-dev-server", words: [], port: 8080, readsPort: false },
  { program: "webpack", words: ["serve"], port: 8080, readsPort: false },
  { program: "wrangler", words: ["dev"], port: 8787, readsPort: false },
  { program: "eleventy", words: ["--serve"], port: 8080, readsPort: false },
  { program: "docusaurus", words: ["start"], port: 3000, readsPort: false },
  { program: "http-server", words: [], port: 8080, readsPort: true },
  { program: "json-server", words: [], port: 3000, readsPort: false },
  { program: "rails", words: ["server", "s"], port: 3000, readsPort: true },
  { program: "flask", words: ["run"], port: 5000, readsPort: false },
  { program: "uvicorn", words: [], port: 8000, readsPort: false },
];

/** Programs of which `-p` is known to mean the port. */
const shortPortPrograms = new Set(
  "next nuxt serve http-server json-server parcel gatsby rails flask puma live-server react-router astro sirv php".split(
    " ",
  ),
);

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
  for (const command of [...commands].reverse()) {
    const found = portOfCommand(command.words, configuredPort);
    if (found !== null) return found;
  }
  return null;
}

function portOfCommand(words: readonly string[], configuredPort: number | null): FoundPort | null {
  const bare = bareCommand(words);
  const program = (bare.words[0] ?? "").split("/").at(-1) ?? "";
  const framework = frameworkOf(program, bare.words.slice(1));
  const fallback = configuredPort ?? framework?.port ?? null;
  const value = portArgument(program, bare.words) ?? assignedPort(bare.assignments);
  if (value !== null) {
    const found = portValue(value, fallback);
    if (found !== null) return found;
  }
  // `node api.mjs ${PORT:-4310}`: a variable that is called a port is one, wherever it stands.
  for (const word of bare.words) {
    const [, name = "", digits = ""] = /\$\{([A-Za-z_]\w*):?-(\d{1,5})\}/.exec(word) ?? [];
    if (/(^|_)PORT$/.test(name)) return portValue(`\${${name}:-${digits}}`, fallback);
  }
  if (framework === null) return null;
  const port = configuredPort ?? framework.port;
  // A port in the configuration beats the variable in some frameworks; only a default is known to give way to PORT.
  const env = framework.readsPort && configuredPort === null ? "PORT" : null;
  return { port, env, assumed: env === null && configuredPort === null };
}

function frameworkOf(program: string, rest: readonly string[]): Framework | null {
  const found = frameworks.find((framework) => framework.program === program);
  if (found === undefined) return null;
  const first = rest.find((word) => !word.startsWith("-"));
  if (found.not?.includes(first ?? "") === true) return null;
  if (program === "vite" && first === "preview") return { ...found, port: 4173 };
  if (found.words.length > 0 && !found.words.some((word) => rest.includes(word))) return null;
  return found;
}

/** Whether this text is a Vite server that may take its port from its configuration file. */
export function usesViteConfig(text: string): boolean {
  return (shellCommands(text) ?? []).some((command) => {
    const { words } = bareCommand(command.words);
    return ["vite", "react-router", "svelte-kit"].includes(words[0] ?? "") && words[1] !== "build";
  });
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
