import type { EnvironmentStatus, PlanDifference } from "#shared/schema/environment.ts";
import type { Exit, ServiceStatus } from "#shared/schema/service.ts";
import { formatDuration } from "../core/lib/deadline.ts";
import { plainText } from "../core/log/sanitize.ts";
import { formatBytes } from "./format-bytes.ts";
import { serverStates } from "./server-text.ts";

/** Shape and word together, as everywhere: colour alone is never the message. */
const shapes: Record<ServiceStatus["phase"], string> = {
  disabled: "○ disabled",
  pending: "○ pending",
  waiting: "◌ waiting",
  blocked: "▲ blocked",
  starting: "◐ starting",
  running: "● running",
  backoff: "◐ retrying",
  stopping: "◐ stopping",
  stopped: "○ stopped",
  completed: "✓ completed",
  failed: "▲ failed",
  crash_loop: "▲ keeps crashing",
  skipped: "△ skipped",
  external: "● external",
  orphaned: "△ orphaned",
};

/** What a service is doing, in a shape and a word; that it is ready says more than that it runs. */
export function shapeOf({ phase, ready }: Pick<ServiceStatus, "phase" | "ready">): string {
  return phase === "running" && ready ? "● ready" : shapes[phase];
}

/**
 * A status as aligned lines: the services by waves, then the server, then what changed in the files, and what ended it all. Where
 * there is only one wave, it is not worth a heading.
 */
export function statusLines(status: EnvironmentStatus): string[] {
  const rows = status.services.map((service) => [
    service.name,
    shapes[service.phase],
    service.health === "none" ? "" : service.health,
    service.url ??
      (service.ports.length > 0 && service.pid !== null ? service.ports.map(({ port }) => `:${port}`).join(" ") : ""),
    service.uptimeMs === null ? "" : formatDuration(service.uptimeMs),
    service.restarts === 0 ? "" : `${service.restarts} restarts`,
    service.memoryBytes === null ? "" : formatBytes(service.memoryBytes),
    plainText(service.why ?? ""),
  ]);
  const { server } = status;
  if (server !== null && server.state !== "stopped") {
    const uptime = server.uptimeMs === null ? "" : formatDuration(server.uptimeMs);
    rows.push([
      "OpenCode server",
      serverStates[server.state],
      "",
      server.url ?? "",
      uptime,
      server.restarts === 0 ? "" : `${server.restarts} restarts`,
      server.memoryBytes === null ? "" : formatBytes(server.memoryBytes),
      server.failure?.message ?? "",
    ]);
  }
  return [
    `${status.directory} · ${status.profile} · ${status.phase}`,
    ...withWaves(status.services, align(rows)),
    ...filesChangedLines(status),
    ...endedByLines(status),
  ];
}

/** The lines of the services in the order of their waves, each wave under its number; other lines stay at the end. */
function withWaves(services: readonly ServiceStatus[], lines: readonly string[]): string[] {
  const waves = new Map<number, string[]>();
  for (const [index, { wave }] of services.entries()) {
    const list = waves.get(wave) ?? [];
    list.push(lines[index] ?? "");
    waves.set(wave, list);
  }
  const rest = lines.slice(services.length);
  if (waves.size <= 1) return [...lines];
  const ordered = [...waves].sort(([a], [b]) => a - b);
  return [
    ...ordered.flatMap(([wave, list]) => [`wave ${wave + 1}`, ...list.map((line) => `  ${line}`)]),
    ...(rest.length === 0 ? [] : ["beside them", ...rest.map((line) => `  ${line}`)]),
  ];
}

function filesChangedLines({ filesChanged }: EnvironmentStatus): string[] {
  if (filesChanged === undefined) return [];
  const { files, difference } = filesChanged;
  return [
    `${files.length === 0 ? "Files" : files.join(", ")} changed since this was started. To take it over: deckhand apply`,
    ...differenceLines(difference).map((line) => `  ${line}`),
  ];
}

/** What would be done, one line each; none where nothing would. */
export function differenceLines({ start, stop, restart }: PlanDifference): string[] {
  return [
    ...stop.map((name) => `stop     ${name}`),
    ...restart.map(({ name, changed }) => `restart  ${name}  (${changed.join(", ")})`),
    ...start.map((name) => `start    ${name}`),
  ];
}

function endedByLines({ run }: EnvironmentStatus): string[] {
  const endedBy = run?.endedBy ?? null;
  if (endedBy === null) return [];
  return [`${endedBy.service} has ended${exitText(endedBy.exit)}, and everything else with it.`];
}

/** ` with code 1`, ` by SIGTERM`; nothing where it is not known. */
export function exitText(exit: Exit | null): string {
  if (exit === null) return "";
  return exit.signal === null ? ` with code ${exit.code ?? 0}` : ` by ${exit.signal}`;
}

/** Columns padded to their widest cell; the last is left as it is. */
export function align(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, column) => (widths[column] = Math.max(widths[column] ?? 0, cell.length)));
  }
  return rows.map((row) =>
    row
      .map((cell, column) => (widths[column] === 0 ? null : cell.padEnd(widths[column] ?? 0)))
      .filter((cell) => cell !== null)
      .join("  ")
      .trimEnd(),
  );
}
