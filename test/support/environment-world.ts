/** One environment on real processes: a home, a keeper with its guardian, a log in memory, and sample projects copied out. */
import { cpSync, existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AuditEntry } from "#shared/schema/host.ts";
import { workspaceIdSchema, type WorkspaceId } from "#shared/schema/id.ts";
import type { ServiceStatus } from "#shared/schema/service.ts";
import { ComposeEngine } from "../../electron/core/compose/engine.ts";
import type { Dependency, DetectedProject, DetectedService } from "../../electron/core/environment/detect/detected.ts";
import { graphNode } from "../../electron/core/environment/detect/detect.ts";
import { Environment } from "../../electron/core/environment/environment.ts";
import { planOrder } from "../../electron/core/environment/graph.ts";
import type { PortRegistry } from "../../electron/core/environment/ports.ts";
import { systemClock, type Clock } from "../../electron/core/lib/clock.ts";
import { silentLogger, type Logger } from "../../electron/core/lib/logger.ts";
import { createTextLogs } from "../../electron/core/log/text-log.ts";
import { Scope } from "../../electron/core/lib/scope.ts";
import { createProcessKeeper, type Keeper } from "../../electron/core/process/keeper.ts";
import { PROCESS_POLICY, TASK_POLICY } from "../../electron/core/service/restart-policy.ts";
import { DEFAULT_RULES } from "../../electron/core/service/service-rules.ts";
import { MemoryBook } from "./memory-book.ts";
import { until } from "./until.ts";

const top = join(import.meta.dirname, "../..");
export const program = join(top, "test/fixtures/services/environment-program.mjs");
export const testWorkspace = workspaceIdSchema.parse("wsp_00000000000000aa");

export interface EnvironmentWorld {
  readonly folder: string;
  readonly keeper: Keeper;
  readonly book: MemoryBook;
  readonly audit: AuditEntry[];
  readonly environment: Environment;
  /** Errors that the parts logged; a test that expects none asserts that it is empty. */
  readonly errors: string[];
  service(name: string): ServiceStatus;
  /** Stops everything and asserts that nothing is left. */
  close(): Promise<void>;
}

export function copyProject(name: string, target: string): string {
  cpSync(join(top, "test/fixtures/projects", name), target, { recursive: true });
  if (!existsSync(join(target, "node_modules")))
    symlinkSync(join(top, "node_modules"), join(target, "node_modules"), "dir");
  return target;
}

export function createEnvironmentWorld(options: {
  guardianPath: string;
  project?: string;
  path?: string;
  /** The environment's; default the system's. Stops take the system's in any case. */
  clock?: Clock;
  /** Default {@link testWorkspace}. */
  workspaceId?: WorkspaceId;
  /** Shared with another world; default one of its own. */
  ports?: PortRegistry;
  /** That of another world, which ends it; default its own. */
  keeper?: Keeper;
}): EnvironmentWorld {
  const base = realpathSync(mkdtempSync(join(tmpdir(), "deckhand-environment-")));
  const folder = join(base, "project");
  if (options.project === undefined) cpSync(join(top, "test/fixtures/services"), folder, { recursive: true });
  else copyProject(options.project, folder);
  const errors: string[] = [];
  const logger: Logger = {
    ...silentLogger,
    error: (message, fields) => errors.push(`${message} ${JSON.stringify(fields)}`),
  };
  const scope = new Scope("test", logger);
  const clock = systemClock;
  const { guardianPath } = options;
  const keeper =
    options.keeper ??
    createProcessKeeper({ home: base, runId: `run-${process.pid}`, clock, logger, guardianPath, scope });
  const book = new MemoryBook();
  const textLogs = createTextLogs({ clock, logger, onTrouble: ({ message }) => errors.push(message) });
  const audit: AuditEntry[] = [];
  const inherited = Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const variables = { ...Object.fromEntries(inherited), ...(options.path === undefined ? {} : { PATH: options.path }) };
  const shellEnvironment = { variables: () => Promise.resolve(variables), warning: null };
  const environment = new Environment({
    keeper,
    book,
    workspaceId: options.workspaceId ?? testWorkspace,
    ...(options.ports === undefined ? {} : { ports: options.ports }),
    workspaceName: () => "shop",
    textLogs,
    directory: folder,
    clock: options.clock ?? clock,
    logger,
    shellEnvironment,
    compose: new ComposeEngine({ clock, logger, shellEnvironment, folder: join(base, "compose") }),
    audit: (entry) => audit.push(entry),
  });
  return {
    folder,
    keeper,
    book,
    audit,
    environment,
    errors,
    service(name) {
      const found = environment.status().services.find((service) => service.name === name);
      if (found === undefined) throw new Error(`no service ${name}`);
      return found;
    },
    async close() {
      await environment.close();
      await textLogs.close();
      if (options.keeper === undefined)
        await until("an empty list of processes", 5_000, () => keeper.list().length === 0);
      await scope.close();
      rmSync(base, { recursive: true, force: true });
    },
  };
}

