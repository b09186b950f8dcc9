/** The services of a deckhand.yaml, laid over what was detected: explicit beats detected. */
import { relative } from "node:path";
import { isInside } from "../../lib/inside.ts";
import { inTurns } from "../../lib/turns.ts";
import type { DetectedService, Dependency } from "../detect/detected.ts";
import type { ProjectFiles } from "../detect/project-files.ts";
import { isYamlMap } from "../detect/yaml-values.ts";
import { readService, serviceSpot, type ConfigFile } from "./config-file.ts";
import { changed, commandOfConfig, type ServiceContext } from "./config-service.ts";
import { EnvFiles } from "./env-files.ts";
import { inside, type Spot } from "./form.ts";
import {
  fromFiles,
  inheritedVariables,
  over,
  topSpot,
  without,
  type InheritedVariables,
} from "./inherited-variables.ts";
import { checkProbeVariables } from "./probe-variables.ts";
import { activeProfiles, isInProfile } from "./profiles.ts";
import { folderOf } from "./project-folder.ts";
import type { ServiceConfig } from "./service-form.ts";
import { lateNamesOf, statedVariables } from "./stated-variables.ts";

export interface ExplicitInput {
  readonly config: ConfigFile;
  readonly files: ProjectFiles;
  readonly profile: string;
  /** Asked for by name, whatever their profiles are. */
  readonly named: readonly string[];
  /** The environment of the login shell. */
  readonly shell: Readonly<Record<string, string>>;
  /** What the other sources say; empty where they do not count. */
  readonly detected: readonly DetectedService[];
  /** All containers of the compose file, those of other profiles, too. */
  readonly containers: readonly DetectedService[];
}

export interface ExplicitServices {
  readonly services: readonly DetectedService[];
  /** Only these, and what they need; null: all. */
  readonly only: readonly string[] | null;
  /** Every profile that the file names. */
  readonly profiles: readonly string[];
}

/** Reads the services and lays them over the others. Problems go to the config's own list. */
export async function explicitServices(input: ExplicitInput): Promise<ExplicitServices> {
  return new Explicit(input).services();
}

class Explicit {
  readonly #input: ExplicitInput;
  readonly #envFiles: EnvFiles;
  readonly #folders = new Map<string, Promise<boolean>>();
  /** Compose services that have a name of their own here. */
  readonly #renamed = new Map<string, string>();

  constructor(input: ExplicitInput) {
    this.#input = input;
    this.#envFiles = new EnvFiles(input.files);
  }

