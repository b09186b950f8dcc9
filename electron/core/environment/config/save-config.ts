/** Writes what was detected, and edited, as a deckhand.yaml that reads back to the same plan. Pure. */
import { Document, isMap, isScalar, parseDocument, YAMLMap } from "yaml";
import type { Problem } from "#shared/schema/environment.ts";
import type { DetectedService } from "../detect/detected.ts";
import { readYamlFile } from "../detect/yaml-document.ts";
import { keyOf } from "../detect/yaml-values.ts";
import { inTheFormOf } from "./keep-form.ts";
import { unshare } from "./unshare.ts";
import { changeEntry, isChanged, newEntry, type EntryContext } from "./write-entry.ts";
import type { WriteContext } from "./write-service.ts";

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
  /** What of the variables was typed, and is written so. */
  readonly typed?: WriteContext["typed"];
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
  const { typed, inherited = NOTHING } = input;
  const context: WriteContext = { directory: input.directory, inherited, ...(typed === undefined ? {} : { typed }) };
  if (existing !== null) {
    const reading = readYamlFile(input.file ?? "deckhand.yaml", existing);
    if (!reading.ok) return { ok: false, problems: reading.problems };
    // The library would still move a space here and there.
    if (write === "changes" && isSamePlan(before, after, context)) return { ok: true, text: existing };
  }
  const document = documentOf(existing);
  const printed = existing === null ? null : print(document);
  if (existing === null && write === "all") document.set("detect", false);
  writeServices(servicesOf(document), input, { ...context, document, composeFile: input.composeFile });
  const text = print(document);
  return { ok: true, text: existing === null || printed === null ? text : inTheFormOf(existing, printed, text) };
}

function print(document: Document): string {
  return document.toString({ lineWidth: 0, flowCollectionPadding: true });
}

function writeServices(services: YAMLMap, { before, after, write }: SaveInput, context: EntryContext): void {
  const gone = new Set([...before.keys()].filter((name) => !after.has(name)));
  services.items = services.items.filter(({ key }) => !gone.has(keyOf(key)));
  for (const [name, service] of after) {
    const pair = services.items.find(({ key }) => keyOf(key) === name);
    const base = before.get(name);
    if (isMap(pair?.value) && base !== undefined) {
      if (!isChanged(base, service, context)) continue;
      unshare(context.document, pair.value as YAMLMap);
      changeEntry(pair.value as YAMLMap, { service, base, context });
    } else if (write === "all" || base === undefined || isChanged(base, service, context)) {
      // What stands in the place of an entry says all of it: an alias, for one.
      const isEmpty = pair === undefined || pair.value === null || (isScalar(pair.value) && pair.value.value === null);
      const entry = newEntry(service, base, context, write === "changes" && isEmpty);
      if (pair === undefined) services.set(name, entry);
      else pair.value = entry;
    }
  }
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
