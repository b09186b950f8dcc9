/** What this machine has: a browser, a display, a Docker engine. Every answer is a fact or the reason why not. */
import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync } from "node:fs";
import { delimiter, join } from "node:path";

/** Path of a Chromium or Chrome, or undefined. `DECKHAND_CHROMIUM` wins. */
export function findChromium() {
  const named = process.env["DECKHAND_CHROMIUM"];
  if (named) return named;
  const onPath = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"].map(findCommand);
  const places = [...onPath, "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"];
  return places.find((path) => path !== undefined && existsSync(path));
}

/** Full path of a program on PATH, or undefined. */
export function findCommand(name) {
  return (process.env["PATH"] ?? "")
    .split(delimiter)
    .filter((folder) => folder !== "")
    .map((folder) => join(folder, name))
    .find(isExecutable);
}

export function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Whether a window could be shown. */
export function hasDisplay(env = process.env, platform = process.platform) {
  return platform !== "linux" || Boolean(env["DISPLAY"] || env["WAYLAND_DISPLAY"]);
}

/** Null when a Docker engine answers, else why not, in a few words. */
export function dockerTrouble() {
  if (findCommand("docker") === undefined) return "there is no docker command";
  const { status, signal } = spawnSync("docker", ["info", "--format", "{{.ServerVersion}}"], {
    timeout: 5_000,
    stdio: "ignore",
  });
  if (status === 0) return null;
  return signal === null ? "no Docker engine answers" : "the Docker engine did not answer within 5 s";
}

/** Chromium refuses its sandbox to root. Only test machines and containers run as root. */
export function sandboxSwitches(platform = process.platform, user = process.getuid?.()) {
  return platform === "linux" && user === 0 ? ["--no-sandbox"] : [];
}
