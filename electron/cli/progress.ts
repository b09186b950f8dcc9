/** How a start is going, as lines: a table that fits a terminal, and one line for each change where there is none. Pure. */
import type { EnvironmentStatus } from "#shared/schema/environment.ts";
import type { ServiceStatus } from "#shared/schema/service.ts";
import { plainText } from "../core/log/sanitize.ts";
import { align, shapeOf } from "./status-table.ts";

export interface Screen {
  readonly columns: number;
  readonly rows: number;
}

/** Lines of a table that are no services: its head, what is left out, what the shell needs. */
const OTHER_LINES = 4;

/** Who is in trouble comes first, then who is on its way, then the rest. */
function rank({ phase, ready, health }: ServiceStatus): number {
  if (["failed", "crash_loop", "blocked", "backoff"].includes(phase) || health === "unhealthy") return 0;
  if (ready) return 4;
  if (phase === "starting" || phase === "running" || phase === "stopping") return 1;
  if (phase === "waiting" || phase === "pending") return 2;
  return phase === "skipped" ? 3 : 5;
}

/**
 * A table of a start, no taller and no wider than the screen. Where not all services fit, those that are of interest now are
 * shown, in the order of the plan, and the others counted.
 *
 * @param now Wall time in ms; the clock of the host is this machine's.
 */
export function progressTable(status: EnvironmentStatus, now: number, screen: Screen): string[] {
  const wanted = status.services.filter(({ desired }) => desired === "running");
  const room = Math.max(3, screen.rows - OTHER_LINES);
  const chosen =
    wanted.length <= room ? new Set(wanted) : new Set([...wanted].sort((a, b) => rank(a) - rank(b)).slice(0, room - 1));
  const rows = wanted
    .filter((service) => chosen.has(service))
    .map((service) => [
      service.name,
      shapeOf(service),
      stepText(service, now),
      service.url ?? "",
      plainText(service.why ?? ""),
    ]);
  const left = wanted.filter((service) => !chosen.has(service));
  const ready = wanted.filter((service) => service.ready).length;
  const head = `${status.directory} · ${status.profile} · ${status.phase} · ${ready} of ${wanted.length} ready · ${seconds(now - Date.parse(status.since))}`;
  const lines = [head, ...align(rows), ...(left.length === 0 ? [] : [`… and ${countOf(left)}`])];
  return lines.map((line) =>
    line.length < screen.columns ? line : `${line.slice(0, Math.max(1, screen.columns - 2))}…`,
  );
}

function countOf(services: readonly ServiceStatus[]): string {
  const counts = new Map<string, number>();
  for (const service of services) counts.set(shapeOf(service), (counts.get(shapeOf(service)) ?? 0) + 1);
  return [...counts].map(([shape, count]) => `${count} ${shape}`).join(", ");
}

/** What each step of its latest start took, or takes: `waited 1.2 s, started 0.1 s, ready after 2.0 s`. */
export function stepText({ steps = [], ready }: ServiceStatus, now: number): string {
  return steps
    .filter(({ ms }) => ms === null || ms >= 50)
    .map(({ step, startedAt, ms }) => {
      const time = seconds(ms ?? now - Date.parse(startedAt));
      if (step === "waiting") return ms === null ? `waits ${time}` : `waited ${time}`;
      if (step === "starting") return ms === null ? `starts ${time}` : `started in ${time}`;
      return ms === null ? `not ready for ${time}` : ready ? `ready after ${time}` : `ran ${time}`;
    })
    .join(", ");
}

/** One line for what a service is doing now; null where that is not worth one. */
export function changeLine(service: ServiceStatus, now: number): string | null {
  const { name, phase, desired, ready, url, why } = service;
  if (phase === "pending" || phase === "disabled" || (desired === "stopped" && phase === "stopped")) return null;
  const state = ready && phase === "running" ? "ready" : phase;
  const time = ready ? stepText(service, now) : "";
  return [name, state, time, ready ? (url ?? "") : "", plainText(why ?? "")].filter((text) => text !== "").join("  ");
}

function seconds(ms: number): string {
  const value = Math.max(0, ms) / 1_000;
  return value < 60 ? `${value.toFixed(1)} s` : `${Math.floor(value / 60)} min ${Math.floor(value % 60)} s`;
}
