/** Docker for tests: whether the engine of this machine can be used, and one of a test's own that may be killed. */
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, openSync, closeSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "./until.ts";

/** Built where the engine is installed: no image can be pulled in a closed network. */
export const testImage = "local/busybox:1";

/** One docker command to its end. `host`: of that engine instead of the machine's. */
export function docker(words: readonly string[], host?: string): string {
  const at = host === undefined ? [] : ["-H", host];
  const found = execFileSync("docker", [...at, ...words], { stdio: ["ignore", "pipe", "pipe"], timeout: 20_000 });
  return found.toString("utf8").trim();
}

/** Why nothing can be run on the engine of this machine; null where it can. */
export function engineObstacle(): string | null {
  try {
    docker(["version", "--format", "{{.Server.Version}}"]);
  } catch {
    return "no Docker engine answers";
  }
  try {
    docker(["image", "inspect", testImage]);
    return null;
  } catch {
    return `the image ${testImage} is not there`;
  }
}

/** Why no engine of a test's own can be run; null where it can. */
export function privateEngineObstacle(): string | null {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return "a second engine needs root on Linux";
  try {
    execFileSync("dockerd", ["--version"], { stdio: "ignore" });
  } catch {
    return "there is no dockerd";
  }
  return engineObstacle();
}

/** A Docker engine of a test's own, with the image in it. */
export interface PrivateEngine {
  /** For DOCKER_HOST. */
  readonly host: string;
  start(): Promise<void>;
  /** Sends the engine itself a signal; its containers get none. */
  signal(name: NodeJS.Signals): void;
  /** Waits for its end after a signal that ends it. */
  ended(): Promise<void>;
  /** Ends it, and everything of it that is left. */
  remove(): Promise<void>;
}

export async function createPrivateEngine(): Promise<PrivateEngine> {
  const folder = mkdtempSync(join(tmpdir(), "deckhand-engine-"));
  const host = `unix://${join(folder, "docker.sock")}`;
  let child: ChildProcess | null = null;
  let over: Promise<unknown> = Promise.resolve();
  const launch = () => {
    const log = openSync(join(folder, "log"), "a");
    // Beside the machine's own engine: its own containerd, no default bridge, no rule of the firewall.
    const at = ["data-root=data", "exec-root=exec", "pidfile=pid"].map(
      (option) => `--${option.replace("=", `=${folder}/`)}`,
    );
    const network = ["--bridge=none", "--iptables=false", "--ip-forward=false", "--ip-masq=false"];
    const pool = "--default-address-pool=base=10.123.0.0/16,size=24";
    const started = spawn("dockerd", ["-H", host, ...at, ...network, pool], {
      stdio: ["ignore", log, log],
      detached: true,
    });
    closeSync(log);
    over = new Promise((resolve) => started.once("exit", resolve));
    child = started;
  };
  const engine: PrivateEngine = {
    host,
    async start() {
      // Shortly after it was killed, what it left (its containerd) is still on its way out and in the way.
      await until("the engine's answer", 45_000, async () => {
        if (child === null || child.exitCode !== null || child.signalCode !== null) launch();
        await new Promise((resolve) => setTimeout(resolve, 100));
        try {
          return docker(["version", "--format", "{{.Server.Version}}"], host) !== "";
        } catch {
          return false;
        }
      });
    },
    signal(name) {
      child?.kill(name);
    },
    async ended() {
      await over;
    },
    async remove() {
      child?.kill("SIGCONT");
      // A dead one left its containers running; only it can end them.
      if (child === null || child.exitCode !== null || child.signalCode !== null) await engine.start();
      for (const id of docker(["ps", "-aq"], host).split("\n").filter(Boolean)) docker(["rm", "-f", id], host);
      child?.kill("SIGTERM");
      await over;
      try {
        // An engine that was killed leaves it mounted.
        execFileSync("umount", [join(folder, "data")], { stdio: "ignore" });
      } catch {
        // It was not.
      }
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
  await engine.start();
  const image = execFileSync("docker", ["save", testImage], { maxBuffer: 1e8 });
  execFileSync("docker", ["-H", host, "load"], { input: image, stdio: ["pipe", "ignore", "ignore"] });
  return engine;
}
