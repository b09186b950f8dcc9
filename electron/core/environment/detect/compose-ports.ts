/** Published host ports of a compose service, in both of compose's forms. */
import type { ServicePort } from "#shared/schema/service.ts";
import type { PublishedPort } from "./detected.ts";
import { isYamlMap, type YamlValue } from "./yaml-values.ts";

/** One service publishing more than this is a range that nobody probes one by one. */
const MAX_PORTS = 100;

export type PortsReading = {
  readonly ports: readonly ServicePort[];
  /** Every entry that is one, also those that are no port of the plan. */
  readonly published: readonly PublishedPort[];
  /** Container ports that docker gives a host port of its own choice. */
  readonly chosenByDocker: number;
  /** Texts that are no port, with their index. */
  readonly bad: readonly { readonly index: number; readonly text: string }[];
};

/**
 * The variables that published ports are written as, by the port that they stand for: of `${DB_PORT:-5432}:5432`, 5432 is DB_PORT.
 *
 * @param list As it is written in the file. @param replace Replaces the variables of a text; null: it cannot be done.
 */
export function portVariables(
  list: readonly YamlValue[],
  replace: (text: string) => string | null,
): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const entry of list) {
    const text = isYamlMap(entry) ? `${String(entry.get("published") ?? "")}:0` : String(entry ?? "");
    const pattern = /(?:^|:)(\$\{([A-Za-z_]\w*)(?::?[-?][^{}]*)?\}|\$([A-Za-z_]\w*)):[^:{}]*$/;
    const [, written = "", braced, bare] = pattern.exec(text) ?? [];
    const port = written === "" ? null : replace(written);
    const name = braced ?? bare;
    if (port !== null && name !== undefined) found.set(port, name);
  }
  return found;
}

/** Reads the `ports:` list. UDP ports are none of the plan: nothing here can tell whether they are free or answered. */
export function composePorts(
  list: readonly YamlValue[],
  variables: ReadonlyMap<string, string> = new Map(),
): PortsReading {
  const ports: ServicePort[] = [];
  const published: PublishedPort[] = [];
  const bad: { index: number; text: string }[] = [];
  let chosenByDocker = 0;
  for (const [index, entry] of list.entries()) {
    const stated = isYamlMap(entry) ? longPort(entry) : shortPort(String(entry ?? ""));
    const found = stated === null ? null : plannedPorts(stated);
    if (stated === null || found === null) {
      bad.push({ index, text: isYamlMap(entry) ? "a port without a valid target" : String(entry) });
      continue;
    }
    const { name: _, ...rest } = stated;
    const written = { ...rest, variable: variables.get(stated.published ?? "") ?? null };
    if (found === "docker") chosenByDocker += 1;
    if (found === "docker" || found.length === 0) published.push({ ...written, planned: null });
    else {
      for (const { port, target } of found) {
        if (ports.length >= MAX_PORTS) break;
        published.push({ ...written, target: String(target), published: String(port), planned: ports.length });
        ports.push({ name: stated.name ?? String(target), port, env: null });
      }
    }
  }
  return { ports, published, chosenByDocker, bad };
}

/** An entry as it is written. */
interface StatedPort extends Omit<PublishedPort, "planned" | "variable"> {
  readonly name: string | null;
}

function longPort(entry: ReadonlyMap<string, YamlValue>): StatedPort | null {
  const published = entry.get("published");
  const host = entry.get("host_ip");
  const protocol = entry.get("protocol");
  const name = entry.get("name");
  const isChosen = published === undefined || published === null || published === "" || published === 0;
  return {
    target: String(entry.get("target") ?? ""),
    published: isChosen ? null : String(published),
    hostIp: typeof host === "string" && host !== "" ? host : null,
    protocol: typeof protocol === "string" ? protocol : "tcp",
    name: typeof name === "string" ? name : null,
  };
}

function shortPort(text: string): StatedPort | null {
  const [body = "", protocol = "tcp"] = text.split("/");
  // The address comes first, and an IPv6 address has colons and brackets of its own.
  const [, bracketed = "", rest = body] = /^\[([^\]]*)\]:(.*)$/.exec(body) ?? [];
  const parts = rest.split(":");
  if (parts.length > (bracketed === "" ? 3 : 2)) return null;
  const hostIp = bracketed === "" && parts.length === 3 ? (parts[0] ?? "") : bracketed;
  const published = parts.length > 1 ? (parts.at(-2) ?? "") : "";
  return {
    target: parts.at(-1) ?? "",
    published: published === "" ? null : published,
    hostIp: hostIp === "" ? null : hostIp,
    protocol,
    name: null,
  };
}

/** The ports of the plan that an entry stands for; `docker`: nobody knows which before it runs; null: it is no port. */
function plannedPorts(stated: StatedPort): readonly { port: number; target: number }[] | "docker" | null {
  const target = range(stated.target);
  if (target === null) return null;
  if (stated.published === null) return "docker";
  const host = range(stated.published);
  if (host === null) return null;
  if (stated.protocol === "udp") return [];
  // `8000-8010:80`: docker takes any one of them, so none is known beforehand.
  if (host.last > host.first && target.last === target.first) return "docker";
  const length = Math.min(host.last - host.first, target.last - target.first, MAX_PORTS - 1);
  return Array.from({ length: length + 1 }, (_, step) => ({ port: host.first + step, target: target.first + step }));
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
