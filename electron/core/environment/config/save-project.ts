/** What would be written to save the environment of a folder as its deckhand.yaml. Nothing is written here: that is for the user to say. */
import { AppError } from "../../lib/error.ts";
import { realDirectory } from "../../workspace/projects.ts";
import { detect } from "../detect/detect.ts";
import type { DetectedService } from "../detect/detected.ts";
import { projectFiles, type ProjectFiles } from "../detect/project-files.ts";
import { configNames, readConfigFile } from "./config-file.ts";
import { EnvFiles } from "./env-files.ts";
import { inheritedVariables } from "./inherited-variables.ts";
import { saveConfig, type SaveInput } from "./save-config.ts";
import { lateNames } from "./stated-variables.ts";

export interface SaveProjectInput {
  readonly directory: string;
  readonly profile: string;
  /** The environment of the login shell. */
  readonly environment?: Readonly<Record<string, string>>;
  /** The plan as it shall be, from the one that is detected. */
  readonly change?: (services: ReadonlyMap<string, DetectedService>) => ReadonlyMap<string, DetectedService>;
  readonly write: SaveInput["write"];
}

export interface ConfigText {
  /** Relative to the project. */
  readonly file: string;
  /** What it holds now; null: it is not there. For whoever wants to see the difference first. */
  readonly existing: string | null;
  readonly text: string;
}

/**
 * @throws AppError those of `detect`; `plan_invalid` where the file that is there cannot be read, so that nothing of it could be
 * kept.
 */
export async function configTextFor(input: SaveProjectInput): Promise<ConfigText> {
  const { profile, environment = {}, change = (services) => services, write } = input;
  const directory = realDirectory(input.directory);
  const files = projectFiles(directory);
  const { file, existing } = await existingConfig(files);
  const project = await detect({ directory, profile, environment });
  const reading = await readConfigFile(files);
  const inherited = await inheritedVariables({
    files,
    envFiles: new EnvFiles(files),
    config: reading.kind === "config" ? reading.config : null,
    profile,
    shell: environment,
    late: lateNames([], project.services.values()),
  });
  const saved = saveConfig({
    file,
    existing,
    before: project.services,
    after: change(project.services),
    directory,
    inherited,
    composeFile: project.compose?.files[0] ?? null,
    write,
  });
  if (saved.ok) return { file, existing, text: saved.text };
  throw new AppError(
    "plan_invalid",
    `${file} cannot be read, so nothing was saved: ${saved.problems[0]?.message ?? ""}`,
    {
      next: `Correct ${saved.problems[0]?.source ?? file} first.`,
      details: { problems: saved.problems },
    },
  );
}

async function existingConfig(files: ProjectFiles): Promise<{ file: string; existing: string | null }> {
  for (const file of configNames) {
    const found = await files.readText(file);
    if (found.kind === "text") return { file, existing: found.text };
    if (found.kind === "problem") {
      throw new AppError("plan_invalid", found.problem.message, { next: `Look at ${file}.`, details: {} });
    }
  }
  return { file: configNames[0] ?? "deckhand.yaml", existing: null };
}
