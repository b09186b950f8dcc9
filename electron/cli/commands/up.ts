import type { EnvironmentStatus } from "#shared/schema/environment.ts";
import { AppError, isAbort } from "../../core/lib/error.ts";
import { exitCode, type Command, type CommandContext } from "../command.ts";
import { progressPrinter } from "../progress-printer.ts";
import { exitText, statusLines } from "../status-table.ts";
import { directoryOf, openProject, watchUntil } from "../workspace-of.ts";

/** Enough for images to start and migrations to run; `--timeout` changes it. Seconds. */
const DEFAULT_TIMEOUT_SECONDS = 300;

export const upCommand: Command = {
  name: "up",
  usage: "up [DIR] [--profile P] [--service S]… [--no-deps] [--detach] [--timeout SECONDS]",
  summary: "start the environment; in the foreground until Ctrl-C, or with --detach until it is ready",
  options: {
    profile: { type: "string" },
    service: { type: "string", multiple: true },
    "no-deps": { type: "boolean" },
    detach: { type: "boolean" },
    timeout: { type: "string" },
  },
  maxPositionals: 1,
  async run(context) {
    const timeoutSeconds = readTimeout(context.options["timeout"]);
    const alone = context.options["no-deps"] === true;
    if (alone && context.options["service"] === undefined) {
      throw new AppError("bad_input", "--no-deps is about services that are named.", {
        next: "Name one with --service.",
      });
    }
    const { client, started } = await context.connectOrStart();
    const project = await openProject(client, directoryOf(context));
    const { workspace } = project;
    const services = context.options["service"] as string[] | undefined;
    const profile = context.options["profile"] as string | undefined;
    const { runId } = await client.call("environment.start", {
      workspace,
      ...(services === undefined ? {} : { services }),
      ...(profile === undefined ? {} : { profile }),
      ...(alone ? { alone } : {}),
    });
    const detached = context.options["detach"] === true;
    const timeout = AbortSignal.timeout(timeoutSeconds * 1_000);
    // In the foreground it runs for this command: if that is killed, nobody is left who could stop it.
    const leave = detached ? () => undefined : client.subscribe("environment.attend", { workspace }, ignored);
    const progress = progressPrinter(context.output, context.json);
    try {
      const settled = await watchUntil(client, workspace, AbortSignal.any([context.signal, timeout]), (status) => {
        progress.show(status);
        return isSettled(status, runId);
      });
      progress.end();
      if (settled.run?.endedBy) {
        context.output.document(settled);
        return ended(context, settled);
      }
      if (settled.run?.id === runId ? settled.run.outcome !== "ready" : settled.phase !== "ready") {
        throw notReady(settled);
      }
      if (detached) {
        context.output.document(settled);
        if (!context.json) statusLines(settled).forEach(context.output.line);
        return exitCode.done;
      }
      context.output.document(settled);
      context.output.note("Ready. Ctrl-C stops everything.");
      const last = await watchUntil(client, workspace, context.signal, (status) => {
        progress.show(status);
        return status.phase === "stopped" || hasEnded(status);
      });
      progress.end();
      if (last.run?.endedBy) return ended(context, last);
      context.output.note("The environment was stopped.");
      return exitCode.done;
    } catch (error) {
      progress.end();
      if (!isAbort(error)) throw error;
      if (timeout.aborted && !context.signal.aborted) {
        const status = await client.call("environment.status", { workspace });
        throw new AppError("not_ready", `The environment was not ready after ${timeoutSeconds} s.`, {
          next: "What has started is left running: see `deckhand status` and `deckhand logs`, or allow more with --timeout.",
          details: { status },
        });
      }
      context.output.note("Stopping…");
      leave();
      await client.call("environment.stop", { workspace });
      if (started) await client.call("host.stop", {});
      return exitCode.interrupted;
    } finally {
      leave();
    }
  },
};

/** Nothing comes on it. */
const ignored = { onBatch: () => undefined };

function readTimeout(value: unknown): number {
  if (value === undefined) return DEFAULT_TIMEOUT_SECONDS;
  const seconds = Number(value);
  if (!Number.isFinite(seconds) || seconds <= 0) {
    throw new AppError("bad_input", `--timeout wants a number of seconds above 0, not "${String(value)}".`);
  }
  return seconds;
}

/** Our own run is decided; where somebody has started another one since, the environment as a whole is. */
function isSettled(status: EnvironmentStatus, runId: string): boolean {
  const { run, phase } = status;
  // What a service has ended takes its time to end.
  if (run?.endedBy) return hasEnded(status);
  if (run?.id === runId) return run.outcome !== null;
  return phase === "ready" || phase === "failed" || phase === "degraded" || phase === "stopped";
}

/** A service has ended everything, as its author wants it, and nothing is left. */
function hasEnded({ run, services }: EnvironmentStatus): boolean {
  return (
    run?.endedBy !== null &&
    run !== undefined &&
    services.every(({ pid, phase }) => pid === null && phase !== "stopping")
  );
}

/** Codes of ours that mean something else than that a service has ended. */
const ownCodes: ReadonlySet<number> = new Set([
  exitCode.usage,
  exitCode.notTrusted,
  exitCode.noHost,
  exitCode.interrupted,
]);

/** The exit code of the service that ended everything is that of the whole, as with docker compose's --exit-code-from. */
function ended(context: CommandContext, status: EnvironmentStatus): number {
  const service = status.run?.endedBy?.service ?? "";
  const exit = status.run?.endedBy?.exit ?? null;
  context.output.note(`${service} has ended${exitText(exit)}, and everything else with it.`);
  // What ended well is wanted no more and therefore stopped; what failed stays visible as such.
  const phase = status.services.find(({ name }) => name === service)?.phase;
  if (phase !== "failed" && phase !== "crash_loop") return exitCode.done;
  const code = exit?.code ?? exitCode.failed;
  return code === 0 || ownCodes.has(code) ? exitCode.failed : code;
}

/** The failure of the first service that has one: the others are mostly its consequences. */
function notReady(status: EnvironmentStatus): AppError {
  const culprit = status.services.find((service) => service.failure !== null && service.phase !== "skipped");
  const failure = culprit?.failure ?? null;
  if (culprit === undefined || failure === null) {
    return new AppError("not_ready", "The environment did not become ready.", { details: { status } });
  }
  return new AppError(failure.code, `${culprit.name}: ${failure.message}`, {
    ...(failure.next === null ? {} : { next: failure.next }),
    details: { ...failure.details, service: culprit.name, status },
  });
}
