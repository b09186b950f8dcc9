/**
 * Finds all service definitions of a compose project: of its files laid over one another, of what they `include`, and with what
 * their services `extend`. Everything is read by us, inside the folder: docker compose itself would fetch what stands on the
 * network, follow paths out of the folder and put the contents of env files into its answer, only to tell what would run.
 */
import { dirname, join } from "node:path/posix";
import type { Problem } from "#shared/schema/environment.ts";
import { inTurns } from "../../lib/turns.ts";
import { EnvFiles, type Variables } from "../config/env-files.ts";
import type { ComposeDocument } from "./compose-document.ts";
import { ComposeDocuments, pathBeside } from "./compose-documents.ts";
import { interpolateValue } from "./compose-interpolate.ts";
import { mergeDefinitions } from "./compose-merge.ts";
import { portVariables } from "./compose-ports.ts";
import { errorProblem, isUsableName } from "./detected.ts";
import { interpolate } from "./interpolate.ts";
import type { ProjectFiles } from "./project-files.ts";
import { isYamlMap, type YamlMap, type YamlValue } from "./yaml-values.ts";

/** How far includes and extends lead from one to the next. */
const MAX_DEPTH = 16;

/** One service, with everything it inherits, and its variables replaced. */
export interface LoadedService {
  readonly definition: YamlMap;
  /** Where it was named first. */
  readonly file: string;
  /** The variables its published ports are written as (compose-ports.ts). */
  readonly portVariables: ReadonlyMap<string, string>;
  readonly place: (path: readonly (string | number)[]) => string;
}

export interface ComposeModel {
  readonly services: Map<string, LoadedService>;
  /** Top-level `volumes`. */
  readonly volumes: Map<string, YamlValue>;
}

interface OpenFile {
  readonly file: string;
  readonly document: ComposeDocument;
  readonly variables: Variables;
}

export class ComposeLoader {
  readonly problems: Problem[] = [];
  readonly #directory: string;
  readonly #envFiles: EnvFiles;
  readonly #documents: ComposeDocuments;

  constructor(files: ProjectFiles) {
    this.#directory = files.directory;
    this.#envFiles = new EnvFiles(files);
    this.#documents = new ComposeDocuments(files, this.problems);
  }

  /**
   * @param paths Relative to the folder, in order: a later one is laid over the earlier ones.
   * @param variables What the files may refer to.
   * @param way The files that led here, so that a circle is seen.
   */
  async load(paths: readonly string[], variables: Variables, way: readonly string[] = []): Promise<ComposeModel> {
    const model: ComposeModel = { services: new Map(), volumes: new Map() };
    for (const file of paths) {
      const document = await this.#documents.open(file);
      if (document === null) continue;
      const open = { file, document, variables };
      await this.#include(open, model, [...way, file]);
      await this.#addServices(open, model, file !== paths[0]);
      const volumes = this.#replaced(open, ["volumes"]);
      if (isYamlMap(volumes)) for (const [name, value] of volumes) model.volumes.set(name, value);
    }
    return model;
  }

  /** The variables of `path` in a folder, as docker compose reads it; the known ones win. */
  async variables(path: string, known: Variables, place: string | null): Promise<Variables> {
    const reading = await this.#envFiles.read(path, this.#directory, known);
    if (reading.kind === "problem") this.problems.push(reading.problem);
    if (reading.kind === "missing" && place !== null) {
      this.problems.push(errorProblem("file_unreadable", place, `There is no ${path}. Make it, or take it out.`));
    }
    return reading.kind === "values" ? new Map([...reading.values, ...known]) : known;
  }

  async #addServices(open: OpenFile, model: ComposeModel, over: boolean): Promise<void> {
    const { file, document } = open;
    const services = document.root.get("services");
    if (services === undefined || services === null) return;
    if (!isYamlMap(services)) {
      this.#refuse(open, ["services"], `\`services\` of ${file} is no map. Correct it.`);
      return;
    }
    for await (const name of inTurns(services.keys())) {
      const place = (path: readonly (string | number)[]) => document.place(["services", name, ...path]);
      if (!/^[a-zA-Z0-9._-]+$/.test(name) || !isUsableName(name)) {
        const shown = JSON.stringify(name).slice(0, 80);
        this.#refuse(open, ["services", name], `${shown} is no name docker compose accepts for a service. Rename it.`);
        continue;
      }
      const known = model.services.get(name);
      if (known !== undefined && known.file !== file && !over) {
        const message = `${file} and ${known.file}, which it includes, both have a service ${name}; docker compose refuses that. Rename one.`;
        this.#refuse(open, ["services", name], message);
        continue;
      }
      const own = await this.#definition(open, name, []);
      if (own === null) continue;
      const definition =
        known === undefined
          ? own
          : mergeDefinitions(known.definition, own, (path) => document.tag(["services", name, ...path]));
      model.services.set(name, {
        definition,
        file: known?.file ?? file,
        place: known?.place ?? place,
        portVariables: new Map([...(known?.portVariables ?? []), ...this.#portVariables(open, name)]),
      });
    }
  }

  /** What a file says of a service, laid over what that one extends. @param way The services that led here. */
  async #definition(open: OpenFile, name: string, way: readonly string[]): Promise<YamlMap | null> {
    const { file, document } = open;
    const path = ["services", name];
    const own = this.#replaced(open, path);
    if (!isYamlMap(own)) {
      this.#refuse(open, path, `The service ${name} of ${file} is no map. Correct it.`);
      return null;
    }
    const stated = own.get("extends");
    if (stated === undefined || stated === null) return own;
    const definition = new Map(own);
    definition.delete("extends");
    const service = isYamlMap(stated) ? stated.get("service") : stated;
    const other = isYamlMap(stated) ? (stated.get("file") ?? null) : null;
    const at = [...path, "extends"];
    if (typeof service !== "string" || (other !== null && typeof other !== "string")) {
      this.#refuse(open, at, `\`extends\` of ${name} names no service. Write \`extends: { service: NAME }\`.`);
      return definition;
    }
    const from = other === null ? open : await this.#beside(open, other, at);
    if (from === null) return definition;
    const step = `${from.file}#${service}`;
    if (way.includes(step) || way.length >= MAX_DEPTH) {
      const message = `${name} extends itself in the end: ${[...way, step].join(" → ")}. Take one of them out.`;
      this.#refuse(open, at, message);
      return definition;
    }
    const bases = from.document.root.get("services");
    if (!isYamlMap(bases) || !bases.has(service)) {
      this.#refuse(open, at, `${name} extends ${service}, and ${from.file} has no service of that name. Correct it.`);
      return definition;
    }
    const base = await this.#definition(from, service, [...way, step]);
    if (base === null) return definition;
    return mergeDefinitions(base, definition, (below) => document.tag([...path, ...below]));
  }

