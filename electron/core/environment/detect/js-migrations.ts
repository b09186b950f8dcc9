/** Migrations of JavaScript projects that no script names, from the files their tools keep. */
import type { PackageJson } from "./package-json.ts";
import type { ProjectFiles } from "./project-files.ts";
import { bareCommand, shellCommands } from "./shell-words.ts";
import { wrapperLength } from "./secret-wrappers.ts";

/** Where migrations are kept as files; `out` of drizzle's configuration is looked at besides. */
const migrationFolders = [
  "prisma/migrations",
  "drizzle",
  "drizzle/migrations",
  "migrations",
  "db/migrations",
  "src/migrations",
  "src/db/migrations",
  "src/database/migrations",
  "src/server/db/migrations",
  "api/db/migrations",
];

/** Whether a package keeps migrations as files. */
export async function hasMigrationFiles(files: ProjectFiles, folder: string): Promise<boolean> {
  const folders = [...migrationFolders];
  const drizzle = await firstText(files, folder, ["drizzle.config.ts", "drizzle.config.js", "drizzle.config.mjs"]);
  const out = /\bout\s*:\s*["'`]([\w@./-]+)["'`]/.exec(drizzle ?? "")?.[1];
  if (out !== undefined) folders.push(out);
  for (const one of folders) if ((await files.list(within(folder, one))).some(isMigration)) return true;
  return false;
}

function isMigration(name: string): boolean {
  return /^\d|\.sql$|^meta$|^Migration/.test(name) && !name.startsWith(".");
}

export interface InferredTask {
  readonly name: string;
  /** Words of a program installed with the project. */
  readonly words: readonly string[];
  readonly file: string;
}

/** The migration that the files of a package imply: one that applies what is written down, and asks and drops nothing. */
export async function inferredMigration(files: ProjectFiles, file: PackageJson): Promise<InferredTask | null> {
  const { folder, dependencies } = file;
  const has = (path: string) => files.exists(within(folder, path));
  const uses = (...names: readonly string[]) => names.some((name) => dependencies.has(name));
  for (const schema of ["prisma/schema.prisma", "api/db/schema.prisma", "db/schema.prisma", "schema.prisma"]) {
    if (!(await has(schema))) continue;
    const migrations = within(folder, `${schema.slice(0, schema.lastIndexOf("/") + 1)}migrations`);
    if ((await files.list(migrations)).length === 0) return null;
    const rest = schema === "prisma/schema.prisma" ? [] : ["--schema", schema];
    const words = ["prisma", "migrate", "deploy", ...rest];
    return { name: "migrate", words: uses("@redwoodjs/core") ? ["rw", ...words.slice(0, 3)] : words, file: schema };
  }
  const candidates: readonly (readonly [readonly string[], readonly string[], readonly string[]])[] = [
    [["drizzle-kit"], endings("drizzle.config"), ["drizzle-kit", "migrate"]],
    [["@medusajs/medusa"], endings("medusa-config"), ["medusa", "db:migrate"]],
    [["@mikro-orm/cli"], endings("mikro-orm.config"), ["mikro-orm", "migration:up"]],
    [["knex"], endings("knexfile"), ["knex", "migrate:latest"]],
    [["sequelize-cli"], [".sequelizerc", "config/config.json"], ["sequelize-cli", "db:migrate"]],
    [["node-pg-migrate"], ["migrations"], ["node-pg-migrate", "up"]],
  ];
  for (const [packages, configs, words] of candidates) {
    if (!uses(...packages)) continue;
    if (words[0] === "drizzle-kit" && !(await hasMigrationFiles(files, folder))) continue;
    for (const config of configs) if (await has(config)) return { name: "migrate", words, file: config };
  }
  return null;
}

/** The same for seed data; it is shown, and run only when it is named: what no script names may not bear being run twice. */
export function inferredSeed(file: PackageJson): InferredTask | null {
  if (file.prismaSeed === null) return null;
  const words = file.dependencies.has("@redwoodjs/core") ? ["rw", "prisma", "db", "seed"] : ["prisma", "db", "seed"];
  return { name: "seed", words, file: "package.json#prisma.seed" };
}

/** `prisma migrate dev` of a script as the command that applies the same migrations without a terminal, wrapper kept. */
export function withoutQuestions(text: string): { wrapper: readonly string[]; words: readonly string[] } | null {
  for (const { words } of shellCommands(text) ?? []) {
    const bare = bareCommand(words).words;
    if (bare[0] !== "prisma" || bare[1] !== "migrate" || bare[2] !== "dev") continue;
    const schema = bare.findIndex((word) => word === "--schema" || word.startsWith("--schema="));
    const rest = schema < 0 ? [] : bare.slice(schema, schema + (bare[schema] === "--schema" ? 2 : 1));
    return { wrapper: words.slice(0, wrapperLength(words)), words: ["prisma", "migrate", "deploy", ...rest] };
  }
  return null;
}

function endings(name: string): readonly string[] {
  return [".ts", ".js", ".mjs", ".cjs"].map((ending) => `${name}${ending}`);
}

async function firstText(files: ProjectFiles, folder: string, names: readonly string[]): Promise<string | null> {
  for (const name of names) {
    const file = await files.readText(within(folder, name));
    if (file.kind === "text") return file.text;
  }
  return null;
}

function within(folder: string, path: string): string {
  return folder === "" ? path : `${folder}/${path}`;
}
