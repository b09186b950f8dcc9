/**
 * Process managers that are asked to keep the same programs alive as we do. None is a dependency: they are found on the PATH
 * or in the folder DECKHAND_BENCH_PEERS (a `node_modules/.bin`, for one), and what is absent is said.
 */
import { spawn, spawnSync } from "node:child_process";
import { accessSync, constants, mkdirSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { say } from "./figures.ts";
import { pause, processesOf } from "./machine.ts";

export interface Managed {
  /** What manages, without what it manages. */
  readonly managers: () => number[];
  stop(): Promise<void>;
}

export interface Job {
  readonly argv: readonly [string, ...string[]];
  readonly cwd: string;
  /** The program's whole environment. */
  readonly env: Readonly<Record<string, string>>;
}

export interface Peer {
  readonly name: string;
  /** What cannot be told about it by its figures. */
  readonly note: string;
  /** @param folder For its configuration and state. @param marker A text that only processes of this run carry. */
  start(jobs: readonly Job[], folder: string, marker: string): Promise<Managed>;
}

/** What is commonly written instead of a manager. Takes a list of `{argv, cwd, env}` as JSON in a file. */
const plainSupervisor = `
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
let ending = false;
const children = new Set();
function run({ argv, cwd, env }) {
  const child = spawn(argv[0], argv.slice(1), { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  children.add(child);
  child.stdout.on("data", () => {});
  child.stderr.on("data", () => {});
  child.on("exit", () => {
    children.delete(child);
    if (!ending) run({ argv, cwd, env });
    else if (children.size === 0) process.exit();
  });
}
process.on("SIGTERM", () => {
  ending = true;
  if (children.size === 0) process.exit();
  for (const child of children) child.kill("SIGTERM");
});
for (const job of JSON.parse(readFileSync(process.argv[2], "utf8"))) run(job);
setInterval(() => {}, 1 << 30);
`;

/** What others are measured by: less cannot be done. */
export const floorName = "20 lines of Node";

const plain: Peer = {
  name: floorName,
  note: "no health check, no clean-up of what a server leaves, no log",
  async start(jobs, folder, marker) {
    mkdirSync(folder, { recursive: true });
    const program = join(folder, "supervisor.mjs");
    writeFileSync(program, plainSupervisor);
    writeFileSync(join(folder, "jobs.json"), JSON.stringify(jobs));
    const child = spawn(process.execPath, [program, join(folder, "jobs.json")], {
      stdio: "ignore",
      env: { PATH: process.env["PATH"], BENCH_MARKER: marker },
    });
    const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    return {
      managers: () => (child.pid === undefined ? [] : [child.pid]),
      async stop() {
        child.kill("SIGTERM");
        await exited;
      },
    };
  },
};

function supervisord(program: string): Peer {
  return {
    name: "supervisord",
    note: "its defaults; no health check",
    async start(jobs, folder, marker) {
      mkdirSync(folder, { recursive: true });
      const quoted = (env: Job["env"]) =>
        Object.entries(env)
          .map(([name, value]) => `${name}="${value.replaceAll("%", "%%").replaceAll('"', '\\"')}"`)
          .join(",");
      const sections = jobs.map(
        (job, index) =>
          `[program:service${index}]\ncommand=${job.argv.join(" ")}\ndirectory=${job.cwd}\nenvironment=${quoted(job.env)}\n`,
      );
      const head = `[supervisord]\nnodaemon=true\nlogfile=${folder}/log\npidfile=${folder}/pid\nchildlogdir=${folder}\n`;
      const configuration = join(folder, "supervisord.conf");
      writeFileSync(configuration, [head, ...sections].join("\n"));
      const child = spawn(program, ["-c", configuration], {
        stdio: "ignore",
        env: { PATH: process.env["PATH"], BENCH_MARKER: marker },
      });
      const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
      return {
        managers: () => (child.pid === undefined ? [] : [child.pid]),
        async stop() {
          child.kill("SIGTERM");
          await exited;
        },
      };
    },
  };
}

function pm2(program: string): Peer {
  return {
    name: "pm2",
    note: "its defaults; no health check",
    async start(jobs, folder, marker) {
      mkdirSync(folder, { recursive: true });
      const apps = jobs.map((job, index) => ({
        name: `service${index}`,
        script: job.argv[0],
        args: job.argv.slice(1),
        cwd: job.cwd,
        interpreter: "none",
        env: job.env,
      }));
      const ecosystem = join(folder, "ecosystem.config.json");
      writeFileSync(ecosystem, JSON.stringify({ apps }));
      const env = { PATH: process.env["PATH"], HOME: folder, PM2_HOME: join(folder, "pm2"), BENCH_MARKER: marker };
      const run = (...words: string[]) => spawnSync(program, words, { env, stdio: "ignore" });
      // `ping` starts its daemon too.
      run(...(jobs.length === 0 ? ["ping"] : ["start", ecosystem]));
      return {
        managers: () => processesOf(marker, "PM2", "God Daemon"),
        async stop() {
          run("kill");
          while (processesOf(marker, "God Daemon").length > 0) await pause(50);
        },
      };
    },
  };
}

/** Those that are here; one line on stderr says which are not. */
export function findPeers(): Peer[] {
  const makers = { pm2, supervisord };
  const absent: string[] = [];
  const found = Object.entries(makers).flatMap(([name, make]) => {
    const program = findProgram(name);
    if (program === null) absent.push(name);
    return program === null ? [] : [make(program)];
  });
  if (absent.length > 0) say(`Not here, so not compared with: ${absent.join(", ")} (PATH or DECKHAND_BENCH_PEERS).`);
  return [plain, ...found];
}

/** Looked for in DECKHAND_BENCH_PEERS, then on the PATH. */
export function findProgram(name: string): string | null {
  const folders = [process.env["DECKHAND_BENCH_PEERS"] ?? "", ...(process.env["PATH"] ?? "").split(delimiter)];
  for (const folder of folders.filter((each) => each !== "")) {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return join(folder, name);
    } catch {
      // Not in this folder.
    }
  }
  return null;
}
