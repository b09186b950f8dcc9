/**
 * `npm run demo`: the app on the sample project, with a scripted model in place of an AI. No key, no network, and a home of
 * its own, so that nothing of a person's real projects is touched.
 */
import { spawn } from "node:child_process";
import { homedir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { buildIfStale } from "./build.mjs";
import { bundleForNode } from "./bundle.mjs";
import { copyProject } from "./demo-project.mjs";
import { openApp, say } from "./launch.mjs";

const top = join(import.meta.dirname, "..");
/** The model listens on loopback and reads nothing from disk; it answers in a fraction of this. */
const MODEL_START_MS = 10_000;

function demoHome() {
  const state = process.env["XDG_STATE_HOME"];
  return join(state?.startsWith("/") ? state : join(homedir(), ".local", "state"), "deckhand-demo");
}

/** OpenCode's sessions, settings and keys of the person are left alone: the demo has folders of its own. */
function ownFolders(folder) {
  const names = { XDG_DATA_HOME: "data", XDG_CONFIG_HOME: "config", XDG_STATE_HOME: "state", XDG_CACHE_HOME: "cache" };
  return Object.fromEntries(Object.entries(names).map(([name, part]) => [name, join(folder, "opencode", part)]));
}

/** Starts the scripted model; it ends when its stdin does, which is when we do. */
async function startModel() {
  const program = await bundleForNode({
    entry: "test/fakes/scripted-model/main.ts",
    folder: "demo",
    name: "scripted-model",
  });
  const child = spawn(process.execPath, [program, "0", "--until-stdin-ends"], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const line = await new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("The scripted model did not start.")), MODEL_START_MS);
    createInterface({ input: child.stdout }).once("line", (text) => {
      clearTimeout(timer);
      resolve(text);
    });
    child.once("exit", (code) => {
      clearTimeout(timer);
      reject(new Error(`The scripted model ended with code ${code}.`));
    });
  });
  return { config: JSON.parse(line).config, stop: () => child.stdin.end() };
}

try {
  await buildIfStale(say);
  const home = demoHome();
  const project = copyProject(home, top);
  const model = await startModel();
  try {
    process.exitCode = await openApp({
      args: ["--home", home, ...process.argv.slice(2), project],
      env: {
        ...process.env,
        ...ownFolders(join(home, "demo")),
        // No network: OpenCode would look for news about models.
        OPENCODE_DISABLE_MODELS_FETCH: "1",
        DECKHAND_DEMO: "Demo: a scripted model answers, no AI is called",
        // Merged by the host into the configuration of every OpenCode server it starts.
        DECKHAND_DEMO_CONFIG: JSON.stringify(model.config),
      },
    });
  } finally {
    model.stop();
  }
} catch (error) {
  say(error.message);
  process.exitCode = 1;
}
