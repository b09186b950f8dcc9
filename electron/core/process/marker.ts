import { createHash } from "node:crypto";
import { realpathSync } from "node:fs";

/**
 * The variable every child carries: `<homeId>.<runId>.<leaseId>`. A process inherits its environment however often it
 * forks and whatever session it moves to, so this finds the daemons that group and descent lose. No secret.
 */
export const markerName = "DECKHAND_MARKER";

export interface Marker {
  /** The home of the host that started it. */
  readonly homeId: string;
  /** One run of a host. */
  readonly runId: string;
  readonly leaseId: string;
}

/** Stands for one home folder on this machine: a hash of its real path, so that two ways to one folder agree. */
export function homeIdOf(home: string): string {
  return createHash("sha256").update(realpathSync(home)).digest("hex").slice(0, 16);
}

const partPattern = /^[0-9A-Za-z_-]{1,64}$/;

/** Whether it can be part of a marker. */
export function isMarkerPart(text: string): boolean {
  return partPattern.test(text);
}

export function formatMarker(marker: Marker): string {
  return `${marker.homeId}.${marker.runId}.${marker.leaseId}`;
}

/** Null for anything that is not exactly a marker. */
export function parseMarker(text: string): Marker | null {
  const parts = text.split(".");
  const [homeId, runId, leaseId] = parts;
  if (parts.length !== 3 || homeId === undefined || runId === undefined || leaseId === undefined) return null;
  return parts.every(isMarkerPart) ? { homeId, runId, leaseId } : null;
}

const markerPattern = new RegExp(`(?:^|[\\0 ])${markerName}=([0-9A-Za-z_.-]{1,200})(?=[\\0 ]|$)`);

/** The marker's value in an environment block: NAME=value separated by NUL (Linux) or by spaces (`ps -E`). */
export function findMarker(block: Buffer | string): string | null {
  // The needle first: most environments do not have it, and they can be large.
  if (!block.includes(markerName)) return null;
  const text = typeof block === "string" ? block : block.toString("latin1");
  return markerPattern.exec(text)?.[1] ?? null;
}
