/**
 * Whether a folder may run as it is now. Trust is for one content, and that is what any profile of the folder would run: a person
 * who has looked once need not look again to switch, and nothing runs that was never on screen.
 */
import type { TrustReview } from "#shared/schema/workspace.ts";
import { detect, serviceFingerprint } from "../environment/detect/detect.ts";
import type { DetectedProject } from "../environment/detect/detected.ts";
import { projectFiles } from "../environment/detect/project-files.ts";
import type { ShellEnvironment } from "../environment/shell-environment.ts";
import type { Clock } from "../lib/clock.ts";
import { AppError } from "../lib/error.ts";
import { readOpencodeConfig } from "./opencode-config.ts";
import { realDirectory } from "./projects.ts";
import { contentOf, joinContent, type RunnableContent, type TrustRegister } from "./trust.ts";

/** One reading of the folder serves the starts of this long, in ms: shorter than anybody takes to change a file. */
const SHARED_MS = 200;
/** Profiles that are looked at; each is two more readings of the folder, and what nobody looked at is not run. */
const MAX_PROFILES = 12;
/** The profile of whoever names none. */
export const DEFAULT_PROFILE = "dev";
/** compose's own word for every profile. */
const EVERY_PROFILE = "*";

/** What somebody wants of a folder. */
export interface Selection {
  readonly profile: string;
  /** Services asked for by name, whatever their profiles are. */
  readonly named?: readonly string[] | undefined;
}

export interface AdmissionDependencies {
  /** The folder's real path, when it was opened. */
  readonly directory: string;
  readonly trust: TrustRegister;
  readonly shellEnvironment: Pick<ShellEnvironment, "variables">;
  readonly clock: Clock;
}

export class Admission {
  readonly #dependencies: AdmissionDependencies;
  #shared: { readonly at: number; readonly read: Promise<unknown> } | null = null;

  constructor(dependencies: AdmissionDependencies) {
    this.#dependencies = dependencies;
  }

  async review(): Promise<TrustReview> {
    const { directory, trust } = this.#dependencies;
    return trust.review(directory, (await this.#whole()).content);
  }

  async isTrusted(): Promise<boolean> {
    return (await this.review()).state === "trusted";
  }

  /** @throws AppError `trust_changed`. */
  async grant(contentHash: string): Promise<void> {
    const { directory, trust } = this.#dependencies;
    trust.grant(directory, (await this.#whole()).content, contentHash);
  }

  revoke(): void {
    this.#dependencies.trust.revoke(this.#dependencies.directory);
  }

  /** The folder as it is now, trusted or not. Nothing of it may be run on the strength of this. */
  async read({ profile, named }: Selection): Promise<DetectedProject> {
    const { directory: expected, shellEnvironment } = this.#dependencies;
    const directory = realDirectory(expected);
    if (directory !== expected) {
      throw new AppError("folder_missing", `${expected} is now a link to ${directory}.`, {
        next: "Open that folder as a project of its own.",
      });
    }
    const environment = await shellEnvironment.variables();
    return detect({ directory, profile, environment, ...(named === undefined ? {} : { named }) });
  }

  /**
   * The folder as it is now, if it is trusted so: what it answers may be run.
   *
   * @throws AppError `not_trusted`, `folder_missing`, …
   */
  async admit(selection: Selection): Promise<DetectedProject> {
    const { directory, trust } = this.#dependencies;
    const whole = await this.#whole();
    trust.require(directory, whole.content);
    const detected =
      selection.named === undefined && selection.profile === DEFAULT_PROFILE ? whole.usual : await this.read(selection);
    for (const [name, service] of detected.services) {
      if (whole.fingerprints.has(serviceFingerprint(service))) continue;
      throw new AppError(
        "not_trusted",
        `${name}, as the profile ${selection.profile} has it, is not part of what you approved.`,
        {
          next:
            whole.profiles > MAX_PROFILES
              ? `Only ${MAX_PROFILES} profiles of a folder can be approved; make fewer, or start one of the first.`
              : "Start the whole profile instead of single services, or review the folder again.",
          details: { service: name, profile: selection.profile },
        },
      );
    }
    return detected;
  }

  /**
   * Whether the folder may run as it is now; asked before every single start. The services of one wave ask together and share
   * one reading of the folder.
   *
   * @throws AppError as {@link admit}.
   */
  async check(): Promise<void> {
    const { clock, directory, trust } = this.#dependencies;
    const now = clock.monotonic();
    if (this.#shared === null || now - this.#shared.at > SHARED_MS) {
      const read = this.#whole().then(({ content }) => trust.require(directory, content));
      this.#shared = { at: now, read };
    }
    await this.#shared.read;
  }

  async #whole(): Promise<{
    readonly usual: DetectedProject;
    readonly content: RunnableContent;
    readonly fingerprints: ReadonlySet<string>;
    readonly profiles: number;
  }> {
    const usual = await this.read({ profile: DEFAULT_PROFILE });
    const readings = [usual, ...(await this.#otherReadings(usual.profiles))];
    const services = readings.flatMap((reading) => [...reading.services.values()]);
    const config = await readOpencodeConfig(projectFiles(usual.directory));
    return {
      usual,
      content: joinContent([contentOf(services), config]),
      fingerprints: new Set(services.map(serviceFingerprint)),
      profiles: usual.profiles.length,
    };
  }

  /** As each profile has it, by itself and with everything that can be named besides: a profile sets variables for those, too. */
  async #otherReadings(profiles: readonly string[]): Promise<DetectedProject[]> {
    const others = profiles.filter((profile) => profile !== DEFAULT_PROFILE);
    if (others.length === 0) return [];
    const every = await this.read({ profile: EVERY_PROFILE });
    const named = [...every.services.keys()];
    const readings = [every, await this.read({ profile: DEFAULT_PROFILE, named })];
    for (const profile of others.slice(0, MAX_PROFILES)) {
      readings.push(await this.read({ profile }), await this.read({ profile, named }));
    }
    return readings;
  }
}
