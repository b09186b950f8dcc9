import type { EnvironmentStatus } from "#shared/schema/environment.ts";
import type { ServiceStatus } from "#shared/schema/service.ts";
import { formatDuration } from "../core/lib/deadline.ts";
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

/** A status as aligned lines: one a service, then the server, then what is wrong. */
export function statusLines(status: EnvironmentStatus): string[] {
  const rows = status.services.map((service) => [
    service.name,
    shapes[service.phase],
    service.health === "none" ? "" : service.health,
    service.url ?? "",
    service.uptimeMs === null ? "" : formatDuration(service.uptimeMs),
    service.restarts === 0 ? "" : `${service.restarts} restarts`,
    service.memoryBytes === null ? "" : formatBytes(service.memoryBytes),
    service.why ?? "",
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
  return [`${status.directory} · ${status.profile} · ${status.phase}`, ...align(rows)];
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
