/** Writes one service into its entry of a deckhand.yaml, or makes the entry. What did not change is not touched. */
import { isDeepStrictEqual } from "node:util";
import { isMap, isScalar, isSeq, Pair, Scalar, YAMLMap, type Document, type YAMLSeq } from "yaml";
import type { DetectedService } from "../detect/detected.ts";
import { keyOf } from "../detect/yaml-values.ts";
import { usualProbe } from "./config-service.ts";
import {
  bareService,
  commandPart,
  healthPart,
  portsPart,
  replicasPart,
  saysTheSame,
  serviceParts,
  variablesPart,
  type ServicePart,
  type WriteContext,
} from "./write-service.ts";
import { writtenValue } from "./write-variables.ts";

export interface EntryContext extends WriteContext {
  readonly document: Document;
  /** Compose file of the project; null: it has none. */
  readonly composeFile: string | null;
}

interface Change {
  readonly service: DetectedService;
  /** What is read without the change. */
  readonly base: DetectedService;
  readonly context: EntryContext;
}

/** Whether anything that can be written differs. */
export function isChanged(a: DetectedService, b: DetectedService, context: WriteContext): boolean {
  return [commandPart, ...serviceParts].some((part) => !saysTheSame(part, a, b, context));
}

/** Changes an entry that is there. */
export function changeEntry(entry: YAMLMap, change: Change): void {
  const whole = find(entry, "command") !== undefined || find(entry, "compose") !== undefined;
  if (!whole && !canBeLaidOver(change)) writeWhole(entry, change);
  else writeParts(entry, [commandPart, ...serviceParts], change, whole);
}

/**
 * The entry of a service that has none yet.
 *
 * @param base What is read of it without the entry; undefined: nothing.
 * @param laidOver Whether what is detected goes on to count: then only what differs is written, where that can be said.
 */
export function newEntry(
  service: DetectedService,
  base: DetectedService | undefined,
  context: EntryContext,
  laidOver: boolean,
): YAMLMap {
  const entry = new YAMLMap();
  const { document, composeFile } = context;
  if (service.run.kind === "compose") {
    const file = composeFile === null ? {} : { file: composeFile };
    entry.set("compose", document.createNode({ ...file, service: service.run.service }, { flow: true }));
    // A reference has no profiles of its own; the rest is as the compose file says.
    const read = base ?? service;
    const container = { ...read, plan: { ...read.plan, profiles: [] } };
    writeParts(entry, serviceParts, { service, base: container, context }, true);
  } else if (laidOver && base !== undefined && canBeLaidOver({ service, base, context })) {
    writeParts(entry, serviceParts, { service, base, context }, false);
  } else writeWhole(entry, { service, context });
  return entry;
}

/** Whether the difference can be said beside what is detected, without saying the service whole. */
function canBeLaidOver({ service, base, context }: Change): boolean {
  if (!saysTheSame(commandPart, service, base, context)) return false;
  return serviceParts.every((part) => {
    if (saysTheSame(part, service, base, context)) return true;
    // What is left out there means what was detected.
    const says = part.write(service, context).some(([, value]) => value !== undefined);
    return says && part.cannotSay?.(service, base) !== true;
  });
}

function writeWhole(entry: YAMLMap, { service, context }: Omit<Change, "base">): void {
  const base = bareService(service, context);
  setKeys(entry, commandPart, new Map(commandPart.write(service, context)), context);
  for (const part of serviceParts) {
    if (saysTheSame(part, service, base, context)) removeKeys(entry, part);
    else setKeys(entry, part, differing(part, { service, base, context }), context);
  }
}

/** @param whole The entry says everything: nothing that is detected lies below it. */
function writeParts(entry: YAMLMap, parts: readonly ServicePart[], change: Change, whole: boolean): void {
  const { service, base, context } = change;
  for (const part of parts) {
    if (saysTheSame(part, service, base, context)) continue;
    if (part === variablesPart && service.run.kind !== "compose") writeVariables(entry, change);
    else if (isSaidAs(entry, part, writtenBefore(part, base, context))) setChanged(entry, part, change);
    else {
      // `deploy` is about both.
      if (
        part.keys.includes("deploy") &&
        find(entry, "deploy") !== undefined &&
        find(entry, "replicas") === undefined
      ) {
        setKeys(entry, replicasPart, new Map(replicasPart.write(service, context)), context);
      }
      setKeys(entry, part, new Map(part.write(service, context)), context);
    }
  }
  if (service.run.kind === "compose" || saysTheSame(portsPart, service, base, context)) return;
  // With ports and no check a process is asked on the first of them: what is meant otherwise has to be said, and only that.
  const isUsual =
    isDeepStrictEqual(service.plan.probe, usualProbe(service.plan)) &&
    Object.keys(service.rules.readiness).length === 0;
  if (isUsual && whole) removeKeys(entry, healthPart);
  else if (!healthPart.keys.some((key) => find(entry, key) !== undefined)) {
    setKeys(entry, healthPart, new Map(healthPart.write(service, context)), context);
  }
}

