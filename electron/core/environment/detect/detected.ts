/** What detection finds: what everybody may see of a service (its plan) and what only the runner needs. */
import type { Detection, Problem, ServicePlan } from "#shared/schema/environment.ts";
import type { DependencyCondition } from "#shared/schema/service.ts";
import type { TrustItem } from "#shared/schema/workspace.ts";
import type { RestartPolicy } from "../../service/restart-policy.ts";
import type { ServiceRules } from "../../service/service-rules.ts";

/** How a service waits for another one. */
export interface Dependency {
  readonly condition: DependencyCondition;
  /** False: the service starts also where the other one fails, or is not there. */
  readonly required: boolean;
  /** Where the other one is restarted, or turns unhealthy, this one is restarted too. Absent: no. */
  readonly restart?: boolean;
}

/** What is run for a service. */
export type ServiceRun =
  | { readonly kind: "argv"; readonly argv: readonly [string, ...string[]] }
  | {
      readonly kind: "compose";
      readonly service: string;
      /** Every entry of its `ports`, in the order of the file; what is moved is written anew with the others. */
      readonly published?: readonly PublishedPort[];
      /** The name the file fixes for its container; null: none. */
      readonly containerName?: string | null;
      /** Networks it is part of; null: it has a `network_mode` instead. */
      readonly networks?: readonly string[] | null;
    };

/** One published port of a container, as docker compose writes it in the long form. */
export interface PublishedPort {
  readonly target: string;
  /** A port or a range; null: docker chooses. */
  readonly published: string | null;
  readonly hostIp: string | null;
  readonly protocol: string;
  /** Its place among the ports of the plan; null: it is not one of them, and stays as it is. */
  readonly planned: number | null;
  /** The variable that `published` was written as, which programs of the project read as well; null: a number stands there. */
  readonly variable: string | null;
}

/** The compose files of a project, as docker compose must be given them. */
export interface ComposeSource {
  /** Relative to the folder, in order: a later file overrides an earlier one. */
  readonly files: readonly string[];
  /** Every profile that a service of the files names; needed to take all of them down. */
  readonly profiles: readonly string[];
}

/** One service as found in one source, before the sources are merged. */
export interface DetectedService {
  readonly plan: ServicePlan;
  readonly run: ServiceRun;
  /** The same edges as `plan.dependsOn`, with all that the runner needs. Names are hostile, hence a map. */
  readonly dependencies: ReadonlyMap<string, Dependency>;
  /** What the source sets for the process on top of the environment of the login shell. */
  readonly environment: Readonly<Record<string, string>>;
  /** Of those, the values that speak of ports and addresses, in compose's syntax: they are completed at each start. */
  readonly templates?: Readonly<Record<string, string>>;
  readonly restart: RestartPolicy;
  readonly rules: ServiceRules;
  /** From the stop signal to SIGKILL, in ms. */
  readonly graceMs: number;
  /** Its ports speak HTTP as far as one can tell, so that an `http://` address of it makes sense. */
  readonly http: boolean;
  /** The port is a framework's default, not written in the project. */
  readonly portAssumed: boolean;
  /** Ports on which its command listens unless an option tells it another one. Absent: not known, so it is always told. */
  readonly ownPorts?: readonly number[];
  /** Its source says what it waits for; nothing is inferred on top of that. */
  readonly statesOrder?: true;
  /** `file:line:column` of its dependencies, for problems; absent: only the source is known. */
  readonly dependencyPlaces?: ReadonlyMap<string, string>;
  /** Where it stands when an order has to be inferred. */
  readonly role: "infrastructure" | "migrate" | "seed" | "service";
  readonly trust: TrustItem;
  /** Stands for whatever of its definition `trust` does not spell out, so that a change of it asks again; may be empty. */
  readonly digest: string;
}

/** The result of reading one source. */
export interface SourceReading {
  readonly services: readonly DetectedService[];
  readonly problems: readonly Problem[];
  /** The profiles it names, chosen or not; absent: it has none. */
  readonly profiles?: readonly string[];
  readonly compose?: ComposeSource;
}

/** Everything known about the services of a folder. Nothing of it was run to find out. */
export interface DetectedProject {
  /** The real path of the folder. */
  readonly directory: string;
  readonly detection: Detection;
  readonly services: ReadonlyMap<string, DetectedService>;
  readonly compose: ComposeSource | null;
  /** Every profile that the files name, sorted. A plan is of one of them. */
  readonly profiles: readonly string[];
  /** The files it was read from, and those that were looked for and not there; relative to the folder. */
  readonly files: readonly string[];
  /** The folders whose names were listed; relative to the folder. */
  readonly folders: readonly string[];
  /** Whether `files` and `folders` are all there were: of many thousands the rest is not told. */
  readonly complete: boolean;
}

/** A problem of the project's files that keeps something from running. */
export function errorProblem(code: Problem["code"], source: string, message: string): Problem {
  return { code, severity: "error", message, source };
}

/** A problem that one should know of; everything still runs. */
export function warningProblem(code: Problem["code"], source: string, message: string): Problem {
  return { code, severity: "warning", message, source };
}

/** compose's own grace period: from the stop signal to SIGKILL, in ms. */
export const DEFAULT_GRACE_MS = 10_000;

/** Longest name a service may have; the contract's own limit for names. */
const MAX_NAME_LENGTH = 256;

/**
 * Whether a name can be shown, typed and passed as an argument: no control characters, no leading dash (a program would
 * take it for an option), not empty, not endless.
 */
export function isUsableName(name: string): boolean {
  return name.length > 0 && name.length <= MAX_NAME_LENGTH && !name.startsWith("-") && !/\p{C}/u.test(name);
}
