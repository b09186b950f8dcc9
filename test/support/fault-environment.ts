/** An environment of services on the stage of a fault case: the real orchestrator, keeper and log. */
import { workspaceIdSchema } from "#shared/schema/id.ts";
import type { ServiceStatus } from "#shared/schema/service.ts";
import { ComposeEngine } from "../../electron/core/compose/engine.ts";
import { Environment } from "../../electron/core/environment/environment.ts";
import type { EnvironmentDependencies } from "../../electron/core/environment/environment-dependencies.ts";
import { madeProject, type Made } from "./environment-world.ts";
import type { Stage } from "./fault-stage.ts";
import { quickClock } from "./quick-clock.ts";

export interface StagedEnvironment {
  readonly environment: Environment;
  /** Every state every service was shown in, oldest first. */
  readonly seen: readonly { readonly name: string; readonly phase: ServiceStatus["phase"]; readonly ready: boolean }[];
  /** Starts services; the answer tells the status of one, by default the first. */
  start(...services: Made[]): (name?: string) => ServiceStatus;
  /** Stops all of them; resolves when nothing of it is left. */
  stop(): Promise<void>;
}

/** @param options.speed How many times as fast time passes for delays and limits (not for the grace of a stop); without a clock of its own. */
export function environmentOn(
  stage: Stage,
  options: { readonly speed?: number } & Partial<
    Pick<EnvironmentDependencies, "admit" | "clock" | "compose" | "runsFile">
  > = {},
): StagedEnvironment {
  const { speed = 1, clock = quickClock(speed), ...more } = options;
  const shellEnvironment = {
    variables: () => Promise.resolve({ PATH: process.env["PATH"] ?? "", HOME: stage.root }),
    warning: null,
  };
  const environment = new Environment({
    keeper: stage.keeper,
    book: stage.book,
    workspaceId: workspaceIdSchema.parse("wsp_00000000000000aa"),
    directory: stage.root,
    clock,
    logger: stage.logger,
    shellEnvironment,
    compose: new ComposeEngine({ clock, logger: stage.logger, shellEnvironment }),
    audit: (entry) => stage.collect("audit", entry),
    ...more,
  });
  stage.scope.add("environment", () => environment.close());
  const seen: { name: string; phase: ServiceStatus["phase"]; ready: boolean }[] = [];
  const status = (name: string): ServiceStatus => {
    const found = environment.status().services.find((service) => service.name === name);
    if (found === undefined) throw new Error(`no service ${name}`);
    return found;
  };
  environment.onChange(() => {
    for (const { name, phase, ready } of environment.status().services) seen.push({ name, phase, ready });
  });
  return {
    environment,
    seen,
    start(...services) {
      const detected = madeProject(stage.root, services);
      environment.start({ detected, profile: "dev" });
      for (const { name } of services) {
        stage.show(() => ({ up: status(name).pid !== null, pid: status(name).pid }), name);
      }
      return (name = services[0]?.name ?? "") => status(name);
    },
    async stop() {
      await environment.stop();
    },
  };
}
