/** What follows when a generation ended without being asked to: the facts are gathered here, the policy is pure. */
import type { Failure } from "#shared/failure.ts";
import type { Exit, ServicePort } from "#shared/schema/service.ts";
import type { DetectedService } from "../environment/detect/detected.ts";
import { commandMissingFailure, crashLoopFailure, exitFailure, portInUseFailure } from "./failures.ts";
import { decideRestart, type RestartHistory } from "./restart-policy.ts";

/** An exit this soon, while somebody else holds the port, is about the port. In ms. */
const PORT_CLASH_MS = 3_000;
/** Codes with which a shell says that a program does not exist, or may not be run. */
const MISSING = new Set([126, 127]);

export interface EndingInput {
  readonly detected: DetectedService;
  readonly ports: readonly ServicePort[];
  readonly exit: Exit;
  /** Set where it was ended because it did not become ready in time. */
  readonly notReady: Failure | null;
  readonly readyForMs: number | null;
  readonly upForMs: number;
  readonly everReady: boolean;
  readonly tail: readonly string[];
  readonly history: RestartHistory;
  /** Monotonic. */
  readonly now: number;
  readonly random: number;
  readonly portHolder: (port: number) => Promise<{ readonly pid: number; readonly command: string } | null>;
}

export type EndingDecision =
  | { readonly kind: "complete"; readonly why: string | null }
  | { readonly kind: "restart"; readonly delayMs: number; readonly history: RestartHistory; readonly failure: Failure }
  | { readonly kind: "fail" | "give_up" | "block"; readonly failure: Failure };

export async function decideEnding(input: EndingInput): Promise<EndingDecision> {
  const { detected, exit, notReady, tail } = input;
  const { kind, name, probe } = detected.plan;
  // A server that answers on a port is never done; whatever else ends with 0 has done its work.
  const success = notReady === null && exit.code === 0 && !(kind === "process" && probe !== null);
  const failure = notReady ?? exitFailure(name, kind, exit, tail);

  if (kind !== "compose" && notReady === null && !success && input.readyForMs === null) {
    if (exit.code !== null && MISSING.has(exit.code)) {
      return { kind: "fail", failure: commandMissingFailure(name, commandText(detected), tail) };
    }
    const clash = await portClash(input);
    if (clash !== null) return { kind: "block", failure: clash };
  }
  const decision = decideRestart(
    detected.restart,
    input.history,
    { success, readyForMs: input.readyForMs, everReady: input.everReady, at: input.now },
    input.random,
  );
  switch (decision.kind) {
    case "restart":
      return { kind: "restart", delayMs: decision.delayMs, history: decision.history, failure };
    case "crash_loop":
      return { kind: "give_up", failure: crashLoopFailure(name, decision.restarts, failure) };
    case "stay_down":
      if (!success) return { kind: "fail", failure };
      return { kind: "complete", why: kind === "task" ? null : "It ended by itself, as a success." };
    default:
      return decision;
  }
}

async function portClash({ detected, ports, upForMs, tail, portHolder }: EndingInput): Promise<Failure | null> {
  if (upForMs >= PORT_CLASH_MS) return null;
  for (const port of ports) {
    const holder = await portHolder(port.port);
    if (holder !== null) return portInUseFailure(detected.plan.name, port, holder);
  }
  // The holder may belong to another user and not be named; the service itself says so.
  const port = ports[0];
  return port !== undefined && tail.some((line) => line.includes("EADDRINUSE"))
    ? portInUseFailure(detected.plan.name, port, null)
    : null;
}

/** The command a person would recognise. */
export function commandText(detected: DetectedService): string {
  const { command } = detected.plan;
  return typeof command === "string" ? command : command.join(" ");
}
