/** Writes the deckhand.yaml of a folder when a person has said so, and takes it back when they have changed their mind. */
import { createHash } from "node:crypto";
import { chmodSync, lstatSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";
import type { ParsedInputOf } from "#shared/contract.ts";
import type { ConfigText } from "#shared/schema/plan.ts";
import type { ServiceDraft } from "#shared/schema/service-edit.ts";
import type { TrustReview } from "#shared/schema/workspace.ts";
import { editServices } from "../environment/config/edit-services.ts";
import { configTextFor, readSavedProject, type ProjectInput } from "../environment/config/save-project.ts";
import { serviceDraft } from "../environment/config/service-draft.ts";
import { projectFiles } from "../environment/detect/project-files.ts";
import { unknownService } from "../environment/plan.ts";
import type { ShellEnvironment } from "../environment/shell-environment.ts";
import { removeFile, writeFileAtomic } from "../lib/atomic-file.ts";
import { AppError, errorText } from "../lib/error.ts";
import type { Logger } from "../lib/logger.ts";
import { readRegular } from "../lib/regular-file.ts";
import type { Admission } from "./admission.ts";
import { maskedTexts } from "./masked-config.ts";
import { looksSecret } from "./plan-view.ts";
import { realDirectory } from "./projects.ts";

type Change = Pick<ParsedInputOf<"config.preview">, "profile" | "write" | "edits">;

export interface ConfigFileDependencies {
  readonly directory: string;
  readonly admission: Pick<Admission, "review" | "grant">;
  readonly shellEnvironment: Pick<ShellEnvironment, "variables">;
  /** The profile in force. */
  readonly profile: () => string;
  /** Where old texts are kept for undo; null: only in memory. */
  readonly undoFile: string | null;
  readonly logger: Logger;
}

/** Saves that can be taken back, the latest first. */
const MAX_UNDO = 10;
const MAX_UNDO_BYTES = 16 * 1024 * 1024;
/** What others may read is for the project to say; these are files like any other of it. */
const FILE_MODE = 0o644;

const undoSchema = z.array(
  z.object({
    file: z.string(),
    before: z.string().nullable(),
    after: z.string(),
    /** The content that was trusted before; null: it was not. */
    trusted: z.string().nullable(),
  }),
);
type Saved = z.infer<typeof undoSchema>[number];

export class ConfigFile {
  readonly #dependencies: ConfigFileDependencies;
  #saves: readonly Saved[];

  constructor(dependencies: ConfigFileDependencies) {
    this.#dependencies = dependencies;
    this.#saves = this.#readUndo();
  }

  /** A save can be taken back. */
  get undoable(): boolean {
    return this.#saves.length > 0;
  }

  /** What the forms of a service hold now. @throws AppError `unknown_service`, `folder_missing`, `plan_invalid`, … */
  async draft({ service, profile }: { service: string; profile?: string | undefined }): Promise<ServiceDraft> {
    const project = await readSavedProject(await this.#input(profile));
    const found = project.services.get(service);
    if (found === undefined) throw unknownService(service, project.services.keys());
    const file = project.existing === null ? null : project.file;
    return serviceDraft(found, { ...project, file, names: project.services.keys(), isSecret: looksSecret });
  }

  /**
   * What would be written, for a person to look at: without secrets.
   *
   * @throws AppError `unknown_service`, `bad_input`, `plan_invalid`.
   */
  async preview(change: Change): Promise<ConfigText> {
    const { file, hash, ...texts } = await this.#textOf(change);
    return { file, hash, ...maskedTexts(texts) };
  }

  /**
   * Writes what the preview showed. A folder that was trusted stays so where nothing would run besides what it ran before and
   * what this very person has typed.
   *
   * @throws AppError `config_changed`, `config_unwritable`, and those of {@link preview}.
   */
  async save(change: Change & { readonly hash: string }): Promise<{ file: string; undo: boolean }> {
    const { admission } = this.#dependencies;
    const before = await admission.review();
    const { file, existing, text, hash } = await this.#textOf(change);
    if (hash !== change.hash) throw changedMeanwhile(file);
    if (text === existing) return { file, undo: this.undoable };
    this.#write(file, text);
    const trusted = before.state === "trusted" ? before.contentHash : null;
    this.#keep([{ file, before: existing, after: text, trusted }, ...this.#saves]);
    await this.#carryTrust(before, new Set(change.edits.map(({ service }) => service)));
    return { file, undo: true };
  }

  /** @throws AppError `not_found`: nothing was saved; `config_changed`: somebody has edited it since; `config_unwritable`. */
  async undo(): Promise<{ file: string; undo: boolean }> {
    const { admission, directory } = this.#dependencies;
    const [last, ...rest] = this.#saves;
    if (last === undefined) throw new AppError("not_found", "There is no save that could be taken back.");
    const now = await projectFiles(realDirectory(directory)).readText(last.file);
    if (now.kind !== "text" || now.text !== last.after) throw changedMeanwhile(last.file);
    const { state } = await admission.review();
    if (last.before === null) this.#remove(last.file);
    else this.#write(last.file, last.before);
    this.#keep(rest);
    // What is there again was trusted before, and nothing else is there.
    const { contentHash } = await admission.review();
    if (state === "trusted" && contentHash === last.trusted) await admission.grant(contentHash);
    return { file: last.file, undo: this.undoable };
  }

  async #textOf({ profile, write, edits }: Change): Promise<ConfigText> {
    const text = await configTextFor({
      ...(await this.#input(profile)),
      change: (project) => editServices(project.services, edits, project),
      write,
    });
    return { ...text, hash: hashOf(text) };
  }

  async #input(profile: string | undefined): Promise<ProjectInput> {
    const { directory, shellEnvironment } = this.#dependencies;
    const environment = await shellEnvironment.variables();
    return { directory, profile: profile ?? this.#dependencies.profile(), environment };
  }

  async #carryTrust(before: TrustReview, edited: ReadonlySet<string>): Promise<void> {
    if (before.state !== "trusted") return;
    const { admission } = this.#dependencies;
    const after = await admission.review();
    const known = new Set(before.items.map(({ kind, name, detail }) => JSON.stringify([kind, name, detail])));
    const isTheirs = after.items.every(
      ({ kind, name, detail }) => edited.has(name) || known.has(JSON.stringify([kind, name, detail])),
    );
    if (isTheirs) await admission.grant(after.contentHash);
  }

  #write(file: string, text: string): void {
    const path = this.#pathOf(file);
    try {
      const mode = lstatSync(path, { throwIfNoEntry: false })?.mode ?? FILE_MODE;
      writeFileAtomic(path, text, { mode: mode & 0o777 });
      // The umask has had its say; a file that was there keeps the mode it had.
      chmodSync(path, mode & 0o777);
    } catch (error) {
      throw unwritable(file, error);
    }
  }

  #remove(file: string): void {
    const path = this.#pathOf(file);
    try {
      removeFile(path);
    } catch (error) {
      throw unwritable(file, error);
    }
  }

  /** In the folder as it really is, and no link: what a link leads to is not ours to replace, and neither is the link. */
  #pathOf(file: string): string {
    const path = join(realDirectory(this.#dependencies.directory), file);
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (stat !== undefined && !stat.isFile()) {
      throw new AppError(
        "config_unwritable",
        `${file} is not a plain file but a link or a folder, so it is not written.`,
        {
          next: "Put a plain file in its place.",
        },
      );
    }
    return path;
  }

  #keep(saves: readonly Saved[]): void {
    this.#saves = saves.slice(0, MAX_UNDO);
    const { undoFile, logger } = this.#dependencies;
    if (undoFile === null) return;
    try {
      mkdirSync(dirname(undoFile), { recursive: true, mode: 0o700 });
      writeFileAtomic(undoFile, JSON.stringify(this.#saves));
    } catch (error) {
      logger.warn("What a save could be taken back to is not kept", { file: undoFile, error: errorText(error) });
    }
  }

  #readUndo(): readonly Saved[] {
    const { undoFile, logger } = this.#dependencies;
    const text = undoFile === null ? null : readRegular(undoFile, MAX_UNDO_BYTES);
    if (text === null) return [];
    try {
      if (typeof text !== "string") throw new Error(text.invalid);
      return undoSchema.parse(JSON.parse(text)).slice(0, MAX_UNDO);
    } catch (error) {
      logger.warn("What saves could be taken back to is unreadable", { file: undoFile, error: errorText(error) });
      return [];
    }
  }
}

function hashOf(text: Omit<ConfigText, "hash">): string {
  return createHash("sha256")
    .update(JSON.stringify([text.file, text.existing, text.text]))
    .digest("hex");
}

function changedMeanwhile(file: string): AppError {
  return new AppError("config_changed", `${file} is not as it was when you looked at it, so nothing was written.`, {
    next: "Look at it again.",
  });
}

function unwritable(file: string, error: unknown): AppError {
  return new AppError("config_unwritable", `${file} cannot be written: ${errorText(error)}.`, {
    next: "Check the permissions of the folder and the space on its disk.",
    cause: error,
  });
}
