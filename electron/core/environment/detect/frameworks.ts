/** What the frameworks of a project are started with while one works on it, where no list and no script says it. */
import type { DetectedService, SourceReading } from "./detected.ts";
import { readDjango } from "./django.ts";
import { readDotnet } from "./dotnet.ts";
import { frameworkFolder, type FrameworkReader } from "./framework.ts";
import { readGo } from "./go.ts";
import { readJvm } from "./jvm.ts";
import { readLaravel } from "./laravel.ts";
import { readPhoenix } from "./phoenix.ts";
import type { ProjectFiles } from "./project-files.ts";
import { readPythonWeb } from "./python-web.ts";
import { readRails } from "./rails.ts";
import { readRedwood } from "./redwood.ts";

const readers: readonly FrameworkReader[] = [
  readRails,
  readDjango,
  readPythonWeb,
  readLaravel,
  readPhoenix,
  readGo,
  readJvm,
  readDotnet,
  readRedwood,
];
/** Where the half of an application that is no JavaScript is kept, when it is not the project's own folder. */
const partFolders = ["backend", "server", "api", "src"];

/**
 * Reads them.
 *
 * @param commands What other sources run already; a framework's service that is the same by another name is left to them.
 * @param wanted Names of those that are there all the same.
 */
export async function readFrameworks(
  files: ProjectFiles,
  commands: readonly string[],
  wanted: ReadonlySet<string>,
): Promise<SourceReading> {
  const services: DetectedService[] = [];
  for (const folder of ["", ...partFolders]) {
    if (folder !== "" && services.length > 0) break;
    if (folder !== "" && !(await files.exists(folder))) continue;
    const view = frameworkFolder(files, folder);
    for (const read of readers) {
      for (const { service, sameAs } of await read(view)) {
        const isRun = commands.some((command) => sameAs.test(command.slice(0, 20_000)));
        if (!isRun || wanted.has(service.plan.name)) services.push(service);
      }
    }
  }
  return { services, problems: [] };
}