export interface Made {
  readonly name: string;
  readonly args?: readonly string[];
  readonly argv?: readonly [string, ...string[]];
  readonly kind?: "process" | "task";
  readonly needs?: Readonly<Record<string, Dependency["condition"] | Partial<Dependency>>>;
  readonly port?: number;
  readonly env?: string | null;
  readonly more?: Partial<DetectedService>;
  /** Laid over the plan that follows from the rest. */
  readonly plan?: Partial<DetectedService["plan"]>;
}

/** A plan made by hand. `args` go to environment-program.mjs, together with the service's name and port. */
export function madeProject(folder: string, services: readonly Made[]): DetectedProject {
  const detected = services.map((made): DetectedService => {
    const dependencies = new Map(
      Object.entries(made.needs ?? {}).map(([name, need]): [string, Dependency] => [
        name,
        {
          condition: "service_started",
          required: true,
          ...(typeof need === "string" ? { condition: need } : need),
        },
      ]),
    );
    const env = made.env === undefined ? "PORT" : made.env;
    const portArgs = made.port === undefined ? "" : ` --port ${env === null ? made.port : `$${env}`}`;
    const line = `exec node ${program} --name ${made.name}${portArgs} ${(made.args ?? []).join(" ")}`;
    const kind = made.kind ?? "process";
    return {
      plan: {
        name: made.name,
        kind,
        command: line,
        workingDirectory: folder,
        source: `test#${made.name}`,
        ports: made.port === undefined ? [] : [{ name: "http", port: made.port, env }],
        dependsOn: {},
        profiles: [],
        probe: made.port === undefined ? null : { kind: "tcp", port: made.port },
        ...made.plan,
      },
      run: { kind: "argv", argv: made.argv ?? ["/bin/sh", "-c", line] },
      dependencies,
      environment: {},
      restart: kind === "task" ? TASK_POLICY : PROCESS_POLICY,
      rules: DEFAULT_RULES,
      graceMs: 1_000,
      http: made.port !== undefined,
      portAssumed: false,
      role: "service",
      trust: { kind: "command", name: made.name, detail: line, source: "test", warnings: [] },
      digest: "",
      ...made.more,
    };
  });
  const order = planOrder(detected.map(graphNode));
  return {
    directory: folder,
    detection: {
      directory: folder,
      profile: "dev",
      services: detected.map((service) => service.plan),
      order: order.waves.map((wave) => wave.slice()),
      problems: [...order.problems],
    },
    services: new Map(detected.map((service) => [service.plan.name, service])),
    compose: null,
    profiles: [],
    files: [],
    folders: [],
    complete: true,
  };
}

export function linesOf(path: string): string[] {
  return existsSync(path) ? readFileSync(path, "utf8").trim().split("\n") : [];
}

/** A port nobody has right now. */
export async function freePort(): Promise<number> {
  const server = await listen(0);
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export function listen(port: number, host = "127.0.0.1"): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(port, host, () => resolve(server));
  });
}