  async services(): Promise<ExplicitServices> {
    const { config, files, profile, named, shell, detected, containers } = this.#input;
    this.#checkProfile();
    const late = lateNamesOf(config, detected, containers);
    const inherited = await inheritedVariables({ files, envFiles: this.#envFiles, config, profile, shell, late });
    const byName = new Map(detected.map((service) => [service.plan.name, service]));
    const explicit = new Map<string, DetectedService>();
    for await (const name of inTurns(config.services.keys())) {
      const read = readService(config, name, inherited.known);
      if (read === undefined) continue;
      const service = await this.#service(name, read, { byName, inherited, late });
      if (service !== null) explicit.set(name, service);
    }

    const active = activeProfiles(
      profile,
      [...explicit].map(([name, { plan }]) => ({ name, profiles: plan.profiles })),
      named,
    );
    // A service that is in other profiles only still stands for the detected one of its name.
    const kept = [...explicit.values()].filter(({ plan }) => isInProfile(plan.profiles, active));
    const rest = config.detect
      ? detected
          .filter(
            ({ plan, run }) => !explicit.has(plan.name) && !(run.kind === "compose" && this.#renamed.has(run.service)),
          )
          .map((service) => withVariables(service, inherited))
      : [];
    const services = [...kept, ...rest].map((service) => this.#withNewNames(service));
    const profiles = [...config.profiles.keys(), ...[...explicit.values()].flatMap(({ plan }) => plan.profiles)];
    return { services, only: this.#only(services, profile), profiles };
  }

  async #service(
    name: string,
    config: ServiceConfig,
    variables: {
      readonly byName: ReadonlyMap<string, DetectedService>;
      readonly inherited: InheritedVariables;
      readonly late: ReadonlySet<string>;
    },
  ): Promise<DetectedService | null> {
    const { files, config: file } = this.#input;
    const spot = serviceSpot(file, name);
    const base = this.#base(name, config, variables.byName, spot);
    if (base === null && (config.command === undefined || this.#isPasted(name))) return null;
    const folder =
      config.working_dir === undefined
        ? (base?.plan.workingDirectory ?? files.directory)
        : folderOf(config.working_dir, files.directory);
    if (config.working_dir !== undefined && !(await this.#isThere(folder))) {
      spot.report(
        [...spot.path, "working_dir"],
        `${name} is to run in ${config.working_dir}, and there is no such folder in the project. Correct the path, or make the folder.`,
      );
    }
    const { inherited, late } = variables;
    const own = await fromFiles(this.#envFiles, {
      list: config.env_file ?? [],
      folder,
      known: inherited.known,
      spot: inside(spot, "env_file"),
    });
    const ownPorts = new Set((config.ports ?? base?.plan.ports ?? []).map(({ env }) => env));
    const isLate = (one: string) => late.has(one) || ownPorts.has(one);
    const stated = statedVariables(config.environment ?? config.env, {
      known: over(inherited.known, own),
      isLate: (one) => isLate(one) || (inherited.templates.has(one) && !own.has(one)),
      spot: inside(spot, config.environment === undefined ? "env" : "environment"),
    });
    // What only changes a detected service leaves it to that one which files it reads.
    const usual = config.command === undefined || config.dotenv === false ? new Map<string, string>() : inherited.files;
    const context: ServiceContext = {
      name,
      source: `${file.file}#services.${name}`,
      directory: files.directory,
      placeOf: (dependency) => file.place([...spot.path, "depends_on", dependency]),
      spot,
      environment: Object.fromEntries(over(usual, inherited.profile, own, stated.values)),
      templates: over(without(inherited.templates, own, stated.values), stated.templates),
    };
    const has = (one: string) => Object.hasOwn({ ...base?.environment, ...context.environment }, one);
    checkProbeVariables(config, (one) => isLate(one) || has(one), spot);
    return base === null ? commandOfConfig(config, context) : changed(base, config, context);
  }

  /** What a service without a command of its own changes; null: nothing, and that was reported. */
  #base(
    name: string,
    config: ServiceConfig,
    byName: ReadonlyMap<string, DetectedService>,
    spot: Spot,
  ): DetectedService | null {
    if (config.compose !== undefined) {
      if (config.command !== undefined) {
        spot.report(
          [...spot.path, "command"],
          `${name} is a container of the compose file, so its \`command\` is ignored. Change it in that file.`,
          "warning",
        );
      }
      return this.#container(name, config.compose.service ?? name, spot);
    }
    const isContainer = this.#isPasted(name);
    if (config.command !== undefined && !isContainer) return null;
    const base = isContainer ? undefined : byName.get(name);
    if (base !== undefined) return base;
    const next = isContainer
      ? `Put it into compose.yaml, and write \`${name}: { compose: ${name} }\` here`
      : this.#input.config.detect
        ? "Give it a `command` or a `compose` service, or the name of one that is detected"
        : "Give it a `command` or a `compose` service";
    spot.report(spot.path, `${name} has nothing to run${isContainer ? " outside a container" : ""}. ${next}.`);
    return null;
  }

  /** A container that was pasted over; its command is for the inside of it, and must not be run on this machine. */
  #isPasted(name: string): boolean {
    const value = this.#input.config.services.get(name);
    return isYamlMap(value) && (value.has("image") || value.has("build"));
  }

  #container(name: string, service: string, spot: Spot): DetectedService | null {
    const { containers } = this.#input;
    const found = containers.find(({ run }) => run.kind === "compose" && run.service === service);
    if (found === undefined) {
      const known = containers.map(({ plan }) => plan.name).slice(0, 20);
      const next = known.length === 0 ? "There is no compose file with services" : `There are: ${known.join(", ")}`;
      spot.report([...spot.path, "compose"], `The compose file has no service ${service}. ${next}.`);
      return null;
    }
    const other = this.#renamed.get(service);
    if (other !== undefined) {
      const message = `The container ${service} is ${other} already. Take one of the two out.`;
      spot.report([...spot.path, "compose"], message);
      return null;
    }
    this.#renamed.set(service, name);
    // Whoever names it wants it; docker compose sees that the same way.
    return { ...found, plan: { ...found.plan, profiles: [] } };
  }

  /** Containers wait for each other by the names they have in their file. */
  #withNewNames(service: DetectedService): DetectedService {
    if (service.run.kind !== "compose" || service.dependencyPlaces !== undefined) return service;
    if (![...service.dependencies.keys()].some((name) => (this.#renamed.get(name) ?? name) !== name)) return service;
    const dependencies = new Map<string, Dependency>(
      [...service.dependencies].map(([name, dependency]) => [this.#renamed.get(name) ?? name, dependency]),
    );
    const dependsOn = Object.fromEntries([...dependencies].map(([name, { condition }]) => [name, condition]));
    return { ...service, dependencies, plan: { ...service.plan, dependsOn } };
  }

  #checkProfile(): void {
    const { config, profile } = this.#input;
    // `dev` is what everybody gets who says nothing.
    if (config.profiles.size === 0 || config.profiles.has(profile) || profile === "dev") return;
    const names = [...config.profiles.keys()].slice(0, 20).join(", ");
    const spot = topSpot(config);
    spot.report(
      ["profiles"],
      `${config.file} has no profile ${profile}, so nothing is set for it. There are: ${names}.`,
      "warning",
    );
  }

  /** What the profile lists, as far as it is there. */
  #only(services: readonly DetectedService[], profile: string): readonly string[] | null {
    const { config } = this.#input;
    const listed = config.profiles.get(profile)?.services;
    if (listed === undefined) return null;
    const names = new Set(services.map(({ plan }) => plan.name));
    const spot = topSpot(config);
    for (const [index, name] of listed.entries()) {
      if (names.has(name)) continue;
      const message = `The profile ${profile} lists ${name}, and there is no such service in it. Correct the name.`;
      spot.report(["profiles", profile, "services", index], message);
    }
    return listed;
  }

  /** Folders outside the project are not looked at; a start will tell whether they are there. */
  #isThere(folder: string): Promise<boolean> {
    const { files } = this.#input;
    let answer = this.#folders.get(folder);
    if (answer === undefined) {
      answer = isInside(files.directory, folder)
        ? files.exists(relative(files.directory, folder))
        : Promise.resolve(true);
      this.#folders.set(folder, answer);
    }
    return answer;
  }
}

/** What a profile sets reaches what was detected, too; docker compose decides itself what containers are given. */
function withVariables(service: DetectedService, { profile, templates }: InheritedVariables): DetectedService {
  if (service.run.kind === "compose" || profile.size === 0) return service;
  const environment = Object.fromEntries(over(new Map(Object.entries(service.environment)), profile));
  return { ...service, environment, ...(templates.size === 0 ? {} : { templates: Object.fromEntries(templates) }) };
}
