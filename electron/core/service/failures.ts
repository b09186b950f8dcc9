/** Why a service is not running, as data: what happened, and what a person can do next. */
import type { Failure } from "#shared/failure.ts";
import type { Exit, ServicePort } from "#shared/schema/service.ts";
import { formatDuration } from "../lib/deadline.ts";
import type { PortOwner } from "../process/owned.ts";

/** Who listens on a port. `owner`: what of ours it belongs to, with the workspace's name for people; none: of nothing of ours. */
export interface PortHolder {
  readonly pid: number;
  readonly command: string;
  readonly owner?: (PortOwner & { readonly workspaceName?: string | null }) | null;
}

/** `with code 1`, `by SIGKILL`. */
export function describeExit(exit: Exit): string {
  return exit.code === null ? `was ended by ${exit.signal ?? "a signal"}` : `ended with code ${exit.code}`;
}

/** The end of an own process, or a task's. `tail`: its last lines of output. */
export function exitFailure(
  name: string,
  kind: "process" | "task" | "compose",
  exit: Exit,
  tail: readonly string[],
): Failure {
  const last = lastWord(tail);
  const details = { exit, tail };
  if (kind === "task") {
    return {
      code: "task_failed",
      message: `The task ${name} ${describeExit(exit)}${last}.`,
      next: `Look at the log of ${name}, correct the cause and start again.`,
      details,
    };
  }
  const hint = exit.signal === "SIGKILL" || exit.code === 137 ? " The system may have been short of memory." : "";
  return {
    code: "service_exited",
    message: `${name} ${describeExit(exit)}${last}.${hint}`,
    next: `Look at the log of ${name} and correct the cause; then start it again.`,
    details,
  };
}

function lastWord(tail: readonly string[]): string {
  // The line that names the error, rather than the stack below it or the blank line behind it.
  const plain = tail.map((line) => line.trim()).filter((line) => line !== "" && !line.startsWith("at "));
  const found =
    plain.findLast((line) =>
      /error|exception|panic|fatal|cannot|failed|invalid|unknown|not found|no such|no space|refused|denied/i.test(line),
    ) ?? plain.at(-1);
  return found === undefined ? "" : `: ${found.slice(0, 200).replace(/\.$/, "")}`;
}

export function crashLoopFailure(name: string, restarts: number, last: Failure): Failure {
  return {
    code: last.code,
    message: `${name} was restarted ${restarts} times and did not stay up. ${last.message}`,
    next: `Correct the cause, then start ${name} again; it is not restarted by itself any more.`,
    details: last.details,
  };
}

export function commandMissingFailure(name: string, command: string, tail: readonly string[]): Failure {
  const last = tail.findLast((line) => line.trim() !== "");
  return {
    code: "command_missing",
    message: `${name} could not run \`${command}\`${last === undefined ? "" : `: ${last.trim().slice(0, 200)}`}.`,
    next: "Install the project's dependencies, or the missing program, and start again.",
    details: { tail },
  };
}

export function notReadyFailure(
  name: string,
  reason: string,
  assumedPort: number | null,
  tail: readonly string[],
): Failure {
  return {
    code: "not_ready",
    message:
      `${name} did not become ready: ${reason}.` +
      (assumedPort === null ? "" : ` Port ${assumedPort} is the default of its program; it may use another one.`),
    next: `Look at the log of ${name}.`,
    details: { tail },
  };
}

/** Its liveness probe passed, and fails now. */
export function notAliveFailure(name: string, reason: string, tail: readonly string[]): Failure {
  return {
    code: "not_alive",
    message: `${name} was ended because its liveness probe fails: ${reason}.`,
    next: `Look at the log of ${name}.`,
    details: { tail },
  };
}

/** @param what The end of a sentence that begins with "it". */
export function limitFailure(name: string, what: string): Failure {
  return {
    code: "limit_exceeded",
    message: `${name} was ended: it ${what}.`,
    next: `Find out what ${name} needs so much for, or raise its limit.`,
    details: {},
  };
}

/**
 * A port is held by somebody else.
 *
 * @param isContainer It is published by docker, so that no command fixes it.
 */
export function portInUseFailure(
  name: string,
  port: ServicePort,
  holder: PortHolder | null,
  isContainer = false,
): Failure {
  const by = holder === null ? "another process" : describeHolder(holder);
  const isFixed = !isContainer && port.env === null && port.option === undefined;
  const another = isFixed
    ? "another port (its command or its settings fix it: let them read a variable such as PORT)"
    : "another port";
  return {
    code: "port_in_use",
    message: `${name} needs port ${port.port}, which is used by ${by}.`,
    next:
      holder === null
        ? `Free port ${port.port}, or give ${name} ${another}; then start again.`
        : !holder.owner
          ? `End process ${holder.pid}, or give ${name} ${another}; then start again.`
          : `Stop ${holder.owner.name} there, or give ${name} ${another}; then start again.`,
    details: { port: port.port, holder },
  };
}

/** `node server.js (pid 812)`, and whose it is where it is ours: `…, the service web of the workspace shop`. */
function describeHolder({ pid, command, owner }: PortHolder): string {
  const process = `${command.slice(0, 120)} (pid ${pid})`;
  if (!owner) return process;
  const what = owner.kind === "server" ? "the OpenCode server" : owner.name;
  return `${process}: ${what} of the workspace ${owner.workspaceName ?? owner.workspace}`;
}

/** `chain`: from the service it waits for to the one that failed; `root`: why that one did. */
export function dependencyFailure(name: string, chain: readonly string[], root: Failure | null): Failure {
  const [first = "", ...rest] = chain;
  const through = rest.map((other) => `, which needs ${other}`).join("");
  // Without a cause it has ended well, only not as this one needs it.
  const how = root === null ? ", which ended without what is waited for." : `, which failed. ${root.message}`;
  return {
    code: "dependency_failed",
    message: `${name} was skipped: it needs ${first}${through}${how}`,
    next: root?.next ?? `Correct ${chain.at(-1) ?? first} and start again.`,
    details: { chain, root },
  };
}

export function survivorsText(survivors: readonly { readonly pid: number; readonly command: string }[]): string {
  const shown = survivors.slice(0, 3).map(({ pid, command }) => `${command.slice(0, 60)} (pid ${pid})`);
  return `Could not be ended: ${shown.join(", ")}${survivors.length > 3 ? ` and ${survivors.length - 3} more` : ""}.`;
}

export function backoffText(failure: Failure, delayMs: number): string {
  return `${failure.message} Starts again ${delayMs === 0 ? "at once" : `in ${formatDuration(delayMs)}`}.`;
}
