/**
 * Where an Electron runtime is, or why there is none. The npm package `electron` has no install script any more: its own
 * command downloads the runtime when it is first run. We never run that command blindly, since on a network that drops packets
 * it would hang; one bounded question to the download site decides first.
 */
import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { isExecutable } from "./machine.mjs";
import { runInForeground } from "./run.mjs";

/** The download site has this long to answer at all. */
const PROBE_MS = 1_500;
const DOWNLOAD_SITE = "https://github.com/electron/electron/releases/";

/** Path of the program within a folder that holds a runtime. */
export function programIn(folder, platform = process.platform) {
  if (platform === "darwin") return join(folder, "Electron.app", "Contents", "MacOS", "Electron");
  return join(folder, platform === "win32" ? "electron.exe" : "electron");
}

/**
 * @param {{ top: string, env: Record<string, string | undefined>, say: (line: string) => void }} options
 * @returns {Promise<{ program: string } | { reason: string }>}
 */
export async function findRuntime({ top, env, say }) {
  const installed = installedRuntime({ top, env });
  if (installed !== null) return installed;
  const site = env["ELECTRON_MIRROR"] ?? env["npm_config_electron_mirror"] ?? DOWNLOAD_SITE;
  const trouble = await probe(site);
  if (trouble !== null) return { reason: `no Electron runtime is installed and ${trouble}` };
  say("downloading the Electron runtime, once …");
  const code = await runInForeground(process.execPath, [join(top, "node_modules", "electron", "install.js")], { env });
  const downloaded = installedRuntime({ top, env });
  return downloaded ?? { reason: `the Electron runtime could not be downloaded (exit ${code})` };
}

/**
 * Why Chromium's sandbox cannot be used with this runtime on this machine, or null. Without it Electron ends at once; running
 * it with the sandbox switched off is not a choice to make for a person. Root never has it (see `sandboxSwitches`).
 */
export function sandboxTrouble({
  program,
  platform = process.platform,
  user = process.getuid?.(),
  read = readSetting,
}) {
  if (platform !== "linux" || user === 0) return null;
  const helper = statSync(join(dirname(program), "chrome-sandbox"), { throwIfNoEntry: false });
  if (helper !== undefined && helper.uid === 0 && (helper.mode & 0o4000) !== 0) return null;
  // The other way is a user namespace of its own, which some distributions forbid.
  const closed = [
    ["/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1"],
    ["/proc/sys/kernel/unprivileged_userns_clone", "0"],
    ["/proc/sys/user/max_user_namespaces", "0"],
  ].find(([path, value]) => read(path) === value);
  return closed === undefined ? null : `this system forbids the sandbox of the window (${closed[0]} is ${closed[1]})`;
}

function readSetting(path) {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    // A kernel without that setting does not forbid it.
    return null;
  }
}

/** What is there already: the folder that ELECTRON_OVERRIDE_DIST_PATH names, else the npm package's own download. */
export function installedRuntime({ top, env }) {
  const named = env["ELECTRON_OVERRIDE_DIST_PATH"];
  if (named) {
    const program = programIn(named);
    if (isExecutable(program)) return { program };
    return { reason: `ELECTRON_OVERRIDE_DIST_PATH names ${named}, which holds no Electron that may be run` };
  }
  const folder = join(top, "node_modules", "electron");
  const pathFile = join(folder, "path.txt");
  if (!existsSync(pathFile)) return null;
  const program = join(folder, "dist", readFileSync(pathFile, "utf8").trim());
  return isExecutable(program) ? { program } : null;
}

/** Null when the site answers, whatever it answers; else why not. */
async function probe(site) {
  if (!URL.canParse(site)) return `${JSON.stringify(site)} is no address to download it from`;
  const { host } = new URL(site);
  try {
    await fetch(site, { method: "HEAD", redirect: "manual", signal: AbortSignal.timeout(PROBE_MS) });
    return null;
  } catch (error) {
    return error.name === "TimeoutError"
      ? `${host} did not answer within ${PROBE_MS / 1_000} s`
      : `${host} cannot be reached`;
  }
}
