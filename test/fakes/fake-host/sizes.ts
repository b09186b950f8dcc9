/** Environments of 3, 20, 100 and 1,000 services. */
import type { EnvironmentStatus } from "#shared/schema/environment.ts";
import { stoppedServer } from "#shared/schema/server.ts";
import type { ServiceStatus } from "#shared/schema/service.ts";
import { oneFailure } from "./extremes.ts";
import { base, changed, gone, off, service, shop, task } from "./shop.ts";
import { withSkipped } from "./troubles.ts";

const words = ["auth", "orders", "search", "mail", "billing", "stock", "images", "reports", "chat", "audit"];

/** `levels` waves of `wide` services, each of which needs one or two of the wave before. */
function mesh(levels: number, wide: number): ServiceStatus[] {
  return Array.from({ length: levels * wide }, (_, index) => {
    const wave = Math.floor(index / wide);
    const place = index % wide;
    const nameAt = (level: number, at: number) => `${words[at % words.length]}-${level + 1}`;
    const needs =
      wave === 0 ? [] : [nameAt(wave - 1, place), ...(place % 3 === 0 ? [nameAt(wave - 1, (place + 1) % wide)] : [])];
    const make = wave === 1 && place === 0 ? task : service;
    return make(nameAt(wave, place), wave, {
      dependsOn: [...new Set(needs)],
      restarts: index % 17 === 3 ? 2 : 0,
      url: index % 3 === 0 ? `http://127.0.0.1:${4_000 + index}/` : null,
      ports: index % 3 === 2 ? [{ name: "tcp", port: 5_000 + index, env: "PORT" }] : [],
      ...(wave === 1 && place === 0
        ? {}
        : { memoryBytes: (24 + ((index * 37) % 220)) * 1_048_576, cpuPercent: (index % 9) / 2 }),
    });
  });
}

/** Half way through a start: the first waves are ready, one is at work, the others wait. */
function halfWay(services: readonly ServiceStatus[], wave: number): ServiceStatus[] {
  return services.map((each) => {
    if (each.wave < wave) return each;
    const nothing = {
      ready: false,
      url: null,
      uptimeMs: null,
      memoryBytes: null,
      cpuPercent: null,
      exit: null,
      restarts: 0,
    };
    if (each.wave === wave) return changed(each, { ...nothing, phase: "running", health: "starting", uptimeMs: 800 });
    return changed(each, {
      ...nothing,
      phase: "waiting",
      health: "none",
      pid: null,
      why: `Waits for ${each.dependsOn.join(", ")} (health starting)`,
    });
  });
}

export function sized(scenario: string): EnvironmentStatus | null {
  switch (scenario) {
    case "three":
      return base({
        services: shop()
          .filter(({ name }) => ["db", "db:migrate", "dev:web"].includes(name))
          .map((each) =>
            changed(each, {
              wave: ["db", "db:migrate", "dev:web"].indexOf(each.name),
              dependsOn: each.name === "db" ? [] : each.name === "db:migrate" ? ["db"] : ["db:migrate"],
            }),
          ),
      });
    case "twenty":
      return base({ services: mesh(5, 4) });
    case "twenty-starting":
      return base({
        phase: "starting",
        since: new Date(Date.now() - 6_400).toISOString(),
        services: halfWay(mesh(5, 4), 2),
      });
    case "hundred":
      return base({ services: mesh(10, 10) });
    case "hundred-failed": {
      const services = mesh(10, 10).map((each) =>
        each.name === "images-7"
          ? changed(each, { ...gone, phase: "failed", why: "Ended with code 1", failure: oneFailure })
          : each,
      );
      return base({
        phase: "failed",
        since: new Date(Date.now() - 61_000).toISOString(),
        services: withSkipped(services, "images-7", oneFailure),
      });
    }
    case "hundred-stopped":
      return base({
        phase: "stopped",
        server: stoppedServer,
        services: mesh(10, 10).map((each) => changed(each, { ...off, restarts: 0 })),
      });
    case "hundred-starting":
      return base({
        phase: "starting",
        since: new Date(Date.now() - 12_000).toISOString(),
        services: halfWay(mesh(10, 10), 5),
      });
    default:
      return null;
  }
}
