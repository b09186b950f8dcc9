import { createHash } from "node:crypto";
import { accessSync, constants, realpathSync, statSync } from "node:fs";
import { basename, isAbsolute, resolve } from "node:path";
import { projectIdSchema, workspaceIdSchema, type ProjectId, type WorkspaceId } from "#shared/schema/id.ts";
import { AppError, errorText, systemCode } from "../lib/error.ts";
import type { Database } from "../store/database.ts";

/** A project as the store knows it; whether it is trusted is asked of the trust register. */
export interface ProjectRecord {
  readonly id: ProjectId;
  readonly workspace: WorkspaceId;
  readonly name: string;
  readonly directory: string;
  readonly openedAt: string;
}

/** The projects the user opened, newest first. */
export class ProjectRegistry {
  readonly #database: Database;
  readonly #now: () => number;

  constructor(dependencies: { database: Database; now: () => number }) {
    this.#database = dependencies.database;
    this.#now = dependencies.now;
  }

  list(): ProjectRecord[] {
    const rows = this.#database
      .prepare("SELECT directory, opened_at FROM projects ORDER BY opened_at DESC, directory")
      .all() as { directory: string; opened_at: string }[];
    return rows.map((row) => toRecord(row.directory, row.opened_at));
  }

  find(id: ProjectId): ProjectRecord | undefined {
    return this.list().find((project) => project.id === id);
  }

  findByWorkspace(workspace: WorkspaceId): ProjectRecord | undefined {
    return this.list().find((project) => project.workspace === workspace);
  }

  /**
   * Remembers a folder. Opening it again, also by another path, finds the same project.
   *
   * @throws AppError see {@link realDirectory}.
   */
  open(directory: string): ProjectRecord {
    const real = realDirectory(directory);
    this.#database
      .prepare("INSERT INTO projects (id, directory, opened_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING")
      .run(idsOf(real).id, real, new Date(this.#now()).toISOString());
    const row = this.#database.prepare("SELECT opened_at FROM projects WHERE directory = ?").get(real) as {
      opened_at: string;
    };
    return toRecord(real, row.opened_at);
  }

  remove(id: ProjectId): void {
    this.#database.prepare("DELETE FROM projects WHERE id = ?").run(id);
  }
}

/**
 * The real path of a folder a person named.
 *
 * @throws AppError `bad_input` (a relative path), `folder_missing`, `not_a_folder` or `folder_unreadable`.
 */
export function realDirectory(directory: string): string {
  if (!isAbsolute(directory)) {
    throw new AppError("bad_input", `"${directory}" is no full path.`, { next: "Give the path from the root on." });
  }
  const path = resolve(directory);
  try {
    const real = realpathSync(path);
    if (!statSync(real).isDirectory()) {
      throw new AppError("not_a_folder", `${path} is a file, not a folder.`, { next: "Open the folder it is in." });
    }
    accessSync(real, constants.R_OK | constants.X_OK);
    return real;
  } catch (error) {
    if (error instanceof AppError) throw error;
    const code = systemCode(error);
    if (code === "ENOENT" || code === "ENOTDIR") {
      throw new AppError("folder_missing", `There is no folder ${path}.`, {
        next: "Check the path; the folder may have been moved or deleted.",
        cause: error,
      });
    }
    throw new AppError("folder_unreadable", `The folder ${path} cannot be read: ${errorText(error)}.`, {
      next: "Give yourself permission to read it, or open another folder.",
      cause: error,
    });
  }
}

/** Ids follow from the real path, so that every host of a home, and every run, calls a folder the same. */
export function idsOf(directory: string): { id: ProjectId; workspace: WorkspaceId } {
  const hash = createHash("sha256").update(directory).digest("hex").slice(0, 16);
  return { id: projectIdSchema.parse(`prj_${hash}`), workspace: workspaceIdSchema.parse(`wsp_${hash}`) };
}

function toRecord(directory: string, openedAt: string): ProjectRecord {
  return { ...idsOf(directory), name: basename(directory) || directory, directory, openedAt };
}
