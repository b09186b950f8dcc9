/** Environments in trouble, with failures in the words and details of the host. */
import type { Failure } from "#shared/failure.ts";
import type { EnvironmentStatus } from "#shared/schema/environment.ts";
import type { ServiceStatus } from "#shared/schema/service.ts";
import { base, changed, gone, off, service, shop } from "./shop.ts";

export const failure = (
  code: Failure["code"],
  message: string,
  next: string | null,
  details: Failure["details"] = {},
): Failure => ({
  code,
  message,
  next,
  details,
});

const migration = failure(
  "task_failed",
  "db:migrate ended with code 1: relation “orders” already exists.",
  "Look at the log of db:migrate, mend it and start again.",
  {
    tail: [
      "> harbour@1.0.0 db:migrate",
      "> node database/migrate.mjs",
      "",
      "applying 0007_orders.sql",
      "error: relation “orders” already exists",
      "    at Parser.parseErrorMessage (node_modules/pg-protocol/dist/parser.js:285:98)",
    ],
  },
);

const holder = (code: Partial<Record<string, unknown>>) => ({
  port: 5_173,
  holder: { pid: 812, command: "node server.js", ...code },
});

/** Each by the name of the service it befalls. */
const befallen: Record<string, Record<string, Partial<ServiceStatus>>> = {
  migration: {
    "db:migrate": {
      phase: "failed",
      ready: false,
      exit: { code: 1, signal: null },
      why: migration.message,
      failure: migration,
    },
  },
  port: {
    "dev:web": {
      ...gone,
      phase: "blocked",
      why: "Port 5173 is taken",
      failure: failure(
        "port_in_use",
        "dev:web needs port 5173, which is used by node server.js (pid 812).",
        "End process 812, or give dev:web another port; then start again.",
        holder({ owner: null }),
      ),
    },
  },
  "port-ours": {
    "dev:web": {
      ...gone,
      phase: "blocked",
      why: "Port 5173 is taken",
      failure: failure(
        "port_in_use",
        "dev:web needs port 5173, which is used by vite (pid 812): web of the workspace billing-service.",
        "Stop web there, or give dev:web another port; then start again.",
        holder({
          owner: { kind: "service", name: "web", workspace: "wsp_00000000000000b2", workspaceName: "billing-service" },
        }),
      ),
    },
  },
  "crash-loop": {
    "dev:worker": {
      ...gone,
      phase: "crash_loop",
      restarts: 5,
      generation: 6,
      exit: { code: 1, signal: null },
      why: "dev:worker ended with code 1: Cannot find module “bullmq”. 6 ends within a minute.",
      failure: failure(
        "service_exited",
        "dev:worker ended with code 1: Cannot find module “bullmq”. It was started 6 times within a minute and is left alone now.",
        "Correct what its log says, then start it again.",
        {
          tail: ["node:internal/modules/cjs/loader:1372", "  throw err;", "  ^", "Error: Cannot find module 'bullmq'"],
        },
      ),
    },
  },
  hook: {
    "dev:api": {
      ...gone,
      phase: "failed",
      why: "Its pre-start command failed",
      failure: failure(
        "hook_failed",
        "The pre-start command of dev:api, `npm run generate`, ended with code 2.",
        "Look at the log of dev:api, correct the command and start again.",
        { moment: "pre-start", command: "npm run generate" },
      ),
    },
  },
};

const dockerStopped = (): ServiceStatus[] =>
  withoutEngine(
    failure(
      "docker_stopped",
      "docker compose up db: the Docker engine does not answer.",
      "Start Docker, then start again.",
    ),
  );

const dockerMissing = (): ServiceStatus[] =>
  withoutEngine(
    failure(
      "docker_missing",
      "docker compose up db: no `docker` was found on PATH.",
      "Install Docker, then start again.",
    ),
  );

function withoutEngine(cause: Failure): ServiceStatus[] {
  return shop().map((each) => {
    if (each.kind === "compose")
      return changed(each, { ...gone, phase: "blocked", why: "Docker does not answer", failure: cause });
    return skipped(
      each,
      each.wave === 1 ? ["db"] : each.wave === 2 ? ["db:migrate", "db"] : ["db:seed", "db:migrate", "db"],
      cause,
    );
  });
}

function skipped(each: ServiceStatus, chain: readonly string[], root: Failure): ServiceStatus {
  const [first = "", ...rest] = chain;
  return changed(each, {
    ...gone,
    phase: "skipped",
    why: `${chain.join(" → ")} failed`,
    failure: failure(
      "dependency_failed",
      `${each.name} was skipped: it needs ${first}${rest.map((name) => `, which needs ${name}`).join("")}, which failed. ${root.message}`,
      root.next,
      { chain, root },
    ),
  });
}

/** What comes after a culprit is skipped, with the chain to it. */
export function withSkipped(services: readonly ServiceStatus[], culprit: string, root: Failure): ServiceStatus[] {
  const chains = new Map<string, readonly string[]>([[culprit, []]]);
  return services.map((each) => {
    const need = each.dependsOn.find((name) => chains.has(name));
    if (need === undefined || each.name === culprit) return each;
    const chain = [need, ...(chains.get(need) ?? [])];
    chains.set(each.name, chain);
    return skipped(each, chain, root);
  });
}

export function trouble(scenario: string): EnvironmentStatus | null {
  const since = new Date(Date.now() - 61_000).toISOString();
  const change = befallen[scenario];
  if (change) {
    const services = shop().map((each) => (change[each.name] ? changed(each, change[each.name] ?? {}) : each));
    const [[culprit, { failure: root = null }] = ["", {} as Partial<ServiceStatus>]] = Object.entries(change);
    return base({ phase: "failed", since, services: root ? withSkipped(services, culprit, root) : services });
  }
  switch (scenario) {
    case "docker":
      return base({ phase: "failed", since, services: dockerStopped() });
    case "docker-missing":
      return base({ phase: "failed", since, services: dockerMissing() });
    case "disabled":
      return base({
        services: [
          ...shop(),
          service("db:reset", 1, {
            ...off,
            kind: "task",
            phase: "disabled",
            why: "It resets the database: started only by name",
            dependsOn: ["db"],
          }),
          service("storybook", 0, { ...off, phase: "disabled", why: "Its author wants it started only by name" }),
        ],
      });
    case "replicas":
      return base({
        services: [
          ...shop().filter(({ name }) => name !== "dev:api"),
          ...[0, 1, 2].map((number) =>
            service(`dev:api-${number}`, 3, {
              dependsOn: ["db:seed", "redis"],
              url: `http://127.0.0.1:${4_310 + number}/`,
              ports: [{ name: "http", port: 4_310 + number, env: "PORT" }],
              probe: { kind: "http", url: `http://127.0.0.1:${4_310 + number}/healthz` },
              replica: { of: "dev:api", url: "http://127.0.0.1:4300/" },
            }),
          ),
        ],
      });
    case "files-changed":
      return base({
        filesChanged: {
          files: ["package.json", "compose.yaml"],
          difference: {
            from: "dev",
            profile: "dev",
            start: ["dev:mail"],
            stop: [],
            restart: [{ name: "dev:api", changed: ["its command", "its environment"] }],
            unchanged: ["db", "redis", "dev:web", "dev:worker"],
            problems: [],
          },
        },
      });
    default:
      return null;
  }
}
