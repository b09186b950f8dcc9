/** What else brings services up in order: a script that waits for ports before it starts the next, and docker compose. */
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { engineObstacle, testImage } from "../support/docker-engine.ts";
import { runSilently } from "./machine.ts";
import type { SmallService } from "./small-service.ts";

/** What is commonly written where nothing keeps the order: each service behind a loop that asks for the ports it needs. */
const script = `
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
const [file, interval] = process.argv.slice(2);
const children = [];
const isOpen = (port) => new Promise((resolve) => {
  const socket = connect(port, "127.0.0.1", () => { socket.destroy(); resolve(true); });
  socket.on("error", () => resolve(false));
});
async function run({ argv, cwd, env, ports }) {
  for (const port of ports)
    while (!(await isOpen(port))) await new Promise((resolve) => setTimeout(resolve, Number(interval)));
  children.push(spawn(argv[0], argv.slice(1), { cwd, env, stdio: "ignore" }));
}
process.on("SIGTERM", () => { for (const child of children) child.kill(); process.exit(); });
for (const job of JSON.parse(readFileSync(file, "utf8"))) void run(job);
`;

export interface ScriptJob {
  readonly argv: readonly [string, ...string[]];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** That must be open first. */
  readonly ports: readonly number[];
}

/** Starts it and answers with what ends it. @param interval Between two looks at a port, in ms. */
export function startWaitScript(jobs: readonly ScriptJob[], folder: string, interval: number): () => Promise<void> {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "wait.mjs"), script);
  writeFileSync(join(folder, "jobs.json"), JSON.stringify(jobs));
  const child = spawn(process.execPath, [join(folder, "wait.mjs"), join(folder, "jobs.json"), String(interval)], {
    stdio: "ignore",
  });
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  return async () => {
    child.kill("SIGTERM");
    await exited;
  };
}

/** Why docker compose cannot be asked; null where it can. */
export function composeObstacle(): string | null {
  const obstacle = engineObstacle();
  if (obstacle !== null) return obstacle;
  return spawnSync("docker", ["compose", "version"]).status === 0 ? null : "docker has no compose";
}

/**
 * The same graph in containers, which are ready when a file is there: `up --wait`, in ms. Only containers of a project of our
 * own are touched, and they are gone afterwards.
 */
export async function composeUpMs(services: readonly SmallService[], folder: string, project: string): Promise<number> {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, "compose.json");
  const entries = services.map(({ name, delayMs, needs }) => [
    name,
    {
      image: testImage,
      network_mode: "none",
      command: ["sh", "-c", `sleep ${delayMs / 1_000}; touch /ready; exec sleep 600`],
      healthcheck: { test: ["CMD", "test", "-f", "/ready"], interval: "100ms", timeout: "5s", retries: 600 },
      depends_on: Object.fromEntries(needs.map((need) => [need, { condition: "service_healthy" }])),
    },
  ]);
  writeFileSync(file, JSON.stringify({ services: Object.fromEntries(entries) }));
  const compose = (...words: string[]) => runSilently("docker", ["compose", "-p", project, "-f", file, ...words]);
  try {
    const begun = performance.now();
    const code = await compose("up", "--detach", "--wait", "--quiet-pull");
    if (code !== 0) throw new Error(`docker compose up ended with ${code}`);
    return performance.now() - begun;
  } finally {
    await compose("down", "--timeout", "0", "--volumes");
  }
}
