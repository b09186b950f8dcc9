/**
 * Whether what runs is still what is wanted: for another profile, and after files were edited. Nothing changes by itself; a
 * difference is a question, and only its answer restarts anything, and then no more than what differs.
 */
import type { FilesChanged, PlanDifference } from "#shared/schema/environment.ts";
import type { DetectedProject } from "../environment/detect/detected.ts";
import type { Environment } from "../environment/environment.ts";
import { isDifferent } from "../environment/running-difference.ts";
import type { Clock } from "../lib/clock.ts";
import { errorText } from "../lib/error.ts";
import type { Logger } from "../lib/logger.ts";
import type { Admission, Selection } from "./admission.ts";
import { FolderWatch } from "./folder-watch.ts";

/** Files that a question names. */
const MAX_FILES = 20;

export interface PlanChangesDependencies {
  readonly directory: string;
  readonly admission: Pick<Admission, "read" | "admit">;
  readonly environment: Pick<Environment, "compare" | "apply" | "show" | "phase">;
  /** What is in force. */
  readonly selection: () => Selection;
  readonly clock: Clock;
  readonly logger: Logger;
  /** `pending` may be another one. */
  readonly onChange: () => void;
  /** Files that the plan is read from have changed, and with them maybe whether they are trusted. */
  readonly onFiles: () => void;
}

export class PlanChanges {
  readonly #dependencies: PlanChangesDependencies;
  readonly #watch: FolderWatch;
  #files = new Set<string>();
  #pending: FilesChanged | null = null;
  #looking: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(dependencies: PlanChangesDependencies) {
    this.#dependencies = dependencies;
    this.#watch = new FolderWatch({
      ...dependencies,
      onChange: (paths) => {
        this.#filesChanged(paths);
        dependencies.onFiles();
      },
    });
  }

  /** The question that is open; null: none is. */
  get pending(): FilesChanged | null {
    return this.#pending;
  }

  /** A plan was read: the files behind it are watched from now on. */
  follow({ files }: DetectedProject): void {
    this.#watch.settle(files);
  }

  /** @param profile Left out: the one in force. @throws AppError where the folder cannot be read. */
  async compare(profile?: string): Promise<PlanDifference> {
    const { admission, environment } = this.#dependencies;
    const selection = this.#selection(profile);
    return environment.compare(await admission.read(selection), selection.profile);
  }

  /**
   * Makes what runs what the files say.
   *
   * @param profile Left out: the one in force.
   * @throws AppError `not_trusted`, `plan_invalid`, …; then nothing has been touched.
   */
  async apply(profile?: string): Promise<{ runId: string | null }> {
    const { admission, environment } = this.#dependencies;
    const selection = this.#selection(profile);
    const detected = await admission.admit(selection);
    this.follow(detected);
    this.keep();
    return environment.apply(detected, selection.profile);
  }

  /** The answer is no: what runs stays as it is, until the files change again. */
  keep(): void {
    this.#files.clear();
    if (this.#pending === null) return;
    this.#pending = null;
    this.#dependencies.onChange();
  }

  /** What runs has changed: the question may have answered itself. */
  look(): void {
    if (this.#pending !== null) this.#filesChanged([]);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#watch.close();
    await this.#looking;
  }

  #selection(profile: string | undefined): Selection {
    const selection = this.#dependencies.selection();
    return profile === undefined ? selection : { ...selection, profile };
  }

  #filesChanged(paths: readonly string[]): void {
    for (const path of paths) if (this.#files.size < MAX_FILES) this.#files.add(path);
    // One after the other: an older reading must not overtake a newer one.
    this.#looking = this.#looking
      .then(() => this.#lookAnew())
      .catch((error: unknown) =>
        this.#dependencies.logger.error("What changed files mean could not be found out", { error: errorText(error) }),
      );
  }

  async #lookAnew(): Promise<void> {
    if (this.#closed) return;
    const { admission, environment, selection, logger, onChange } = this.#dependencies;
    const wanted = selection();
    let detected: DetectedProject;
    try {
      detected = await admission.read(wanted);
    } catch (error) {
      logger.info("A folder that changed cannot be read", { error: errorText(error) });
      return;
    }
    if (this.#closed) return;
    this.follow(detected);
    // Ignored while something runs.
    environment.show(detected, wanted.profile);
    const before = this.#pending;
    if (environment.phase === "stopped") {
      this.#files.clear();
      this.#pending = null;
    } else {
      const difference = environment.compare(detected, wanted.profile);
      this.#pending = isDifferent(difference) ? { files: [...this.#files], difference } : null;
    }
    if (before !== null || this.#pending !== null) onChange();
  }
}
