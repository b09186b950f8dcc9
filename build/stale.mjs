/** Whether out/ is what the sources say. */
import { readdirSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Everything a build reads. A folder's own time counts too: it changes when a file in it is removed. */
const SOURCES = ["electron", "renderer", "shared", "build/electron.vite.config.ts", "package-lock.json"];
/** Written when a build is complete, with the time at which it began: an edit during the build is newer. */
const STAMP = "out/.built";

/**
 * Why a build is needed, in a few words, or null.
 *
 * @param {string} top Folder of the checkout.
 */
export function staleReason(top) {
  const built = modified(join(top, STAMP));
  if (built === null) return "nothing is built yet";
  for (const source of SOURCES) {
    const changed = newerThan(join(top, source), built);
    if (changed !== null) return `${changed.slice(top.length + 1)} has changed`;
  }
  return null;
}

/** Records that everything read at or before `startedAt` (ms since the epoch) is built. */
export function markBuilt(top, startedAt) {
  const stamp = join(top, STAMP);
  writeFileSync(stamp, "");
  const time = new Date(startedAt);
  utimesSync(stamp, time, time);
}

/** The first file or folder at or below `path` that changed after `time`, or null. */
function newerThan(path, time) {
  const at = modified(path);
  if (at === null) return null;
  if (at > time) return path;
  if (!statSync(path).isDirectory()) return null;
  for (const entry of readdirSync(path)) {
    const changed = newerThan(join(path, entry), time);
    if (changed !== null) return changed;
  }
  return null;
}

function modified(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? null;
}
