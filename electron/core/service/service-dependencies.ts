import type { Exit, ServiceRun } from "#shared/schema/service.ts";
import type { DetectedService } from "../environment/detect/detected.ts";
import type { Clock } from "../lib/clock.ts";
import type { Logger } from "../lib/logger.ts";
import type { LogBook } from "../log/types.ts";
import type { Usage } from "../process/owned.ts";
import type { PortHolder } from "./failures.ts";
import type { HookMoment } from "./hooks.ts";
import type { ProbeAnswer } from "./probe.ts";
import type { Launch, Runtime } from "./runtime.ts";
import type { ServiceChange } from "./service-record.ts";

/** What one service is built from. `Self` is the service; a parameter, so that this file need not know the class. */
export interface ServiceDependencies<Self> {
  readonly detected: DetectedService;
  readonly runtime: Runtime;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly book: LogBook;
  readonly logger: Logger;
  /** One probe of the kind `exec`, in the service's folder and environment. */
  readonly exec: (
    command: readonly [string, ...string[]],
    launch: Pick<Launch, "environment">,
    signal: AbortSignal,
  ) => Promise<ProbeAnswer>;
  /** One command of the author's beside the service, in its folder and environment; resolves when nothing of it is left. */
  readonly hook: (
    command: readonly [string, ...string[]],
    moment: HookMoment,
    launch: Pick<Launch, "environment" | "onLines">,
    signal: AbortSignal,
  ) => Promise<Exit>;
  /** The latest reading of what the keeper owns under an id. */
  readonly usage: (usageId: string) => Usage | null;
  readonly portHolder: (port: number) => Promise<PortHolder | null>;
  /** Where the counting of generations goes on, for a service that replaces another of its name. */
  readonly generation?: number;
  /** How its latest life came out, of which nothing else is known any more: an earlier host's. Null: it had none. */
  readonly lastRun?: ServiceRun | null;
  /** After the end of each generation. */
  readonly onRun: (service: string, run: ServiceRun) => void;
  /** After every change that others may go by; null where it is not one of its state. */
  readonly onChange: (service: Self, change: ServiceChange | null) => void;
  /** It waits as before, for other reasons: to be shown, and nothing follows from it. */
  readonly onExplained: () => void;
}
