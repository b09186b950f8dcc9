/** Where the environment's benchmarks run: the built headless host beside what else manages processes here. */
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { EnvironmentStatus } from "#shared/schema/environment.ts";
import type { WorkspaceId } from "#shared/schema/id.ts";
import { openHostWorld, type HostWorld } from "./host-world.ts";
import { pause, processesOf } from "./machine.ts";
import type { Job } from "./peers.ts";
import { openBeats, writeSmallService, type Beats, type SmallService } from "./small-service.ts";

export interface Stand {
  readonly host: HostWorld;
  readonly beats: Beats;
  /** A text in the environment of every service, and of nothing else on this machine. */
  readonly marker: string;
  readonly argvOf: ReturnType<typeof writeSmallService>;
  /** A project of these services, trusted; nothing is started. `more` is laid over each in deckhand.yaml. */
  project(name: string, services: readonly SmallService[], more?: Readonly<Record<string, unknown>>): Promise<Ours>;
  /** The same services for those who know no order. */
  jobs(services: readonly SmallService[]): Job[];
  /** Processes of services that still exist, of whoever started them. */
  survivors(): number[];
  /** Ends them, so that the next in turn begins with nothing. */
  endSurvivors(): Promise<void>;
  close(): Promise<void>;
}

export interface Ours {
  readonly workspace: WorkspaceId;
  start(): Promise<void>;
  stop(): Promise<void>;
  status(): Promise<EnvironmentStatus>;
  /** The first status seen that fits, without asking again and again. @throws Error after a minute. */
  until(what: string, fits: (status: EnvironmentStatus) => boolean): Promise<EnvironmentStatus>;
}

const UNTIL_MS = 60_000;

export async function openStand(): Promise<Stand> {
  const host = await openHostWorld();
  const beats = await openBeats();
  const marker = `deckhand-bench-${process.pid}-${Date.now()}`;
  const argvOf = writeSmallService(host.folder, beats.port);
  const survivors = () => processesOf(`BENCH_SERVICE=${marker}`);
  const environment = { BENCH_SERVICE: marker };
  const endSurvivors = async () => {
    // Their environment has just been read: nobody else carries the marker.
    for (let left = survivors(); left.length > 0; left = survivors()) {
      for (const pid of left) killIfThere(pid);
      await pause(20);
    }
  };
  // Nobody is there to count what an interrupted run leaves. The host ends with this process (host-world.ts).
  const interrupted = () => {
    for (const pid of survivors()) killIfThere(pid);
    process.exit(1);
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, interrupted);
  return {
    host,
    beats,
    marker,
    argvOf,
    survivors,
    endSurvivors,
    async project(name, services, more = {}) {
      writeProject(join(host.folder, name), services, (service) => ({
        command: argvOf(service),
        environment,
        ...more,
      }));
      const { workspace } = await host.openProject(name);
      return oursOf(host, workspace);
    },
    jobs: (services) =>
      services.map((service) => ({
        argv: argvOf(service),
        cwd: host.folder,
        env: { PATH: process.env["PATH"] ?? "", ...environment },
      })),
    async close() {
      await host.close();
      await endSurvivors();
      await beats.close();
    },
  };
}

function writeProject(
  directory: string,
  services: readonly SmallService[],
  base: (service: SmallService) => Record<string, unknown>,
): void {
  const entries = services.map((service) => [
    service.name,
    {
      // A port of 0: it has none, and nothing tells when it is ready.
      ...(service.port === 0 ? {} : { ports: { http: service.port }, healthcheck: { tcp: service.port } }),
      depends_on: Object.fromEntries(service.needs.map((need) => [need, { condition: "service_healthy" }])),
      ...base(service),
    },
  ]);
  mkdirSync(directory, { recursive: true });
  // What is JSON is YAML.
  writeFileSync(
    join(directory, "deckhand.yaml"),
    JSON.stringify({ detect: false, services: Object.fromEntries(entries) }, null, 2),
  );
}

export function oursOf({ client }: HostWorld, workspace: WorkspaceId): Ours {
  return {
    workspace,
    async start() {
      await client.call("environment.start", { workspace });
    },
    async stop() {
      await client.call("environment.stop", { workspace });
    },
    status: () => client.call("environment.status", { workspace }),
    until: (what, fits) =>
      new Promise((resolve, reject) => {
        let latest: EnvironmentStatus | undefined;
        const end = () => {
          clearTimeout(timer);
          stop();
        };
        const stop = client.subscribe(
          "environment.watch",
          { workspace },
          {
            onBatch(items) {
              latest = items.at(-1);
              if (latest === undefined || !fits(latest)) return;
              end();
              resolve(latest);
            },
          },
        );
        const timer = setTimeout(() => {
          end();
          const late = latest?.services.find((service) => !service.ready);
          const state = late === undefined ? "" : `; ${late.name} is ${late.phase}: ${late.why ?? "nobody knows why"}`;
          reject(new Error(`waited ${UNTIL_MS} ms in vain for ${what}; all are ${latest?.phase}${state}`));
        }, UNTIL_MS);
      }),
  };
}

/** The host and the processes it keeps for itself: its guardian, and none of its services. */
export function managersOf(stand: Stand): number[] {
  const services = new Set(stand.survivors());
  const own = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => !services.has(pid) && parentOf(pid) === stand.host.pid);
  return [stand.host.pid, ...own];
}

function parentOf(pid: number): number | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
  } catch {
    // It has ended meanwhile.
    return null;
  }
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended meanwhile.
  }
}
