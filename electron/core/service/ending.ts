/** What follows when a generation ended without being asked to: the facts are gathered here, the policy is pure. */
import { constants } from "node:os";
import type { Failure } from "#shared/failure.ts";
import type { Exit, ServicePort } from "#shared/schema/service.ts";
import type { DetectedService } from "../environment/detect/detected.ts";
import { commandMissingFailure, crashLoopFailure, exitFailure, portInUseFailure, type PortHolder } from "./failures.ts";
import { decideRestart, type RestartHistory, type RestartPolicy } from "./restart-policy.ts";

/** An exit this soon, while somebody else holds the port, is about the port. In ms. */
const PORT_CLASH_MS = 3_000;
/** Codes with which a shell says that a program does not exist, or may not be run. */
const MISSING = new Set([126, 127]);

/** `policy`: as after a crash; `restart`: again, whatever the policy says, within its limit; `fail`: not again. */
export interface EndingTrouble {
  readonly failure: Failure;
  readonly follow: "policy" | "restart" | "fail";
}

export interface EndingInput {
  readonly detected: DetectedService;
  readonly ports: readonly ServicePort[];
  readonly exit: Exit;
  /** Set where we ended it although it was wanted, with what is to follow. */
  readonly trouble: EndingTrouble | null;
  readonly readyForMs: number | null;
  readonly upForMs: number;
  readonly everReady: boolean;
  readonly tail: readonly string[];
  readonly history: RestartHistory;
  /** Monotonic. */
  readonly now: number;
  readonly random: number;
  readonly portHolder: (port: number) => Promise<PortHolder | null>;
}

export type EndingDecision =
  | { readonly kind: "complete"; readonly why: string | null }
  | { readonly kind: "restart"; readonly delayMs: number; readonly history: RestartHistory; readonly failure: Failure }
  | { readonly kind: "fail" | "give_up" | "block"; readonly failure: Failure };

export async function decideEnding(input: EndingInput): Promise<EndingDecision> {
  const { detected, exit, trouble, tail } = input;
  const { kind, name } = detected.plan;
  if (trouble?.follow === "fail") return { kind: "fail", failure: trouble.failure };
  const success = trouble === null && isSuccess(detected, exit);
  const failure = trouble?.failure ?? exitFailure(name, kind, exit, tail);

  if (kind !== "compose" && trouble === null && !success && input.readyForMs === null) {
    if (exit.code !== null && MISSING.has(exit.code)) {
      return { kind: "fail", failure: commandMissingFailure(name, commandText(detected), tail) };
    }
    const clash = await portClash(input);
    if (clash !== null) return { kind: "block", failure: clash };
  }
  const decision = decideRestart(
    trouble?.follow === "restart" ? inAnyCase(detected.restart) : detected.restart,
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

/**
 * Whether an end by itself is a success. What the author lists always is; a server that answers on a port is never done
 * otherwise; whatever else ends with 0 has done its work.
 */
function isSuccess({ plan, rules }: DetectedService, exit: Exit): boolean {
  const code = exitStatus(exit);
  if (code !== null && rules.successExitCodes.includes(code)) return true;
  return code === 0 && !(plan.kind === "process" && plan.probe !== null);
}

/** The code as a shell tells it: 128 and the signal's number for who was ended by one. */
function exitStatus({ code, signal }: Exit): number | null {
  if (code !== null || signal === null) return code;
  const number = new Map<string, number>(Object.entries(constants.signals)).get(signal);
  return number === undefined ? null : 128 + number;
}

function inAnyCase(policy: RestartPolicy): RestartPolicy {
  return { ...policy, mode: "always", maxRetries: null, beforeReady: true };
}

/** The command a person would recognise. */
export function commandText(detected: DetectedService): string {
  const { command } = detected.plan;
  return typeof command === "string" ? command : command.join(" ");
}
