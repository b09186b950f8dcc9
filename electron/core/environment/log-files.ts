/** The log files of services whose author wants one in the project: a plain-text copy of what stands in the log book. */
import { mkdirSync, realpathSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { errorText } from "../lib/error.ts";
import { isInside } from "../lib/inside.ts";
import { copyLog } from "../log/log-copy.ts";
import type { Service } from "../service/service.ts";
import type { EnvironmentDependencies } from "./environment-dependencies.ts";

export interface LogFilesDependencies extends Pick<EnvironmentDependencies, "directory" | "book" | "textLogs"> {
  readonly note: (text: string) => void;
}

export class LogFiles {
  readonly #dependencies: LogFilesDependencies;
  /** By service; resolves with the end of the copy, or null where the file cannot be written. */
  readonly #copies = new Map<string, Promise<(() => Promise<void>) | null>>();

  constructor(dependencies: LogFilesDependencies) {
    this.#dependencies = dependencies;
  }

  /** Copies what the wanted ones and those that still live write, and of nobody else. */
  settle(services: Iterable<Service>): void {
    const wanted = new Map<string, string>();
    const users = new Map<string, number>();
    for (const { name, detected, state, live } of services) {
      const { logFile } = detected.rules;
      if (logFile === null) continue;
      users.set(logFile, (users.get(logFile) ?? 0) + 1);
      if (live || state.desired === "running") wanted.set(name, logFile);
    }
    for (const name of this.#copies.keys()) if (!wanted.has(name)) this.#end(name);
    for (const [name, file] of wanted) {
      if (!this.#copies.has(name)) this.#copies.set(name, this.#begin(name, file, (users.get(file) ?? 0) > 1));
    }
  }

  async close(): Promise<void> {
    const ends = [...this.#copies.values()];
    this.#copies.clear();
    await Promise.all(ends.map(async (copy) => (await copy)?.()));
  }

  async #begin(name: string, file: string, shared: boolean): Promise<(() => Promise<void>) | null> {
    const { directory, book, textLogs, note } = this.#dependencies;
    if (textLogs === undefined) return null;
    try {
      const path = placeOf(directory, file);
      return await copyLog(textLogs, path, shared ? name : null, book, name);
    } catch (error) {
      note(`the log of ${name} is not written to ${file}: ${errorText(error)}`);
      return null;
    }
  }

  #end(name: string): void {
    const copy = this.#copies.get(name);
    this.#copies.delete(name);
    // What it still has to write is written before the host ends: the text logs are closed with it.
    void copy?.then((end) => end?.());
  }
}

/** Where a file of the project is, its folder made; links must not lead out of the project. */
function placeOf(directory: string, file: string): string {
  const path = resolve(directory, file);
  if (!isInside(directory, path)) throw new Error("it is outside of the project");
  const folder = dirname(path);
  // Made one by one from what is there, or a link could have them made elsewhere.
  let existing = folder;
  const missing: string[] = [];
  for (;;) {
    try {
      existing = realpathSync(existing);
      break;
    } catch {
      missing.unshift(existing);
      existing = dirname(existing);
    }
  }
  if (!isInside(directory, existing)) throw new Error("a link leads out of the project");
  if (missing.length > 0) mkdirSync(folder, { recursive: true });
  return join(realpathSync(folder), path.slice(folder.length + 1));
}
