/** The variables that services get without saying so: from the project's files, and from the profile. */
import type { ProjectFiles } from "../detect/project-files.ts";
import { serviceSpot, type ConfigFile } from "./config-file.ts";
import type { ProfileConfig } from "./config-form.ts";
import type { EnvFiles, Variables } from "./env-files.ts";
import type { EnvFileConfig, EnvironmentConfig } from "./environment-form.ts";
import { inside, type Spot } from "./form.ts";

export interface InheritedVariables {
  /** `.env` and `.env.local`, or what the file names instead: for services that are commands of a deckhand.yaml. */
  readonly files: Variables;
  /** For every process, detected or not. */
  readonly profile: Variables;
  /** What texts may refer to: the login shell, the files, the profile. */
  readonly known: Variables;
}

/** Both files are the user's own habit, in this order; the second is not for the repository. */
const usualEnvFiles: readonly EnvFileConfig[] = [
  { path: ".env", required: false },
  { path: ".env.local", required: false },
];

/** @param config Null: there is no deckhand.yaml; then only the usual files count. */
export async function inheritedVariables(input: {
  readonly files: ProjectFiles;
  readonly envFiles: EnvFiles;
  readonly config: ConfigFile | null;
  readonly profile: string;
  readonly shell: Readonly<Record<string, string>>;
}): Promise<InheritedVariables> {
  const { files, envFiles, config, profile, shell } = input;
  const { directory } = files;
  const top: Spot = config === null ? silent : topSpot(config);
  const chosen: ProfileConfig | undefined = config?.profiles.get(profile);
  const fromShell: Variables = new Map(Object.entries(shell));
  const list = config?.envFiles ?? usualEnvFiles;
  const usual = await fromFiles(envFiles, { list, folder: directory, known: fromShell, spot: inside(top, "env_file") });
  const below = over(fromShell, usual);
  const ofProfile = await fromFiles(envFiles, {
    list: chosen?.env_file ?? [],
    folder: directory,
    known: below,
    spot: { ...top, path: ["profiles", profile, "env_file"] },
  });
  const own = ownVariables(chosen?.environment ?? chosen?.env, over(below, ofProfile));
  return { files: usual, profile: over(ofProfile, own), known: over(below, ofProfile, own) };
}

const silent: Spot = { path: [], report: () => undefined };

/** The top of the file, for problems. */
export function topSpot(config: ConfigFile): Spot {
  return { ...serviceSpot(config, ""), path: [] };
}

/** Reads files of variables, a later one over an earlier; what is missing is a problem unless it is not required. */
export async function fromFiles(
  envFiles: EnvFiles,
  about: {
    readonly list: readonly EnvFileConfig[];
    readonly folder: string;
    readonly known: Variables;
    readonly spot: Spot;
  },
): Promise<Variables> {
  const { list, folder, known, spot } = about;
  let result: Variables = new Map();
  for (const [index, { path, required }] of list.entries()) {
    const reading = await envFiles.read(path, folder, over(known, result));
    const at = inside(spot, index).path;
    if (reading.kind === "values") result = over(result, reading.values);
    else if (reading.kind === "problem") spot.report(at, reading.problem.message);
    else if (required && !usualEnvFiles.some((usual) => usual.path === path)) {
      const next = `Make it, correct the path, or write \`{ path: ${path}, required: false }\`.`;
      spot.report(at, `There is no file ${path}. ${next}`);
    }
  }
  return result;
}

/** Later ones win. */
export function over(...layers: readonly Variables[]): Variables {
  return new Map(layers.flatMap((layer) => [...layer]));
}

/** What a service or profile sets by itself; a name without a value is taken from what is known. */
export function ownVariables(own: EnvironmentConfig | undefined, known: Variables): Variables {
  const result = new Map<string, string>();
  for (const [name, value] of own ?? []) {
    const given = value ?? known.get(name);
    if (given !== undefined) result.set(name, given);
  }
  return result;
}
