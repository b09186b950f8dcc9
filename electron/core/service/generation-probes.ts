/**
 * The three probes of one generation, with Kubernetes' meaning: `startup` holds the two others back until it has passed
 * once; `readiness` gates those who wait and never ends anything; `liveness` ends what no longer answers. A first success that
 * does not come in time ends it too, whichever of them it is.
 */
import type { Clock } from "../lib/clock.ts";
import { errorText } from "../lib/error.ts";
import type { ReadyProbe } from "./probe-for.ts";
import { runProbe, type ProbeDependencies } from "./probe.ts";

export interface ProbeTrio {
  readonly startup: ReadyProbe | null;
  readonly readiness: ReadyProbe | null;
  readonly liveness: ReadyProbe | null;
}

export interface ProbeVerdicts {
  readonly clock: Clock;
  readonly onHealthy: () => void;
  readonly onUnhealthy: (reason: string) => void;
  /** It was not ready in time, or cannot be any more. */
  readonly onDeadline: (reason: string) => void;
  /** Its liveness probe fails. */
  readonly onDead: (reason: string) => void;
}

/** Probes until `signal` aborts; resolves when no probe is under way any more. Never rejects. */
export async function superviseHealth(
  { startup, readiness, liveness }: ProbeTrio,
  { clock, onHealthy, onUnhealthy, onDeadline, onDead }: ProbeVerdicts,
  signal: AbortSignal,
): Promise<void> {
  const probe = async (
    one: ReadyProbe,
    verdicts: Omit<ProbeDependencies, "clock" | keyof ReadyProbe>,
    until: AbortSignal,
  ) => {
    const { timings, what, attempt } = one;
    // A fault of ours in a probe must not leave the service waiting for ever.
    await runProbe({ clock, timings, what, attempt, ...verdicts }, until).catch((error: unknown) =>
      verdicts.onDeadline(errorText(error)),
    );
  };
  if (startup !== null) {
    const passed = new AbortController();
    const onHealthyOnce = () => passed.abort();
    const ignore = () => undefined;
    await probe(
      startup,
      { onHealthy: onHealthyOnce, onUnhealthy: ignore, onDeadline },
      AbortSignal.any([signal, passed.signal]),
    );
    if (signal.aborted || !passed.signal.aborted) return;
    if (readiness === null) onHealthy();
  }
  const running: Promise<void>[] = [];
  if (readiness !== null) running.push(probe(readiness, { onHealthy, onUnhealthy, onDeadline }, signal));
  if (liveness !== null) {
    running.push(probe(liveness, { onHealthy: () => undefined, onUnhealthy: onDead, onDeadline: onDead }, signal));
  }
  await Promise.all(running);
}
