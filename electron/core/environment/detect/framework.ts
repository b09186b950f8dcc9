/** What the readers of frameworks have in common: where they look, and how a server of theirs is described. */
import { join } from "node:path";
import { parse } from "dotenv";
import { commandService, type CommandFacts } from "./command-service.ts";
import type { DetectedService } from "./detected.ts";
import type { ProjectFiles } from "./project-files.ts";

/** A folder of a project as the reader of a framework sees it. */
export interface FrameworkFolder {
  /** Relative to the project; empty for its own folder. */
  readonly folder: string;
  has(path: string): Promise<boolean>;
  list(path: string): Promise<readonly string[]>;
  /** The text of a file; empty where it is missing or cannot be read. */
  text(path: string): Promise<string>;
  /** The texts of all of these files, one after the other. */
  texts(...paths: readonly string[]): Promise<string>;
  /** A service of this folder. `file`: what says that it exists. */
  service(facts: Omit<CommandFacts, "directory" | "source"> & { readonly file: string }): DetectedService;
  /** A variable of the folder's `.env`, as a port. */
  dotenvPort(variable: string): Promise<number | null>;
}

/** Something that a framework brings, and which commands elsewhere are the same thing by another name. */
export interface FrameworkService {
  readonly service: DetectedService;
  /** Matches the command of whoever runs the same: then it is left to them. */
  readonly sameAs: RegExp;
}

export type FrameworkReader = (folder: FrameworkFolder) => Promise<readonly FrameworkService[]>;

/** Longest text that is searched; beyond it no framework keeps what matters. */
const MAX_TEXT = 100_000;

export function frameworkFolder(files: ProjectFiles, folder: string): FrameworkFolder {
  const within = (path: string) => (folder === "" ? path : `${folder}/${path}`);
  const text = async (path: string) => {
    const file = await files.readText(within(path));
    return file.kind === "text" ? file.text.slice(0, MAX_TEXT) : "";
  };
  return {
    folder,
    has: (path) => files.exists(within(path)),
    list: (path) => files.list(path === "." && folder !== "" ? folder : within(path)),
    text,
    texts: async (...paths) => (await Promise.all(paths.map(text))).join("\n"),
    service: ({ file, name, ...facts }) =>
      commandService({
        ...facts,
        // The server of `backend` is called backend; its other parts say what they are.
        name: folder === "" ? name : facts.ports === undefined ? `${last(folder)}:${name}` : last(folder),
        directory: join(files.directory, folder),
        source: within(file),
      }),
    async dotenvPort(variable) {
      const value = new Map(Object.entries(parse(await text(".env")))).get(variable);
      return value !== undefined && /^\d{2,5}$/.test(value) && Number(value) <= 65_535 ? Number(value) : null;
    },
  };
}

function last(folder: string): string {
  return folder.split("/").at(-1) ?? folder;
}
