/** Writes what was detected, and edited, as a deckhand.yaml that reads back to the same plan. Pure. */
import { Document, isMap, parseDocument, YAMLMap } from "yaml";
import type { Problem } from "#shared/schema/environment.ts";
import type { DetectedService } from "../detect/detected.ts";
import { readYamlFile } from "../detect/yaml-document.ts";
import {
  bareService,
  commandPart,
  saysTheSame,
  serviceParts,
  type ServicePart,
  type WriteContext,
} from "./write-service.ts";

export interface SaveInput {
  /** Its name, for problems. */
  readonly file?: string;
  /** The file as it is, comments and all; null: there is none. */
  readonly existing: string | null;
  /** The plan as it is read now, with `existing`. */
  readonly before: ReadonlyMap<string, DetectedService>;
  /** The plan as it shall be read. */
  readonly after: ReadonlyMap<string, DetectedService>;
  /** The project's folder, absolute. */
  readonly directory: string;
  /** What services get from files and the profile; absent: nothing. */
  readonly inherited?: WriteContext["inherited"];
  /** Compose file of the project; null: it has none. */
  readonly composeFile: string | null;
  /** `all`: whatever else is found later does not count. `changes`: only what differs from what is detected is written. */
  readonly write: "all" | "changes";
}

export type Saved =
  | { readonly ok: true; readonly text: string }
  /** The file that is there cannot be read, so nothing can be kept of it. */
  | { readonly ok: false; readonly problems: readonly Problem[] };

const NOTHING: WriteContext["inherited"] = { files: new Map(), profile: new Map() };
const HEADER = " What Deckhand runs for this project. Explicit beats detected.";

export function saveConfig(input: SaveInput): Saved {
  const { existing, before, after, write } = input;
  const context: WriteContext = { directory: input.directory, inherited: input.inherited ?? NOTHING };
  if (existing !== null) {
    const reading = readYamlFile(input.file ?? "deckhand.yaml", existing);
    if (!reading.ok) return { ok: false, problems: reading.problems };
    // The library would still move a space here and there.
    if (write === "changes" && isSamePlan(before, after, context)) return { ok: true, text: existing };
  }
  const document = documentOf(existing);
  if (existing === null && write === "all") document.set("detect", false);
  const services = servicesOf(document);

  for (const name of before.keys()) if (!after.has(name)) services.delete(name);
  for (const [name, service] of after) {
    const entry: unknown = services.get(name, true);
    const old = before.get(name);
    if (isMap(entry) && old !== undefined) {
      writeParts(document, entry as YAMLMap, [commandPart, ...serviceParts], { service, base: old, context });
    } else if (write === "all" || old === undefined || isChanged(old, service, context)) {
      services.set(name, newEntry(document, service, old, context, input.composeFile));
    }
  }
  return { ok: true, text: document.toString({ lineWidth: 0, flowCollectionPadding: true }) };
}

/** The file that is there, or one with nothing but its comments. */
function documentOf(existing: string | null): Document {
  const parsed: Document = parseDocument(existing ?? "", { prettyErrors: false, uniqueKeys: false });
  if (isMap(parsed.contents)) return parsed;
  const fresh = new Document(new YAMLMap());
  fresh.commentBefore = existing === null ? HEADER : (parsed.commentBefore ?? parsed.comment ?? null);
  fresh.set("version", 1);
  return fresh;
}

function servicesOf(document: Document): YAMLMap {
  const found: unknown = document.get("services", true);
  if (isMap(found)) return found as YAMLMap;
  const made = new YAMLMap();
  document.set("services", made);
  return made;
}

function isSamePlan(before: SaveInput["before"], after: SaveInput["after"], context: WriteContext): boolean {
  return (
    before.size === after.size &&
    [...after].every(([name, service]) => {
      const old = before.get(name);
      return old !== undefined && !isChanged(old, service, context);
    })
  );
}

function isChanged(old: DetectedService, service: DetectedService, context: WriteContext): boolean {
  return [commandPart, ...serviceParts].some((part) => !saysTheSame(part, old, service, context));
}

function newEntry(
  document: Document,
  service: DetectedService,
  old: DetectedService | undefined,
  context: WriteContext,
  composeFile: string | null,
): YAMLMap {
  const entry = new YAMLMap();
  const { run } = service;
  if (run.kind === "compose") {
    const file = composeFile === null ? {} : { file: composeFile };
    entry.set("compose", flow(document, { ...file, service: run.service }));
    // A reference has no profiles of its own; the rest is as the compose file says.
    const read = old ?? service;
    writeParts(document, entry, serviceParts, {
      service,
      base: { ...read, plan: { ...read.plan, profiles: [] } },
      context,
    });
    return entry;
  }
  for (const [key, value] of commandPart.write(service, context)) {
    if (value !== undefined) entry.set(key, nodeOf(document, value));
  }
  writeParts(document, entry, serviceParts, { service, base: bareService(service, context), context });
  return entry;
}

function writeParts(
  document: Document,
  entry: YAMLMap,
  parts: readonly ServicePart[],
  about: { readonly service: DetectedService; readonly base: DetectedService; readonly context: WriteContext },
): void {
  const { service, base, context } = about;
  for (const part of parts) {
    if (saysTheSame(part, service, base, context)) continue;
    const written = new Map(part.write(service, context).filter(([, value]) => value !== undefined));
    for (const key of part.keys) if (!written.has(key)) entry.delete(key);
    for (const [key, value] of written) entry.set(key, nodeOf(document, value));
  }
}

/** Short ones on one line, as a person would write them. */
function nodeOf(document: Document, value: unknown): unknown {
  const isShort = JSON.stringify(value instanceof Map ? [...value] : value).length < 80;
  return isShort ? flow(document, value) : document.createNode(value);
}

function flow(document: Document, value: unknown): unknown {
  return document.createNode(value, { flow: true });
}
