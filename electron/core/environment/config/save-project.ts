/** What would be written to save the environment of a folder as its deckhand.yaml. Nothing is written here: that is for the user to say. */
import type { Problem } from "#shared/schema/environment.ts";
import { AppError } from "../../lib/error.ts";
import { realDirectory } from "../../workspace/projects.ts";
import { detect, type DetectInput } from "../detect/detect.ts";
import type { DetectedProject, DetectedService } from "../detect/detected.ts";
import { projectFiles, type ProjectFiles } from "../detect/project-files.ts";
import type { YamlValue } from "../detect/yaml-values.ts";
import { differences } from "./compare-plans.ts";
import { configNames, readConfigFile } from "./config-file.ts";
import type { EditedServices } from "./edit-services.ts";
import { EnvFiles } from "./env-files.ts";
import { inheritedVariables, type InheritedVariables } from "./inherited-variables.ts";
import { placedProblems } from "./placed-problems.ts";
import { saveConfig, type SaveInput } from "./save-config.ts";
import { lateNames } from "./stated-variables.ts";
import { isChanged } from "./write-entry.ts";

export interface ProjectInput {
  readonly directory: string;
  readonly profile: string;
  /** The environment of the login shell. */
  readonly environment?: Readonly<Record<string, string>>;
}

export interface SaveProjectInput extends ProjectInput {
  /** The plan as it shall be, from the one that is detected. */
  readonly change?: (project: SavedProject) => EditedServices;
  readonly write: SaveInput["write"];
}

/** A folder, its deckhand.yaml and where its variables come from. */
export interface SavedProject {
  /** The folder's real path. */
  readonly directory: string;
  readonly services: DetectedProject["services"];
  readonly detected: DetectedProject;
  readonly inherited: InheritedVariables;
  /** What the file says of each service, as written. */
  readonly stated: ReadonlyMap<string, YamlValue>;
  /** Relative to the project. */
  readonly file: string;
  /** What it holds now; null: it is not there. */
  readonly existing: string | null;
}

export interface ConfigText {
  /** Relative to the project. */
  readonly file: string;
  /** What it holds now; null: it is not there. For whoever wants to see the difference first. */
  readonly existing: string | null;
  readonly text: string;
}

/** @throws AppError those of `detect`; `plan_invalid` where the file that is there cannot be opened. */
export async function readSavedProject(input: ProjectInput): Promise<SavedProject> {
  const { profile, environment = {} } = input;
  const directory = realDirectory(input.directory);
  const files = projectFiles(directory);
  const { file, existing } = await existingConfig(files);
  const detected = await detect({ directory, profile, environment });
  const reading = await readConfigFile(files);
  const config = reading.kind === "config" ? reading.config : null;
  const envFiles = new EnvFiles(files);
  const late = lateNames([], detected.services.values());
  const inherited = await inheritedVariables({ files, envFiles, config, profile, shell: environment, late });
  const stated = config?.services ?? new Map<string, YamlValue>();
  return { directory, services: detected.services, detected, inherited, stated, file, existing };
}

/**
 * @throws AppError those of `detect` and of `change`; `plan_invalid` where the file that is there cannot be read, so that nothing of
 * it could be kept, or where what would be written would not be read as it was meant.
 */
export async function configTextFor(input: SaveProjectInput): Promise<ConfigText> {
  const { profile, environment = {}, change = ({ services }) => ({ services, typed: new Map() }), write } = input;
  const project = await readSavedProject(input);
  const { directory, file, existing, inherited, services: before } = project;
  const { services: after, typed } = change(project);
  const saved = saveConfig({
    file,
    existing,
    before,
    after,
    directory,
    inherited,
    typed,
    composeFile: project.detected.compose?.files[0] ?? null,
    write,
  });
  if (!saved.ok) throw unreadable(file, saved.problems);
  const { text } = saved;
  // Also a text that stays as it is may be no answer to what was asked for.
  if (text !== existing || after !== before) {
    await checkReading(project, { services: after, typed }, { directory, profile, environment, text });
  }
  return { file, existing, text };
}

/** Reads the folder as if the text stood there: what was edited must be as it was meant, and nothing else wrong that was not before. */
async function checkReading(
  { detected, file, inherited, directory, services: before }: SavedProject,
  { services: after, typed }: EditedServices,
  { text, ...input }: DetectInput & { readonly text: string },
): Promise<void> {
  const read = await detect({ ...input, texts: new Map([[file, text]]) });
  const known = new Set(detected.detection.problems.map(({ message }) => message));
  const fresh = read.detection.problems.filter(({ message }) => !known.has(message));
  const fields = placedProblems(fresh, { file, text, services: [...typed.keys()] });
  if (fields[0] !== undefined) throw new AppError("bad_input", fields[0].message, { details: { fields } });
  const wrong = fresh.find(({ severity }) => severity === "error");
  if (wrong !== undefined) {
    throw new AppError("plan_invalid", `With that change the services could not be started: ${wrong.message}`, {
      next: `Change something else, or edit ${file} by hand.`,
      details: { problems: [wrong] },
    });
  }
  for (const [name, edited] of after) {
    const got = read.services.get(name);
    const wanted = got === undefined ? edited : withReplaced(edited, got, typed.get(name));
    if (before.get(name) === edited || (got !== undefined && !isChanged(got, wanted, { directory, inherited })))
      continue;
    const what = got === undefined ? [] : differences(got, wanted);
    throw new AppError(
      "plan_invalid",
      `That change of ${name} cannot be written so that it is read as it is meant${what.length === 0 ? "" : `: ${what.join(", ")}`}.`,
      {
        next: `Edit ${file} by hand.`,
        details: { service: name },
      },
    );
  }
}

/** What a variable means that refers to others, only its reader knows. */
function withReplaced(
  service: DetectedService,
  { environment }: DetectedService,
  typed: ReadonlyMap<string, string> = new Map(),
): DetectedService {
  const read = [...typed].flatMap(([name, text]) => {
    const value = environment[name];
    return text.includes("$") && value !== undefined ? [[name, value] as const] : [];
  });
  return { ...service, environment: { ...service.environment, ...Object.fromEntries(read) } };
}

function unreadable(file: string, problems: readonly Problem[]): AppError {
  return new AppError("plan_invalid", `${file} cannot be read, so nothing was saved: ${problems[0]?.message ?? ""}`, {
    next: `Correct ${problems[0]?.source ?? file} first.`,
    details: { problems },
  });
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
