/** The environment of each scenario. */
import type { EnvironmentStatus } from "#shared/schema/environment.ts";
import { stoppedServer } from "#shared/schema/server.ts";
import type { ServiceStatus } from "#shared/schema/service.ts";
import { extreme } from "./extremes.ts";
import { runningServer, serverOf } from "./servers.ts";
import { base, changed, gone, off, service, shop } from "./shop.ts";
import { sized } from "./sizes.ts";
import { withSteps } from "./steps.ts";
import { failure, trouble } from "./troubles.ts";

const degraded: Record<string, Partial<ServiceStatus>> = {
  "dev:api": { ready: false, health: "unhealthy", why: "GET /healthz answered 503, 3 times" },
  "dev:worker": {
    phase: "backoff",
    ready: false,
    why: "Ended with code 1; tries again in 4s (3 of 5)",
    restarts: 3,
    pid: null,
    uptimeMs: null,
  },
};

export function environmentOf(scenario: string): EnvironmentStatus {
  const environment = trouble(scenario) ?? sized(scenario) ?? extreme(scenario) ?? plain(scenario);
  return { ...environment, services: withSteps(environment.services, Date.parse(environment.since)) };
}

function plain(scenario: string): EnvironmentStatus {
  switch (scenario) {
    case "stopped":
    case "untrusted":
      return base({
        phase: "stopped",
        services: shop().map((each) => changed(each, { ...off, restarts: 0 })),
        server: stoppedServer,
      });
    case "starting": {
      const rows = shop();
      return base({
        phase: "starting",
        since: new Date(Date.now() - 4_000).toISOString(),
        server: { ...runningServer, state: "waiting_ready", events: 0, version: null, uptimeMs: 2_000 },
        services: rows.map((each) => {
          if (each.wave === 0)
            return changed(each, {
              uptimeMs: 4_000,
              ready: each.name === "redis",
              health: each.name === "redis" ? "healthy" : "starting",
              why: each.name === "db" ? "Waiting for Docker’s health check of db" : null,
            });
          return changed(each, {
            ...gone,
            phase: "waiting",
            restarts: 0,
            why: `Waits for ${each.dependsOn.join(", ")}`,
          });
        }),
      });
    }
    case "failed":
      return base({
        phase: "failed",
        since: new Date(Date.now() - 61_000).toISOString(),
        server: {
          ...stoppedServer,
          state: "crashed",
          failure: failure(
            "opencode_missing",
            "No OpenCode binary was found on PATH or in the settings.",
            "Install OpenCode or choose its path in Settings.",
          ),
        },
        services: shop().map((each) => {
          if (each.name === "db:migrate")
            return changed(each, {
              phase: "failed",
              ready: false,
              exit: { code: 1, signal: null },
              why: "Ended with code 1",
              failure: failure(
                "task_failed",
                "db:migrate ended with code 1: relation “orders” already exists.",
                "Read its log, mend the migration, and try again.",
              ),
            });
          if (each.name === "dev:web")
            return changed(each, {
              ...gone,
              phase: "blocked",
              why: "Port 5173 is taken",
              failure: failure(
                "port_in_use",
                "Port 5173 is used by node (pid 812).",
                "Stop that process, or give dev:web another port.",
              ),
            });
          if (each.wave >= 2)
            return changed(each, {
              ...gone,
              phase: "skipped",
              why: `${each.wave === 2 ? "db:migrate" : "db:seed"} failed`,
            });
          return each;
        }),
        problems: [
          {
            code: "value_invalid",
            severity: "warning",
            message:
              "restart: sometimes is not a policy; “no” is used. Write no, on-failure, always or unless-stopped.",
            source: "compose.yaml:14:14",
          },
          {
            code: "unknown_dependency",
            severity: "error",
            message: "dev:mail needs “smtp”, which no file defines. Add it, or take it out of depends_on.",
            source: "compose.yaml:31:9",
          },
        ],
      });
    case "degraded":
      return base({
        phase: "degraded",
        services: shop().map((each) => (degraded[each.name] ? changed(each, degraded[each.name] ?? {}) : each)),
      });
    case "empty":
      return base({
        phase: "stopped",
        services: [],
        server: stoppedServer,
        problems: [{ code: "no_services", severity: "warning", message: "Nothing to run was found.", source: "." }],
      });
    case "broken":
      return base({
        phase: "stopped",
        services: [],
        server: stoppedServer,
        problems: [
          {
            code: "file_invalid",
            severity: "error",
            message: "package.json is not valid JSON: expected “,” after a property. Mend line 7.",
            source: "package.json:7:3",
          },
        ],
      });
    case "thousand":
      return base({
        services: Array.from({ length: 1_000 }, (_, index) =>
          service(`service-${String(index).padStart(4, "0")}`, Math.floor(index / 100), {
            restarts: index % 7 === 0 ? 1 : 0,
            url: index % 3 === 0 ? `http://127.0.0.1:${10_000 + index}/` : null,
            memoryBytes: (20 + (index % 90)) * 1_048_576,
          }),
        ),
      });
    default:
      return base({ server: serverOf(scenario) ?? runningServer });
  }
}
