/** Published host ports of a compose service, in both of compose's forms. */
import type { ServicePort } from "#shared/schema/service.ts";
import { isYamlMap, type YamlValue } from "./compose-document.ts";

/** One service publishing more than this is a range that nobody probes one by one. */
const MAX_PORTS = 100;

export type PortsReading = {
  readonly ports: readonly ServicePort[];
  /** Container ports that docker gives a host port of its own choice. */
  readonly chosenByDocker: number;
  /** Texts that are no port, with their index. */
  readonly bad: readonly { readonly index: number; readonly text: string }[];
};

/** Reads the `ports:` list. UDP ports are left out: nothing here can tell whether they are free or answered. */
export function composePorts(list: readonly YamlValue[]): PortsReading {
  const ports: ServicePort[] = [];
  const bad: { index: number; text: string }[] = [];
  let chosenByDocker = 0;
  for (const [index, entry] of list.entries()) {
    const found = isYamlMap(entry) ? longPort(entry) : shortPort(String(entry ?? ""));
    if (found === null) bad.push({ index, text: isYamlMap(entry) ? "a port without a valid target" : String(entry) });
    else if (found === "docker") chosenByDocker += 1;
    else ports.push(...found);
  }
  return { ports: ports.slice(0, MAX_PORTS), chosenByDocker, bad };
}

type Found = readonly ServicePort[] | "docker" | null;

function longPort(entry: ReadonlyMap<string, YamlValue>): Found {
  const target = range(String(entry.get("target") ?? ""));
  if (target === null) return null;
  const published = entry.get("published");
  if (published === undefined || published === null || published === "" || published === 0) return "docker";
  const host = range(String(published));
  if (host === null) return null;
  if (entry.get("protocol") === "udp") return [];
  const name = entry.get("name");
  return pair(host, target, typeof name === "string" ? name : null);
}

function shortPort(text: string): Found {
  const [body = "", protocol = "tcp"] = text.split("/");
  // The address comes first, and an IPv6 address has colons and brackets of its own.
  const [, , rest = body] = /^(\[[^\]]*\]):(.*)$/.exec(body) ?? [];
  const parts = rest.split(":");
  const target = range(parts.at(-1) ?? "");
  if (target === null || parts.length > 3) return null;
  const published = parts.length > 1 ? (parts.at(-2) ?? "") : "";
  if (published === "") return "docker";
  const host = range(published);
  if (host === null) return null;
  return protocol === "udp" ? [] : pair(host, target, null);
}

interface Range {
  readonly first: number;
  readonly last: number;
}

function range(text: string): Range | null {
  const [, from = "", to = from] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text.trim()) ?? [];
  const [first, last] = [Number(from), Number(to)];
  return from !== "" && first >= 1 && last <= 65_535 && first <= last ? { first, last } : null;
}

function pair(host: Range, target: Range, name: string | null): Found {
  const length = Math.min(
    host.last - host.first,
    target.last === target.first ? 0 : target.last - target.first,
    MAX_PORTS - 1,
  );
  // `8000-8010:80`: docker takes any one of them, so none is known beforehand.
  if (host.last > host.first && target.last === target.first) return "docker";
  return Array.from({ length: length + 1 }, (_, step) => ({
    name: name ?? String(target.first + step),
    port: host.first + step,
    env: null,
  }));
}
