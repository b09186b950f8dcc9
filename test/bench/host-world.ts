/**
 * The built headless host as a process of its own, unmodified, in folders of its own, with a scripted model behind its
 * servers. A few lines preloaded into it answer `look` with its memory after a garbage collection.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Client } from "#shared/client.ts";
import type { Project } from "#shared/schema/workspace.ts";
import { connectToHost } from "../../electron/cli/host-connection.ts";
import { startScriptedModel } from "../fakes/scripted-model/server.ts";
import { worldEnvironment } from "../support/world.ts";
import { builtHost } from "./machine.ts";

/** What the preloaded lines answer. */
export interface HostLook {
  readonly rss: number;
  readonly heapUsed: number;
  readonly external: number;
  /** What keeps its event loop busy, by kind. */
  readonly resources: Readonly<Record<string, number>>;
}

export interface HostWorld {
  readonly folder: string;
  readonly pid: number;
  /** `http://127.0.0.1:PORT/#token=…`. */
  readonly pageUrl: string;
  readonly client: Client;
  /** Collects garbage first. */
  look(): Promise<HostLook>;
  /** Writes a heap snapshot of the host into its working folder, for whoever searches a leak. */
  snapshotHeap(file: string): Promise<void>;
  /** Opens a new empty folder and trusts it. */
  openProject(name: string): Promise<Project>;
  close(): Promise<void>;
}

const START_MS = 30_000;
const preloaded = `
import { writeHeapSnapshot } from "node:v8";
process.on("message", ({ id, snapshot }) => {
  // The second waits until the buffers that the first has found unused are freed.
  globalThis.gc();
  globalThis.gc();
  if (snapshot) writeHeapSnapshot(snapshot);
  const { rss, heapUsed, external } = process.memoryUsage();
  const resources = {};
  for (const kind of process.getActiveResourcesInfo()) resources[kind] = (resources[kind] ?? 0) + 1;
  process.send({ id, rss, heapUsed, external, resources });
});
process.channel.unref();
`;

export async function openHostWorld(): Promise<HostWorld> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "deckhand-bench-host-")));
  const home = join(folder, "home");
  const model = await startScriptedModel();
  const child: ChildProcess = spawn(
    process.execPath,
    ["--expose-gc", "--import", `data:text/javascript,${encodeURIComponent(preloaded)}`, builtHost, "--home", home],
    { env: worldEnvironment(folder, model), stdio: ["ignore", "pipe", "inherit", "ipc"] },
  );
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const killIt = () => void child.kill("SIGTERM");
  process.once("exit", killIt);
  const pageUrl = await new Promise<string>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("The headless host was not ready in time.")), START_MS);
    void exited.then(() => reject(new Error("The headless host ended at once.")));
    if (child.stdout === null) return reject(new Error("no stdout"));
    createInterface({ input: child.stdout }).once("line", (line) => {
      clearTimeout(timer);
      resolve(line.replace("deckhand ready ", ""));
    });
  });
  const { client } = await connectToHost(home);
  let asked = 0;
  const ask = (snapshot: string | null): Promise<HostLook> =>
    new Promise((resolve) => {
      const id = (asked += 1);
      const take = (answer: HostLook & { id: number }) => {
        if (answer.id !== id) return;
        child.off("message", take);
        resolve(answer);
      };
      child.on("message", take);
      child.send({ id, snapshot });
    });
  return {
    folder,
    pid: child.pid ?? 0,
    pageUrl,
    client,
    look: () => ask(null),
    async snapshotHeap(file) {
      await ask(file);
    },
    async openProject(name) {
      const directory = join(folder, name);
      mkdirSync(directory, { recursive: true });
      const project = await client.call("project.open", { directory });
      const { contentHash } = await client.call("trust.review", { workspace: project.workspace });
      await client.call("trust.grant", { workspace: project.workspace, contentHash });
      return project;
    },
    async close() {
      client.close();
      child.kill("SIGTERM");
      await exited;
      process.off("exit", killIt);
      await model.close();
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
