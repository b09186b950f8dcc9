/**
 * What is known of the programs that serve a project while one works on it: the port they take by themselves, what moves it, and
 * where a configuration sets it. As the programs' own documentation and sources say.
 */

/** Where a framework's configuration sets the port of its server: `NAME.{ts,js,…}`, in a block of that key. */
export interface ConfigFile {
  readonly name: string;
  readonly inside: string;
}

export interface DevServer {
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
  /** Configuration files that may set its port, and the key under which they do. What stands on the command line beats them. */
  readonly config?: ConfigFile;
  /** What is put behind its command so that it takes another port; `{port}` is the number, else it follows. */
  readonly option?: string;
  /** An option that stands there twice counts as it stands the second time, so that a port of the command can be overruled. */
  readonly lastWins?: true;
}

const viteConfig: ConfigFile = { name: "vite.config", inside: "server" };
/** Of programs that refuse a second port, or make a list of both (yargs, minimist, cac and mri do unless told otherwise). */
const once = { option: "--port" } as const;
const overruled = { option: "--port", lastWins: true } as const;

const servers: readonly DevServer[] = [
  // Vite's cli.ts keeps the last of an option that is given twice (filterDuplicateOptions).
  { program: "vite", words: [], not: ["build", "optimize"], port: 5173, config: viteConfig, ...overruled },
  // next parses with vercel/arg, as of 14.1 with commander: both write the later value over the earlier.
  { program: "next", words: ["dev", "start"], port: 3000, variable: "PORT", ...overruled },
  {
    program: "nuxt",
    words: ["dev", "start"],
    port: 3000,
    variable: "PORT",
    dotenv: true,
    config: { name: "nuxt.config", inside: "devServer" },
    ...once,
  },
  {
    program: "nuxi",
    words: ["dev"],
    port: 3000,
    variable: "PORT",
    dotenv: true,
    config: { name: "nuxt.config", inside: "devServer" },
    ...once,
  },
  // astro ignores a port that is no number, as the list of two is (cli/flags.ts).
  {
    program: "astro",
    words: ["dev", "start"],
    port: 4321,
    config: { name: "astro.config", inside: "server" },
    ...once,
  },
  { program: "react-scripts", words: ["start"], port: 3000, variable: "PORT", dotenv: true },
  { program: "craco", words: ["start"], port: 3000, variable: "PORT", dotenv: true },
  {
    program: "vue-cli-service",
    words: ["serve"],
    port: 8080,
    variable: "PORT",
    config: { name: "vue.config", inside: "devServer" },
    ...once,
  },
  // Angular keeps the last of what is no list (command-builder/utilities/normalize-options-middleware.ts).
  {
    program: "ng",
    words: ["serve", "s", "dev"],
    port: 4200,
    config: { name: "angular.json", inside: '"serve"' },
    ...overruled,
  },
  { program: "gatsby", words: ["develop"], port: 8000, variable: "PORT" },
  // vercel/arg.
  { program: "react-router", words: ["dev"], port: 5173, config: viteConfig, ...overruled },
  { program: "remix", words: ["vite:dev"], port: 5173, config: viteConfig, ...overruled },
  { program: "remix", words: ["dev"], port: 3000, variable: "PORT" },
  { program: "svelte-kit", words: ["dev"], port: 5173, config: viteConfig },
  { program: "vinxi", words: ["dev"], port: 3000, variable: "PORT" },
  {
    program: "webpack-dev-server",
    words: [],
    port: 8080,
    config: { name: "webpack.config", inside: "devServer" },
    ...once,
  },
  {
    program: "webpack",
    words: ["serve"],
    port: 8080,
    config: { name: "webpack.config", inside: "devServer" },
    ...once,
  },
  {
    program: "rspack",
    words: ["serve", "dev"],
    port: 8080,
    config: { name: "rspack.config", inside: "devServer" },
    ...once,
  },
  { program: "rsbuild", words: ["dev"], port: 3000, config: { name: "rsbuild.config", inside: "server" }, ...once },
  // commander.
  { program: "parcel", words: [], not: ["build", "watch"], port: 1234, variable: "PORT", ...overruled },
  { program: "wrangler", words: ["dev"], port: 8787, ...once },
  // vercel/arg.
  { program: "expo", words: ["start"], port: 8081, ...overruled },
  { program: "eleventy", words: ["--serve"], port: 8080, ...once },
  // commander.
  { program: "docusaurus", words: ["start"], port: 3000, ...overruled },
  { program: "vitepress", words: ["dev"], port: 5173, ...once },
  { program: "http-server", words: [], port: 8080, variable: "PORT" },
  { program: "json-server", words: [], port: 3000, ...once },
  { program: "strapi", words: ["develop", "dev", "start"], port: 1337, variable: "PORT", dotenv: true },
  { program: "medusa", words: ["develop", "start"], port: 9000, variable: "PORT", dotenv: true },
  { program: "directus", words: ["start"], port: 8055, variable: "PORT", dotenv: true },
  { program: "keystone", words: ["dev"], port: 3000, variable: "PORT" },
  { program: "rw", words: ["dev"], port: 8910, config: { name: "redwood.toml", inside: "[web]" } },
  // Thor: an option that is not repeatable has its last value.
  { program: "rails", words: ["server", "s"], port: 3000, variable: "PORT", ...overruled },
  // A second port would be a second address to listen on.
  { program: "puma", words: [], port: 9292, variable: "PORT" },
  // click.
  { program: "flask", words: ["run"], port: 5000, variable: "FLASK_RUN_PORT", dotenv: true, ...overruled },
  { program: "uvicorn", words: [], port: 8000, variable: "UVICORN_PORT", ...overruled },
  { program: "fastapi", words: ["dev", "run"], port: 8000, ...overruled },
  { program: "gunicorn", words: [], port: 8000, variable: "PORT" },
  { program: "manage.py", words: ["runserver"], port: 8000, option: "{port}" },
  // Symfony's ArgvInput writes the later value over the earlier.
  { program: "artisan", words: ["serve"], port: 8000, variable: "SERVER_PORT", dotenv: true, ...overruled },
  { program: "mix", words: ["phx.server"], port: 4000, variable: "PORT" },
  // pflag, and Ruby's OptionParser.
  { program: "hugo", words: ["server", "serve"], port: 1313, ...overruled },
  { program: "jekyll", words: ["serve", "s"], port: 4000, ...overruled },
];

/** The dev server that a program with these words is; null where it is none that is known. */
export function devServerOf(program: string, rest: readonly string[]): DevServer | null {
  const first = rest.find((word) => !word.startsWith("-"));
  const found = servers.find(
    (server) =>
      server.program === program &&
      server.not?.includes(first ?? "") !== true &&
      (server.words.length === 0 || server.words.some((word) => rest.includes(word))),
  );
  if (program === "vite" && first === "preview" && found !== undefined) return { ...found, port: 4173 };
  return found ?? null;
}

/** Programs of which `-p` is known to mean the port. */
export const shortPortPrograms: ReadonlySet<string> = new Set(
  "next nuxt serve http-server json-server parcel gatsby rails flask puma live-server react-router astro sirv php expo docusaurus".split(
    " ",
  ),
);
