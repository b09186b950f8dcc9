import { constants } from "node:fs";
import { open, readdir, realpath } from "node:fs/promises";
import { join, normalize } from "node:path";
import type { Problem } from "#shared/schema/environment.ts";
import { errorText, systemCode } from "../../lib/error.ts";
import { isInside } from "../../lib/inside.ts";
import { errorProblem } from "./detected.ts";

/** Larger than any real file of this kind; a file beyond it is not read at all. */
export const MAX_FILE_BYTES = 1024 * 1024;
/** Names of one folder that are looked at. */
const MAX_ENTRIES = 10_000;

export type FileText =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "missing" }
  | { readonly kind: "problem"; readonly problem: Problem };

/** All that detection may do with a project's folder: read small text files inside it. */
export interface ProjectFiles {
  /** The folder's real path. */
  readonly directory: string;
  readText(path: string): Promise<FileText>;
  exists(path: string): Promise<boolean>;
  /** The names in a folder, sorted; none where it is missing or cannot be read. */
  list(path: string): Promise<readonly string[]>;
}

/**
 * Reads below `directory`, which must be a real path. A symbolic link that leads out of it is refused, and so is whatever
 * is no plain file (a FIFO would block for ever), no UTF-8 text, or larger than {@link MAX_FILE_BYTES}.
 */
export function projectFiles(directory: string): ProjectFiles {
  return {
    directory,
    readText: (path) => readText(directory, path),
    exists: async (path) => (await containedPath(directory, path)).kind === "inside",
    async list(path) {
      const place = await containedPath(directory, path);
      if (place.kind !== "inside") return [];
      try {
        return (await readdir(place.path)).sort().slice(0, MAX_ENTRIES);
      } catch {
        // Not a folder, or not readable: for a caller that looks for files in it that is the same as empty.
        return [];
      }
    },
  };
}

/** The same files, some of them with another text than they have: for a look at what a change would mean. */
export function replacingFiles(files: ProjectFiles, texts: ReadonlyMap<string, string>): ProjectFiles {
  return {
    directory: files.directory,
    async readText(path) {
      const text = texts.get(path);
      return text === undefined ? files.readText(path) : { kind: "text", text };
    },
    exists: async (path) => texts.has(path) || files.exists(path),
    list: (path) => files.list(path),
  };
}

/** More than this is not told of. */
const MAX_NOTED = 5_000;

/** What somebody looked at in a folder. */
export class SeenPaths {
  readonly files = new Set<string>();
  /** Whose names were listed. */
  readonly folders = new Set<string>();
  #complete = true;

  /** Nothing is missing from the two. */
  get complete(): boolean {
    return this.#complete;
  }

  note(kind: "files" | "folders", path: string): void {
    if (this.files.size + this.folders.size < MAX_NOTED) this[kind].add(normalize(path));
    else this.#complete = false;
  }
}

/** The same files, and in `seen` what was looked for. */
export function notingFiles(files: ProjectFiles, seen: SeenPaths): ProjectFiles {
  return {
    directory: files.directory,
    readText(path) {
      seen.note("files", path);
      return files.readText(path);
    },
    exists(path) {
      seen.note("files", path);
      return files.exists(path);
    },
    list(path) {
      seen.note("folders", path);
      return files.list(path);
    },
  };
}

type Place =
  | { readonly kind: "inside"; readonly path: string }
  | { readonly kind: "missing" }
  | { readonly kind: "outside"; readonly path: string }
  | { readonly kind: "unreadable"; readonly error: unknown };

async function containedPath(directory: string, path: string): Promise<Place> {
  try {
    const real = await realpath(join(directory, path));
    return { kind: isInside(directory, real) ? "inside" : "outside", path: real };
  } catch (error) {
    const code = systemCode(error);
    return code === "ENOENT" || code === "ENOTDIR" ? { kind: "missing" } : { kind: "unreadable", error };
  }
}

async function readText(directory: string, path: string): Promise<FileText> {
  const refuse = (code: Problem["code"], message: string): FileText => ({
    kind: "problem",
    problem: errorProblem(code, path, message),
  });
  const place = await containedPath(directory, path);
  if (place.kind === "missing") return { kind: "missing" };
  if (place.kind === "unreadable") {
    return refuse("file_unreadable", `${path} cannot be read: ${errorText(place.error)}. Check its permissions.`);
  }
  if (place.kind === "outside") {
    return refuse(
      "file_unreadable",
      `${path} is a link to ${place.path}, outside the folder, and is not followed. Put the file itself into the folder.`,
    );
  }
  try {
    // Non-blocking, or opening a FIFO would wait for a writer.
    const file = await open(place.path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const facts = await file.stat();
      if (!facts.isFile()) return refuse("file_unreadable", `${path} is not a plain file. Replace it by one.`);
      const buffer = Buffer.alloc(Math.min(facts.size, MAX_FILE_BYTES) + 1);
      let length = 0;
      while (length < buffer.length) {
        const { bytesRead } = await file.read(buffer, length, buffer.length - length, length);
        if (bytesRead === 0) break;
        length += bytesRead;
      }
      if (facts.size > MAX_FILE_BYTES || length > MAX_FILE_BYTES) {
        return refuse("file_too_large", `${path} is larger than 1 MB and was not read. Make it smaller.`);
      }
      return { kind: "text", text: new TextDecoder("utf-8", { fatal: true }).decode(buffer.subarray(0, length)) };
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof TypeError) return refuse("file_invalid", `${path} is not UTF-8 text. Save it as UTF-8.`);
    return refuse("file_unreadable", `${path} cannot be read: ${errorText(error)}. Check its permissions.`);
  }
}
