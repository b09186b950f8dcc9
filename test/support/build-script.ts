import { join } from "node:path";
import { pathToFileURL } from "node:url";

const folder = join(import.meta.dirname, "..", "..", "build");

/** A script of build/ (plain JavaScript, outside every TypeScript project) with the types a test says it has. */
export async function importBuildScript<Exports>(name: string): Promise<Exports> {
  return (await import(pathToFileURL(join(folder, name)).href)) as Exports;
}
