/**
 * Whether a folder may run as it is now. Trust is for one content, and that is what any profile of the folder would run: a person
 * who has looked once need not look again to switch, and nothing runs that was never on screen.
 */
import type { TrustReview } from "#shared/schema/workspace.ts";
import { detect, serviceFingerprint } from "../environment/detect/detect.ts";
import type { DetectedProject, DetectedService } from "../environment/detect/detected.ts";
import { notingFiles, projectFiles, SeenPaths } from "../environment/detect/project-files.ts";
import type { ShellEnvironment } from "../environment/shell-environment.ts";
import type { Clock } from "../lib/clock.ts";
import { AppError } from "../lib/error.ts";
import { stampOf } from "./folder-stamp.ts";
import { readOpencodeConfig } from "./opencode-config.ts";
import { realDirectory } from "./projects.ts";
import { contentOf, joinContent, type RunnableContent, type TrustRegister } from "./trust.ts";

/** One reading of the folder serves the starts of this long, in ms: shorter than anybody takes to change a file. */
const SHARED_MS = 200;
/** Profiles that are looked at; each is two more readings of the folder, and what nobody looked at is not run. */
const MAX_PROFILES = 12;
/** Services read for other profiles, over all readings: about 0.2 ms each (measured), so that a review takes a second at most. */
const MAX_OTHER_SERVICES = 5_000;
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
  #shared: { readonly at: number; readonly read: Promise<RunnableContent> } | null = null;
  #known: KnownFolder | null = null;
  #others: OtherReadings | null = null;

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
    const { shellEnvironment } = this.#dependencies;
    const directory = this.#realDirectory();
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
    this.#realDirectory();
    const whole = (await this.#unchanged()) ?? (await this.#whole());
    trust.require(directory, whole.content);
    const detected =
      selection.named === undefined && selection.profile === DEFAULT_PROFILE ? whole.usual : await this.read(selection);
    for (const [name, service] of detected.services) {
      if (whole.fingerprints.has(serviceFingerprint(service))) continue;
      // A file that changed while it was read would be kept as it was: the next review is to see it as it is.
      this.#others = null;
      throw new AppError(
        "not_trusted",
        `${name}, as the profile ${selection.profile} has it, is not part of what you approved.`,
        {
          next:
            whole.left > 0
              ? `The folder has more profiles than can be looked at; ${whole.left} were left out. Make fewer, or start one of the first.`
              : "Start the whole profile instead of single services, or review the folder again.",
          details: { service: name, profile: selection.profile },
        },
      );
    }
    return detected;
  }

  /**
   * Whether the folder may run as it is now; asked before every single start. The services of one wave ask together and share
   * one look at the folder, and it is read anew only when something in it has changed.
   *
   * @throws AppError as {@link admit}.
   */
  async check(): Promise<void> {
    const { clock, directory, trust } = this.#dependencies;
    const now = clock.monotonic();
    if (this.#shared === null || now - this.#shared.at > SHARED_MS) {
      this.#shared = { at: now, read: this.#content() };
    }
    // What the folder would run is shared; whether that is trusted may have changed since.
    trust.require(directory, await this.#shared.read);
  }

  /** What the folder would run: as it is known to be, if nothing has changed since it was read, else read anew. */
  async #content(): Promise<RunnableContent> {
    this.#realDirectory();
    return ((await this.#unchanged()) ?? (await this.#whole())).content;
  }

  /** The folder as it is known, if nothing of it has changed since it was read, nor what the login shell sets; else null. */
  async #unchanged(): Promise<WholeFolder | null> {
    const { shellEnvironment } = this.#dependencies;
    const known = this.#known;
    if (known === null || known.whole === null || known.environment !== (await shellEnvironment.variables()))
      return null;
    return (await this.#stamp(known.paths)) === known.stamp ? known.whole : null;
  }

  async #whole(): Promise<WholeFolder> {
    const { directory, clock, shellEnvironment } = this.#dependencies;
    const environment = await shellEnvironment.variables();
    const known = this.#known;
    const before = known === null ? null : await stampOf(directory, known.paths, clock.now());
    const usual = await this.read({ profile: DEFAULT_PROFILE });
    const others = await this.#otherReadings(usual);
    const services = [...usual.services.values(), ...others.services];
    const seen = new SeenPaths();
    const config = await readOpencodeConfig(notingFiles(projectFiles(usual.directory), seen));
    const content = joinContent([contentOf(services), config]);
    const paths = [...new Set([...pathsOf(usual), ...others.paths, ...seen.files, ...seen.folders])];
    const after = await stampOf(directory, paths, clock.now());
    // What changed while it was read may be in it or not; and what was not told cannot be watched over.
    const settled = after.calm && after.text === before?.text && usual.complete && others.complete && seen.complete;
    const fingerprints = new Set(services.map(serviceFingerprint));
    const whole: WholeFolder = { usual, content, fingerprints, left: others.left };
    this.#known = { paths, stamp: after.text, environment, whole: settled ? whole : null };
    return whole;
  }

  /** @throws AppError `folder_missing`, also where another folder has taken its place. */
  #realDirectory(): string {
    const { directory: expected } = this.#dependencies;
    const directory = realDirectory(expected);
    if (directory === expected) return directory;
    throw new AppError("folder_missing", `${expected} is now a link to ${directory}.`, {
      next: "Open that folder as a project of its own.",
    });
  }

  async #stamp(paths: readonly string[]): Promise<string> {
    const { directory, clock } = this.#dependencies;
    return (await stampOf(directory, paths, clock.now())).text;
  }

  /**
   * As each profile has it, by itself and with everything that can be named besides: a profile sets variables for those, too.
   * Kept while none of the files changes: what is run is read anew in any case, and must be among these.
   */
  async #otherReadings(usual: DetectedProject): Promise<OtherReadings> {
    const others = usual.profiles.filter((profile) => profile !== DEFAULT_PROFILE);
    if (others.length === 0) return NO_OTHERS;
    const kept = this.#others;
    if (kept !== null && kept.stamp === (await this.#stamp(kept.paths))) return kept;
    this.#others = await this.#readOthers(others);
    return this.#others;
  }

  async #readOthers(others: readonly string[]): Promise<OtherReadings> {
    const every = await this.read({ profile: EVERY_PROFILE });
    const named = [...every.services.keys()];
    const room = Math.floor(MAX_OTHER_SERVICES / Math.max(1, named.length));
    const profiles = others.slice(0, Math.max(0, Math.min(MAX_PROFILES, Math.floor((room - 2) / 2))));
    const readings = [every];
    if (room >= 2) readings.push(await this.read({ profile: DEFAULT_PROFILE, named }));
    for (const profile of profiles) {
      readings.push(await this.read({ profile }), await this.read({ profile, named }));
    }
    const paths = [...new Set(readings.flatMap(pathsOf))];
    return {
      services: readings.flatMap((reading) => [...reading.services.values()]),
      left: others.length - profiles.length,
      paths,
      complete: readings.every((reading) => reading.complete),
      stamp: await this.#stamp(paths),
    };
  }
}

interface OtherReadings {
  readonly services: readonly DetectedService[];
  /** Profiles that were not read. */
  readonly left: number;
  readonly paths: readonly string[];
  /** `paths` are all there were. */
  readonly complete: boolean;
  /** Of these paths when they had been read. */
  readonly stamp: string;
}

const NO_OTHERS: OtherReadings = { services: [], left: 0, paths: [], complete: true, stamp: "" };

interface WholeFolder {
  readonly usual: DetectedProject;
  readonly content: RunnableContent;
  readonly fingerprints: ReadonlySet<string>;
  /** Profiles that nobody looked at, since there are too many. */
  readonly left: number;
}

/** The folder as it was read last. */
interface KnownFolder {
  /** Files and folders that were looked at. */
  readonly paths: readonly string[];
  readonly stamp: string;
  /** What the login shell sets: files are read with it. */
  readonly environment: Readonly<Record<string, string>>;
  /** Null: it may have changed while it was read. */
  readonly whole: WholeFolder | null;
}

function pathsOf({ files, folders }: DetectedProject): string[] {
  return [...files, ...folders];
}