  #portVariables({ document, variables }: OpenFile, name: string): ReadonlyMap<string, string> {
    const services = document.root.get("services");
    const service = isYamlMap(services) ? services.get(name) : null;
    const ports = isYamlMap(service) ? service.get("ports") : null;
    return portVariables(Array.isArray(ports) ? ports : [], (text) => {
      const result = interpolate(text, variables);
      return result.ok ? result.text : null;
    });
  }

  async #include(open: OpenFile, model: ComposeModel, way: readonly string[]): Promise<void> {
    const stated = this.#replaced(open, ["include"]);
    if (stated === null) return;
    for (const [index, entry] of (Array.isArray(stated) ? stated : [stated]).entries()) {
      const at = ["include", index];
      const paths = textsOf(isYamlMap(entry) ? (entry.get("path") ?? null) : entry);
      const folder = isYamlMap(entry) ? entry.get("project_directory") : undefined;
      if (paths.length === 0) {
        this.#refuse(open, at, `An \`include\` of ${open.file} names no file. Write its path.`);
        continue;
      }
      const files = paths.map((path) => this.#resolve(open, path, at)).filter((path) => path !== null);
      const circle = files.find((path) => way.includes(path));
      if (circle !== undefined || way.length > MAX_DEPTH) {
        this.#refuse(open, at, `${open.file} includes itself in the end: ${[...way, circle].join(" → ")}.`);
        continue;
      }
      if (files.length < paths.length) continue;
      const base = typeof folder === "string" ? this.#resolve(open, folder, at) : dirname(files[0] ?? "");
      if (base === null) continue;
      let { variables } = open;
      const envFiles = isYamlMap(entry) ? textsOf(entry.get("env_file") ?? null) : [];
      for (const path of envFiles) {
        const found = this.#resolve(open, path, at);
        if (found !== null) variables = await this.variables(found, variables, open.document.place(at));
      }
      if (envFiles.length === 0) variables = await this.variables(join(base, ".env"), variables, null);
      // Looked at here first: if one cannot be read, this is the line to correct.
      for (const path of files) await this.#documents.open(path, open.document.place(at));
      const included = await this.load(files, variables, way);
      for (const [name, service] of included.services) {
        const known = model.services.get(name);
        if (known === undefined) model.services.set(name, service);
        else if (known.file !== service.file) {
          const message = `${known.file} and ${service.file} both have a service ${name}; docker compose refuses that. Rename one.`;
          this.#refuse(open, at, message);
        }
      }
      for (const [name, volume] of included.volumes) model.volumes.set(name, volume);
    }
  }

  async #beside(open: OpenFile, path: string, at: readonly (string | number)[]): Promise<OpenFile | null> {
    const file = this.#resolve(open, path, at);
    const document = file === null ? null : await this.#documents.open(file, open.document.place(at));
    return file === null || document === null ? null : { ...open, file, document };
  }

  /** A path of a file, relative to the folder; null where it leads to the network or out of the folder. */
  #resolve(open: OpenFile, path: string, at: readonly (string | number)[]): string | null {
    const found = pathBeside(open.file, path);
    if (found.kind === "path") return found.path;
    this.#refuse(open, at, found.message, "unsupported");
    return null;
  }

  /** What stands at a path, with its variables replaced. */
  #replaced(open: OpenFile, path: readonly string[]): YamlValue {
    let value: YamlValue = open.document.root;
    for (const step of path) value = isYamlMap(value) ? (value.get(step) ?? null) : null;
    return interpolateValue(value, open.variables, (below, reason) => {
      const where = path[0] === "services" ? `, service ${path[1] ?? ""}` : "";
      this.#refuse(open, [...path, ...below], `In ${open.file}${where}: ${reason}.`);
    });
  }

  #refuse(
    open: OpenFile,
    path: readonly (string | number)[],
    message: string,
    code: Problem["code"] = "value_invalid",
  ): void {
    const problem = errorProblem(code, open.document.place(path), message);
    // One definition may be reached on several ways.
    if (!this.problems.some((one) => one.source === problem.source && one.message === message))
      this.problems.push(problem);
  }
}

function textsOf(value: YamlValue): string[] {
  return (Array.isArray(value) ? value : [value]).filter((one): one is string => typeof one === "string" && one !== "");
}
