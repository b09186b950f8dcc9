/** The migration and the seed of a project's packages: by script, or by the files of their tools. */
import { join } from "node:path";
import { commandService } from "./command-service.ts";
import type { DetectedService } from "./detected.ts";
import { hasMigrationFiles, inferredMigration, inferredSeed, withoutQuestions } from "./js-migrations.ts";
import type { PackageJson } from "./package-json.ts";
import { scriptLaunch, type PackageContext } from "./package-context.ts";
import { runInstalled, runWrapped } from "./package-manager.ts";
import { scriptKey } from "./script-book.ts";
import { runClosure } from "./script-rules.ts";
import { asks, chooseTasks } from "./script-tasks.ts";
import { trustDetail } from "./script-trust.ts";

/** Packages whose tasks are run: nobody keeps more databases in one project. */
const MAX_PACKAGES = 20;

export interface PackageTasks {
  readonly services: readonly DetectedService[];
  /** The script behind each of the services, by key; empty where none is. */
  readonly keys: readonly string[];
}

/**
 * The project's own package.json speaks first. Where it has no such task, the packages below it do: each migrates a database of
 * its own, as far as anybody can tell.
 */
export async function packageTasks(
  context: PackageContext,
  root: PackageJson | null,
  packages: readonly PackageJson[],
): Promise<PackageTasks> {
  const services: DetectedService[] = [];
  const keys: string[] = [];
  const add = (found: { readonly service: DetectedService; readonly key: string } | null) => {
    if (found === null) return;
    services.push(found.service);
    keys.push(found.key);
  };
  const own = root === null ? null : await choose(context, root);
  add(own?.migrate ?? null);
  add(own?.seed ?? null);
  const missing = { migrate: own?.migrate === undefined || own.migrate === null, seed: (own?.seed ?? null) === null };
  for (const one of packages) {
    if (services.length >= MAX_PACKAGES) break;
    const found = missing.migrate || missing.seed ? await choose(context, one) : null;
    if (missing.migrate) add(found?.migrate ?? null);
    // The data of one package's seed goes where its own migrations went.
    if (missing.seed && (missing.migrate || found?.migrate !== null)) add(found?.seed ?? null);
  }
  return { services, keys };
}

interface Chosen {
  readonly migrate: { readonly service: DetectedService; readonly key: string } | null;
  readonly seed: { readonly service: DetectedService; readonly key: string } | null;
}

async function choose(context: PackageContext, file: PackageJson): Promise<Chosen> {
  const { files, book } = context;
  const byName = chooseTasks(file, book, await hasMigrationFiles(files, file.folder), (key) => runClosure(key, book));
  const inferred = byName.migrate === null ? await inferredMigration(files, file) : null;
  const seeding = byName.seed === null ? inferredSeed(file) : null;
  return {
    migrate:
      byName.migrate !== null
        ? scriptTask(context, file, byName.migrate, "migrate")
        : inferred && toolTask(context, file, { ...inferred, role: "migrate", disabled: false }),
    seed:
      byName.seed !== null
        ? scriptTask(context, file, byName.seed, "seed")
        : seeding && toolTask(context, file, { ...seeding, role: "seed", disabled: true }),
  };
}

function scriptTask(context: PackageContext, file: PackageJson, script: string, role: "migrate" | "seed") {
  const { files, book, wrapper } = context;
  const key = scriptKey(file.folder, script);
  const launch = scriptLaunch(context, file.folder, script);
  const { manager, source } = launch;
  const text = book.texts.get(key) ?? "";
  const quiet = asks(text) ? withoutQuestions(text) : null;
  const own = [...wrapper, ...(quiet?.wrapper ?? [])];
  const argv = quiet === null ? launch.argv : runInstalled(manager, quiet.words);
  const line = [...own, quiet === null ? launch.line : argv.join(" ")].join(" ");
  const service = commandService({
    name: taskName(file, script),
    command: line,
    argv: runWrapped(manager, own, argv),
    directory: join(files.directory, file.folder),
    source,
    role,
    detail: quiet === null ? trustDetail(line, key, book) : line,
  });
  return { service, key };
}

function toolTask(
  context: PackageContext,
  file: PackageJson,
  task: { name: string; words: readonly string[]; file: string; role: "migrate" | "seed"; disabled: boolean },
) {
  const argv = [...context.wrapper, ...runInstalled(context.managers.get(file.folder) ?? "npm", task.words)];
  const service = commandService({
    name: taskName(file, task.name),
    command: argv as [string, ...string[]],
    directory: join(context.files.directory, file.folder),
    source: pathIn(file, task.file),
    role: task.role,
    disabled: task.disabled,
  });
  return { service, key: "" };
}

function taskName({ folder }: PackageJson, name: string): string {
  return folder === "" ? name : `${folder.split("/").at(-1)}:${name}`;
}

function pathIn({ folder }: PackageJson, path: string): string {
  return folder === "" ? path : `${folder}/${path}`;
}
