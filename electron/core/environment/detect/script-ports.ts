/** Finds out on which port a command line will listen, from its text alone. */
import { bareCommand, shellCommands } from "./shell-words.ts";

/** Where a framework's configuration sets the port of its server: `NAME.{ts,js,…}`, in a block of that key. */
export interface ConfigFile {
  readonly name: string;
  readonly inside: string;
}

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
  /** The variable that the program itself reads its port from. */
  readonly variable?: string;
  /** It reads a `.env` beside it before it looks at that variable. */
  readonly dotenv?: boolean;
  /** Configuration files that may set its port, and the key under which they do. */
  readonly config?: ConfigFile;
}

const viteConfig: ConfigFile = { name: "vite.config", inside: "server" };

/** Default ports and variables as the programs' own documentation gives them. */
const frameworks: readonly Framework[] = [
  { program: "vite", words: [], not: ["build", "optimize"], port: 5173, config: viteConfig },
  { program: "next", words: ["dev", "start"], port: 3000, variable: "PORT" },
  {
    program: "nuxt",
    words: ["dev", "start"],
    port: 3000,
    variable: "PORT",
    dotenv: true,
    config: { name: "nuxt.config", inside: "devServer" },
  },
  {
    program: "nuxi",
    words: ["dev"],
    port: 3000,
    variable: "PORT",
    dotenv: true,
    config: { name: "nuxt.config", inside: "devServer" },
  },
  { program: "astro", words: ["dev", "start"], port: 4321, config: { name: "astro.config", inside: "server" } },
  { program: "react-scripts", words: ["start"], port: 3000, variable: "PORT", dotenv: true },
  { program: "craco", words: ["start"], port: 3000, variable: "PORT", dotenv: true },
  {
    program: "vue-cli-service",
    words: ["serve"],
    port: 8080,
    variable: "PORT",
    config: { name: "vue.config", inside: "devServer" },
  },
  { program: "ng", words: ["serve", "s", "dev"], port: 4200, config: { name: "angular.json", inside: '"serve"' } },
  { program: "gatsby", words: ["develop"], port: 8000, variable: "PORT" },
  { program: "react-router", words: ["dev"], port: 5173, config: viteConfig },
  { program: "remix", words: ["vite:dev"], port: 5173, config: viteConfig },
  { program: "remix", words: ["dev"], port: 3000, variable: "PORT" },
  { program: "svelte-kit", words: ["dev"], port: 5173, config: viteConfig },
  { program: "vinxi", words: ["dev"], port: 3000, variable: "PORT" },
  { program: "webpack-dev-server", words: [], port: 8080, config: { name: "webpack.config", inside: "devServer" } },
  { program: "webpack", words: ["serve"], port: 8080, config: { name: "webpack.config", inside: "devServer" } },
  { program: "rspack", words: ["serve", "dev"], port: 8080, config: { name: "rspack.config", inside: "devServer" } },
  { program: "rsbuild", words: ["dev"], port: 3000, config: { name: "rsbuild.config", inside: "server" } },
  { program: "parcel", words: [], not: ["build", "watch"], port: 1234, variable: "PORT" },
  { program: "wrangler", words: ["dev"], port: 8787 },
  { program: "expo", words: ["start"], port: 8081 },
  { program: "eleventy", words: ["--serve"], port: 8080 },
  { program: "docusaurus", words: ["start"], port: 3000 },
  { program: "vitepress", words: ["dev"], port: 5173 },
  { program: "http-server", words: [], port: 8080, variable: "PORT" },
  { program: "json-server", words: [], port: 3000 },
  { program: "strapi", words: ["develop", "dev", "start"], port: 1337, variable: "PORT", dotenv: true },
  { program: "medusa", words: ["develop", "start"], port: 9000, variable: "PORT", dotenv: true },
  { program: "directus", words: ["start"], port: 8055, variable: "PORT", dotenv: true },
  { program: "keystone", words: ["dev"], port: 3000, variable: "PORT" },
  { program: "rw", words: ["dev"], port: 8910, config: { name: "redwood.toml", inside: "[web]" } },
  { program: "rails", words: ["server", "s"], port: 3000, variable: "PORT" },
  { program: "puma", words: [], port: 9292, variable: "PORT" },
  { program: "flask", words: ["run"], port: 5000, variable: "FLASK_RUN_PORT", dotenv: true },
  { program: "uvicorn", words: [], port: 8000, variable: "UVICORN_PORT" },
  { program: "fastapi", words: ["dev", "run"], port: 8000 },
  { program: "gunicorn", words: [], port: 8000, variable: "PORT" },
  { program: "manage.py", words: ["runserver"], port: 8000 },
  { program: "artisan", words: ["serve"], port: 8000, variable: "SERVER_PORT", dotenv: true },
  { program: "mix", words: ["phx.server"], port: 4000, variable: "PORT" },
  { program: "hugo", words: ["server", "serve"], port: 1313 },
  { program: "jekyll", words: ["serve", "s"], port: 4000 },
];

/** Programs of which `-p` is known to mean the port. */
const shortPortPrograms = new Set(
  "next nuxt serve http-server json-server parcel gatsby rails flask puma live-server react-router astro sirv php expo".split(
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
  const program = programOfWord(bare.words[0]);
  const framework = frameworkOf(program, bare.words.slice(1));
  const fallback = configuredPort ?? framework?.port ?? null;
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
  if (framework === null) return null;
  const port = configuredPort ?? framework.port;
  // A port in the configuration beats the variable in some frameworks; only a default is known to give way to PORT.
  const env = configuredPort === null ? (framework.variable ?? null) : null;
  return { port, env, assumed: env === null && configuredPort === null };
}

function frameworkOf(program: string, rest: readonly string[]): Framework | null {
  const first = rest.find((word) => !word.startsWith("-"));
  const found = frameworks.find(
    (framework) =>
      framework.program === program &&
      framework.not?.includes(first ?? "") !== true &&
      (framework.words.length === 0 || framework.words.some((word) => rest.includes(word))),
  );
  if (program === "vite" && first === "preview" && found !== undefined) return { ...found, port: 4173 };
  return found ?? null;
}

/** The configuration files that may set the port of a program of this text, last program first. */
export function configFilesOf(text: string): readonly ConfigFile[] {
  const commands = [...(shellCommands(text) ?? [])].reverse();
  return commands.flatMap(({ words }) => {
    const bare = bareCommand(words);
    const config = frameworkOf(programOfWord(bare.words[0]), bare.words.slice(1))?.config;
    return config === undefined ? [] : [config];
  });
}

/** Whether a program of this text reads a `.env` of its folder for its port. */
export function readsDotenv(text: string): boolean {
  return (shellCommands(text) ?? []).some(({ words }) => {
    const bare = bareCommand(words);
    return frameworkOf(programOfWord(bare.words[0]), bare.words.slice(1))?.dotenv === true;
  });
}

/** `./bin/rails` is rails. */
function programOfWord(word = ""): string {
  return word.split("/").at(-1) ?? "";
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
