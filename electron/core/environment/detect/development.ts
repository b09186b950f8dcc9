/**
 * What a folder says about the programs of its development, beside its containers: lists of processes, scripts, and what its
 * frameworks are started with. Decides who is believed where several of them speak of the same program.
 */
import type { SourceReading } from "./detected.ts";
import { readPackageScripts } from "./package-scripts.ts";
import { readProcfile, withoutScriptTwins } from "./procfile.ts";
import type { ProjectFiles } from "./project-files.ts";

export interface OtherReadings {
  readonly compose: SourceReading;
  /** Sources in which the author lists what development is made of, such as process-compose.yaml. */
  readonly stated: readonly SourceReading[];
}

/** All readings of the folder, the compose file's first; those in `stated` are not among them. */
export async function readDevelopment(files: ProjectFiles, others: OtherReadings): Promise<readonly SourceReading[]> {
  const { compose, stated } = others;
  const procfile = await readProcfile(files);
  const lists = [...stated, ...(procfile.development ? [procfile] : [])];
  const scripts = await readPackageScripts(files, {
    hasCompose: compose.services.length > 0,
    procfile: lists.flatMap((list) => list.services.map((service) => String(service.plan.command))),
    hasProcfile: procfile.services.length > 0 || stated.some((list) => list.services.length > 0),
  });
  return [compose, scripts, procfile.development ? procfile : withoutScriptTwins(procfile, scripts)];
}
