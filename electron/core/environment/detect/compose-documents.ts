/** The compose files of a project, each read once; and which of those that they name may be read at all. */
import { dirname, join, normalize } from "node:path/posix";
import type { Problem } from "#shared/schema/environment.ts";
import { readComposeDocument, type ComposeDocument } from "./compose-document.ts";
import { errorProblem } from "./detected.ts";
import type { ProjectFiles } from "./project-files.ts";

/** More files than any real project has. */
const MAX_FILES = 100;

export class ComposeDocuments {
  readonly #files: ProjectFiles;
  readonly #problems: Problem[];
  readonly #documents = new Map<string, Promise<ComposeDocument | null>>();

  /** @param problems What is wrong is added to them. */
  constructor(files: ProjectFiles, problems: Problem[]) {
    this.#files = files;
    this.#problems = problems;
  }

  /**
   * Null where it cannot be read, which is a problem then.
   *
   * @param namedAt Where it is named, for that problem.
   */
  open(file: string, namedAt = file): Promise<ComposeDocument | null> {
    let document = this.#documents.get(file);
    if (document === undefined) {
      document = this.#read(file, namedAt);
      this.#documents.set(file, document);
    }
    return document;
  }

  async #read(file: string, namedAt: string): Promise<ComposeDocument | null> {
    if (this.#documents.size > MAX_FILES) {
      const message = `More than ${MAX_FILES} compose files; no more are read.`;
      this.#problems.push(errorProblem("file_too_large", namedAt, message));
      return null;
    }
    const text = await this.#files.readText(file);
    if (text.kind === "missing") {
      this.#problems.push(errorProblem("file_unreadable", namedAt, `There is no ${file}. Correct the path.`));
      return null;
    }
    if (text.kind === "problem") {
      this.#problems.push(text.problem);
      return null;
    }
    const reading = await readComposeDocument(file, text.text);
    if (reading.ok) return reading.document;
    this.#problems.push(...reading.problems);
    return null;
  }
}

/** A path that a file names, relative to the folder; or why it is not followed: it leads to the network, or out of the folder. */
export function pathBeside(
  file: string,
  path: string,
): { readonly kind: "path"; readonly path: string } | { readonly kind: "refused"; readonly message: string } {
  const takes = `${file} takes ${path.slice(0, 200)} from`;
  if (/^[a-z][a-z0-9+.-]*:|^git@|^github\.com\//i.test(path)) {
    const message = `${takes} the network, which is never fetched. Put a copy into the folder.`;
    return { kind: "refused", message };
  }
  const found = normalize(join(path.startsWith("/") ? "" : dirname(file), path));
  if (path.startsWith("/") || found === ".." || found.startsWith("../")) {
    const message = `${takes} outside the folder, which is not read. Open the folder that holds both.`;
    return { kind: "refused", message };
  }
  return { kind: "path", path: found };
}
