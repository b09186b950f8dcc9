/**
 * Completes package-lock.json with the packages for other platforms that the registry at hand does not have. npm leaves them
 * out without a word when it writes the lock, and `npm ci` then refuses it ("Missing: … from lock file"). Run after every
 * change of the lock:
 *
 *   node build/complete-lock.mjs [FILE]
 *
 * The price: npm cannot check the integrity of what is added here. Writing the lock against a full registry removes the need.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/**
 * @param {{ packages: Record<string, { optionalDependencies?: Record<string, string> }> }} lock Changed in place.
 * @returns {string[]} Names of what was added.
 */
export function completeLock(lock) {
  const added = new Map();
  for (const [place, { optionalDependencies = {} }] of Object.entries(lock.packages)) {
    for (const [name, version] of Object.entries(optionalDependencies)) {
      if (!isLocked(lock.packages, place, name)) added.set(`node_modules/${name}`, entryFor(name, version));
    }
  }
  const entries = [...Object.entries(lock.packages), ...added];
  lock.packages = Object.fromEntries(entries.sort(([one], [other]) => one.localeCompare(other, "en")));
  return [...added.keys()].map((place) => place.slice("node_modules/".length));
}

/** Looks where Node would: next to the package, then in each folder above. */
function isLocked(packages, place, name) {
  const folders = [""];
  for (let at = place.indexOf("node_modules/"); at !== -1; at = place.indexOf("/node_modules/", at + 1)) {
    // Every package on the way down to this one: `node_modules/a`, `node_modules/a/node_modules/b`.
    const end = place.indexOf("/node_modules/", at + 1);
    folders.push(`${end === -1 ? place : place.slice(0, end)}/`);
  }
  return folders.some((folder) => `${folder}node_modules/${name}` in packages);
}

/** What platform a package is for stands in its name: `opencode-linux-x64-musl`. */
function entryFor(name, version) {
  const words = name.split(/[-/]/);
  const os = {
    darwin: "darwin",
    linux: "linux",
    windows: "win32",
    win32: "win32",
    freebsd: "freebsd",
    android: "android",
  };
  const systems = words.flatMap((word) => os[word] ?? []);
  const processors = words.filter((word) => ["arm64", "x64", "arm", "ia32"].includes(word));
  const exact = /^\d+\.\d+\.\d+$/.test(version);
  if (!exact || systems.length !== 1 || processors.length !== 1) {
    throw new Error(`${name}@${version} is missing from the lock, and its name does not say for which platform it is.`);
  }
  return {
    version,
    cpu: processors,
    ...(words.includes("musl") ? { libc: ["musl"] } : {}),
    optional: true,
    os: systems,
  };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const file = process.argv[2] ?? join(import.meta.dirname, "..", "package-lock.json");
  const lock = JSON.parse(readFileSync(file, "utf8"));
  const added = completeLock(lock);
  if (added.length > 0) writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
  console.log(added.length === 0 ? "The lock is complete." : `Added to the lock: ${added.join(", ")}`);
}