/** Whether what the entry says of a part is what would be written for `base`, so that single keys of it can be changed. */
function isSaidAs(entry: YAMLMap, part: ServicePart, written: ReturnType<ServicePart["write"]>): boolean {
  const values = new Map(written);
  return part.keys.every((key) => {
    const pair = find(entry, key);
    return pair === undefined || (values.has(key) && plainText(pair.value) === plainText(values.get(key)));
  });
}

function plainText(value: unknown): string {
  const plain = isMap(value) || isSeq(value) || isScalar(value) ? (value.toJSON() as unknown) : value;
  return JSON.stringify(plain instanceof Map ? [...(plain as ReadonlyMap<unknown, unknown>)] : plain);
}

function setChanged(entry: YAMLMap, part: ServicePart, change: Change): void {
  for (const [key, value] of differing(part, change)) setOrRemove(entry, key, value, change.context);
}

function differing(part: ServicePart, { service, base, context }: Change): Map<string, unknown> {
  const before = new Map(writtenBefore(part, base, context));
  return new Map(part.write(service, context).filter(([key, value]) => !isDeepStrictEqual(value, before.get(key))));
}

/** What was typed is of the change. */
function writtenBefore(
  part: ServicePart,
  base: DetectedService,
  { directory, inherited }: EntryContext,
): ReturnType<ServicePart["write"]> {
  return part.write(base, { directory, inherited });
}

function setKeys(entry: YAMLMap, part: ServicePart, values: ReadonlyMap<string, unknown>, context: EntryContext): void {
  for (const key of part.keys) setOrRemove(entry, key, values.get(key), context);
}

function removeKeys(entry: YAMLMap, part: ServicePart): void {
  for (const key of part.keys) remove(entry, key);
}

function setOrRemove(entry: YAMLMap, key: string, value: unknown, { document }: EntryContext): void {
  if (value === undefined) remove(entry, key);
  else set(entry, key, nodeOf(document, value));
}

/** One variable after the other: what the others refer to, and which files they come from, stays as it is written. */
function writeVariables(entry: YAMLMap, { service, base, context }: Change): void {
  const typed = context.typed?.get(service.plan.name);
  const before = new Map(Object.entries(base.environment));
  const gone = [...before.keys()].filter((name) => !Object.hasOwn(service.environment, name));
  const given = Object.entries(service.environment)
    .filter(([name, value]) => before.get(name) !== value)
    .map(([name, value]) => [name, typed?.get(name) ?? writtenValue(service, name, value)] as const);
  const key = find(entry, "environment") === undefined && find(entry, "env") !== undefined ? "env" : "environment";
  const node = find(entry, key)?.value;
  if (isSeq(node)) {
    changeList(node as YAMLSeq, gone, given);
    if (node.items.length === 0) remove(entry, key);
    return;
  }
  const map = isMap(node) ? (node as YAMLMap) : new YAMLMap();
  for (const name of gone) remove(map, name);
  for (const [name, value] of given) set(map, name, new Scalar(value));
  if (map !== node) {
    map.flow = given.reduce((length, [name, value]) => length + name.length + value.length + 4, 0) < LINE;
    set(entry, key, map);
  }
  if (map.items.length === 0) remove(entry, key);
}

/** `NAME=value`, one an item. */
function changeList(list: YAMLSeq, gone: readonly string[], given: readonly (readonly [string, string])[]): void {
  const nameOf = (item: unknown) => (isScalar(item) ? String(item.value).split("=")[0] : undefined);
  const names = new Set([...gone, ...given.map(([name]) => name)]);
  const kept = new Map(given);
  list.items = list.items.filter((item) => {
    const name = nameOf(item);
    if (name === undefined || !names.has(name)) return true;
    const value = kept.get(name);
    if (value === undefined || !isScalar(item)) return false;
    item.value = `${name}=${value}`;
    kept.delete(name);
    return true;
  });
  for (const [name, value] of kept) list.add(new Scalar(`${name}=${value}`));
}

/** By its text, whatever YAML takes the key for. */
function find(map: YAMLMap, key: string): YAMLMap["items"][number] | undefined {
  return map.items.find((pair) => keyOf(pair.key) === key);
}

/** The comment behind a value stays where the value is replaced by one of its kind. */
function set(map: YAMLMap, key: string, node: unknown): void {
  const pair = find(map, key);
  if (pair === undefined) map.add(new Pair(new Scalar(key), node));
  else if (isScalar(pair.value) && isScalar(node)) pair.value.value = node.value;
  else pair.value = node;
}

function remove(map: YAMLMap, key: string): void {
  map.items = map.items.filter((pair) => keyOf(pair.key) !== key);
}

/** What is longer stands on lines of its own. */
const LINE = 80;

/** Short ones on one line, as a person would write them. */
function nodeOf(document: Document, value: unknown): unknown {
  const isShort = JSON.stringify(value instanceof Map ? [...value] : value).length < LINE;
  return isShort ? document.createNode(value, { flow: true }) : document.createNode(value);
}
