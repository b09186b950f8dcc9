/** Which scripts of a package migrate its database or fill it, and which of them may be part of a start. */
import { scriptKey, type ScriptBook } from "./script-book.ts";
import type { PackageJson } from "./package-json.ts";

const tools = "db|database|prisma|drizzle|knex|sequelize|typeorm|mikro-orm|mikro|orm|kysely|data|payload";
const migrateName = new RegExp(
  `^(?:(?:${tools})[:\\-_.])?(?:migrate|migrations?)(?:[:\\-_.](?:dev|development|local|deploy|latest|up|run|apply))?$`,
);
const pushName = /^(?:(?:db|database|prisma|drizzle|schema)[:\-_.])push(?:[:\-_.](?:dev|local))?$/;
const seedName = new RegExp(`^(?:(?:${tools})[:\\-_.])?seeds?(?:[:\\-_.](?:dev|development|local|run))?$`);

/** Commands that throw data away; a script with one of them is never run as part of a start. */
const destructive =
  /\b(?:reset|drop|rollback|down|wipe|truncate|undo|dropdb|fresh|refresh|purge)\b|\s--(?:force|force-reset|accept-data-loss)\b|\brm\s+-\w*r|\brimraf\b/i;

/** The same for the scripts that keep running, where clearing a build folder is an everyday thing: databases only. */
const destroysData =
  /\b(?:migrate|db|database|ecto|schema|prisma)[ :._-](?:reset|drop|fresh|refresh|wipe|purge)\b|--force-reset\b|--accept-data-loss\b|\bdropdb\b|\bcompose\b[^&|;]{0,80}\bdown\b[^&|;]{0,40}\s(?:-v|--volumes)\b/i;

/** Whether a text throws away what is in a database. */
export function destroysDatabase(text: string): boolean {
  return destroysData.test(text.slice(0, 20_000));
}

/** Whether a text is nothing to run unasked. */
export function isDestructive(text: string): boolean {
  return destructive.test(text.slice(0, 20_000));
}

/** Whether a script of this name runs to its end, so that it is no server. */
export function isTaskName(name: string): boolean {
  return migrateName.test(name) || seedName.test(name) || pushName.test(name);
}

export interface ScriptTasks {
  readonly migrate: string | null;
  readonly seed: string | null;
}

/**
 * The best migration and the best seed of one package, by name.
 *
 * @param hasMigrations Whether migrations are kept as files; where they are not, pushing the schema is how it gets there.
 * @param closure What a script runs, by key; none of that may be destructive either.
 */
export function chooseTasks(
  file: PackageJson,
  book: ScriptBook,
  hasMigrations: boolean,
  closure: (key: string) => ReadonlySet<string>,
): ScriptTasks {
  const safe = (name: string) => {
    const key = scriptKey(file.folder, name);
    const hooks = [`pre${name}`, `post${name}`].map((hook) => scriptKey(file.folder, hook));
    return [key, ...hooks, ...closure(key)].every((one) => !isDestructive(book.texts.get(one) ?? ""));
  };
  const best = (pattern: RegExp, preferred: readonly string[]) => {
    const names = [...file.scripts.keys()].filter((name) => pattern.test(name) && safe(name));
    const rank = (name: string) => {
      const at = preferred.indexOf(name);
      // A script that only ever works for a person at a terminal comes after one that does not ask.
      return (at < 0 ? preferred.length : at) + (asks(file.scripts.get(name) ?? "") ? 100 : 0);
    };
    return names.sort((a, b) => rank(a) - rank(b) || a.length - b.length)[0] ?? null;
  };
  const migrate = best(migrateName, ["db:migrate", "migrate", "db:migrate:dev", "migrate:dev"]);
  const push = best(pushName, ["db:push"]);
  return {
    migrate: push !== null && (migrate === null || !hasMigrations) && isPushed(file, push) ? push : migrate,
    seed: best(seedName, ["db:seed", "seed", "db:seed:dev", "seed:dev"]),
  };
}

/** Whether a push script pushes a schema, and not a branch or a build. */
function isPushed(file: PackageJson, name: string): boolean {
  return /\b(?:prisma|drizzle|payload|push)\b/.test(file.scripts.get(name) ?? "");
}

/** `prisma migrate dev` refuses to run without a terminal: it is for writing migrations, and may ask to reset. */
export function asks(text: string): boolean {
  return /\bprisma\s+migrate\s+dev\b/.test(text);
}
