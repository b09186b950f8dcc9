/**
 * What a workspace needs to be different from its compose files, as one more file for docker compose: ports that are somebody
 * else's here, and container names that exist already. It stands in the home, never in the project.
 */
import { stringify } from "yaml";
import type { ServicePort } from "#shared/schema/service.ts";
import type { PublishedPort, ServiceRun } from "../environment/detect/detected.ts";

export type ContainerRun = Extract<ServiceRun, { kind: "compose" }>;

/** One service as it is to be started. */
export interface OverrideInput {
  readonly run: ContainerRun;
  /** As the file says. */
  readonly planned: readonly ServicePort[];
  readonly given: readonly ServicePort[];
  /** A container of somebody else has the name that the file fixes. */
  readonly nameTaken: boolean;
}

/** docker compose understands `!override` and `!reset` since then (its release notes). */
export const OVERRIDE_SINCE = [2, 24, 4] as const;

/** Whether a version such as `2.26.1-4` is at least another one. */
export function isAtLeast(version: string, wanted: readonly number[]): boolean {
  const parts = (/^v?(\d+(?:\.\d+)*)/.exec(version)?.[1] ?? "0").split(".").map(Number);
  for (const [index, want] of wanted.entries()) {
    const part = parts[index] ?? 0;
    if (part !== want) return part > want;
  }
  return true;
}

/** The ports that are not where the file wants them. */
export function movedPorts({ planned, given }: Pick<OverrideInput, "planned" | "given">): readonly ServicePort[] {
  return given.filter((port, index) => port.port !== planned[index]?.port);
}

/** The text of the file; null where nothing is different. The same facts always give the same text. */
export function overrideText(services: readonly OverrideInput[]): string | null {
  const parts = services
    .toSorted((a, b) => (a.run.service < b.run.service ? -1 : 1))
    .map((service) => overrideOf(service))
    .filter((part) => part !== null);
  if (parts.length === 0) return null;
  return `# Written by Deckhand at each start.\nservices:\n${parts.join("")}`;
}

function overrideOf(input: OverrideInput): string | null {
  const { run, given, nameTaken } = input;
  const lines: string[] = [];
  if (movedPorts(input).length > 0) {
    lines.push("    ports: !override");
    for (const port of run.published ?? []) lines.push(`      - ${JSON.stringify(portOf(port, given))}`);
  }
  if (nameTaken && typeof run.containerName === "string") {
    lines.push("    container_name: !reset null");
    // Other containers may call it by that name; it goes on being one on their networks.
    const networks = run.networks ?? [];
    if (networks.length > 0) lines.push("    networks:");
    for (const network of networks) {
      lines.push(`      ${JSON.stringify(network)}: { aliases: [${JSON.stringify(literal(run.containerName))}] }`);
    }
  }
  return lines.length === 0
    ? null
    : `  ${stringify(run.service, { defaultStringType: "QUOTE_DOUBLE" }).trim()}:\n${lines.join("\n")}\n`;
}

function portOf(port: PublishedPort, given: readonly ServicePort[]): Record<string, unknown> {
  const moved = port.planned === null ? null : given[port.planned];
  const published = moved === null || moved === undefined ? port.published : String(moved.port);
  return {
    target: /^\d+$/.test(port.target) ? Number(port.target) : literal(port.target),
    ...(published === null ? {} : { published: literal(published) }),
    ...(port.hostIp === null ? {} : { host_ip: literal(port.hostIp) }),
    protocol: literal(port.protocol),
  };
}

/** Variables were replaced when the files were read; a dollar that is left is one. */
function literal(text: string): string {
  return text.replaceAll("$", "$$$$");
}
