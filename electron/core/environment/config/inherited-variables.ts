/** The variables that services get without saying so: from the project's files, and from the profile. */
import type { ProjectFiles } from "../detect/project-files.ts";
import { serviceSpot, type ConfigFile } from "./config-file.ts";
import type { ProfileConfig } from "./config-form.ts";
import type { EnvFiles, Variables } from "./env-files.ts";
import type { EnvFileConfig } from "./environment-form.ts";
import { inside, type Spot } from "./form.ts";
import { statedVariables } from "./stated-variables.ts";

export interface InheritedVariables {
  /** `.env` and `.env.local`, or what the file names instead: for services that are commands of a deckhand.yaml. */
  readonly files: Variables;
  /** For every process, detected or not. */
  readonly profile: Variables;
  /** Values of the profile's that are completed at the start. */
  readonly templates: Variables;
  /** What texts may refer to: the login shell, the files, the profile, but for its templates. */
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
  /** Names that are only known at the start. */
  readonly late: ReadonlySet<string>;
}): Promise<InheritedVariables> {
  const { files, envFiles, config, profile, shell, late } = input;
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
  const { values, templates } = statedVariables(chosen?.environment ?? chosen?.env, {
    known: over(below, ofProfile),
    // Each service has ports of its own, and PORT is the usual name for the first.
    isLate: (name) => name === "PORT" || late.has(name),
    spot: { ...top, path: ["profiles", profile, chosen?.environment === undefined ? "env" : "environment"] },
  });
  const known = new Map([...over(below, ofProfile, values)].filter(([name]) => !templates.has(name)));
  return { files: usual, profile: over(ofProfile, values), templates, known };
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

/** Those whose name stands in none of the others. */
export function without(variables: Variables, ...others: readonly Variables[]): Variables {
  return new Map([...variables].filter(([name]) => !others.some((other) => other.has(name))));
}

/** Later ones win. */
export function over(...layers: readonly Variables[]): Variables {
  return new Map(layers.flatMap((layer) => [...layer]));
}
