import type { EnvironmentStatus } from "#shared/schema/environment.ts";
import type { ServiceStatus } from "#shared/schema/service.ts";
import { AppError, isAbort } from "../../core/lib/error.ts";
import { exitCode, type Command, type CommandContext } from "../command.ts";
import { statusLines } from "../status-table.ts";
import { directoryOf, openProject, watchUntil } from "../workspace-of.ts";

/** Enough for images to start and migrations to run; `--timeout` changes it. Seconds. */
const DEFAULT_TIMEOUT_SECONDS = 300;

export const upCommand: Command = {
  name: "up",
  usage: "up [DIR] [--profile P] [--service S]… [--detach] [--timeout SECONDS]",
  summary: "start the environment; in the foreground until Ctrl-C, or with --detach until it is ready",
  options: {
    profile: { type: "string" },
    service: { type: "string", multiple: true },
    detach: { type: "boolean" },
    timeout: { type: "string" },
  },
  maxPositionals: 1,
  async run(context) {
    const timeoutSeconds = readTimeout(context.options["timeout"]);
    const { client, started } = await context.connectOrStart();
    const project = await openProject(client, directoryOf(context));
    const { workspace } = project;
    const services = context.options["service"] as string[] | undefined;
    const profile = context.options["profile"] as string | undefined;
    await client.call("environment.start", {
      workspace,
      ...(services === undefined ? {} : { services }),
      ...(profile === undefined ? {} : { profile }),
    });
    const detached = context.options["detach"] === true;
    const timeout = AbortSignal.timeout(timeoutSeconds * 1_000);
    const progress = progressPrinter(context);
    try {
      const settled = await watchUntil(client, workspace, AbortSignal.any([context.signal, timeout]), (status) => {
        progress(status);
        return isSettled(status);
      });
      if (settled.phase !== "ready") throw notReady(settled);
      if (detached) {
        context.output.document(settled);
        if (!context.json) statusLines(settled).forEach(context.output.line);
        return exitCode.done;
      }
      if (context.json) context.output.document(settled);
      context.output.note("Ready. Ctrl-C stops everything.");
      await watchUntil(client, workspace, context.signal, (status) => {
        progress(status);
        return status.phase === "stopped";
      });
      context.output.note("The environment was stopped.");
      return exitCode.done;
    } catch (error) {
      if (!isAbort(error)) throw error;
      if (timeout.aborted && !context.signal.aborted) {
        const status = await client.call("environment.status", { workspace });
        throw new AppError("not_ready", `The environment was not ready after ${timeoutSeconds} s.`, {
          next: "What has started is left running: see `deckhand status` and `deckhand logs`, or allow more with --timeout.",
          details: { status },
        });
      }
      context.output.note("Stopping…");
      await client.call("environment.stop", { workspace });
      if (started) await client.call("host.stop", {});
      return exitCode.interrupted;
    }
  },
};

function readTimeout(value: unknown): number {
  if (value === undefined) return DEFAULT_TIMEOUT_SECONDS;
  const seconds = Number(value);
  if (!Number.isFinite(seconds) || seconds <= 0) {
    throw new AppError("bad_input", `--timeout wants a number of seconds above 0, not "${String(value)}".`);
  }
  return seconds;
}

function isSettled(status: EnvironmentStatus): boolean {
  return status.phase === "ready" || status.phase === "failed" || status.phase === "degraded";
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

/** A table that redraws in a terminal; in a pipe one line for each change of a service. */
function progressPrinter(context: CommandContext): (status: EnvironmentStatus) => void {
  if (context.output.live && !context.json) {
    let height = 0;
    return (status) => {
      const lines = statusLines(status);
      const width = process.stdout.columns ?? 80;
      const up = height === 0 ? "" : `\u001B[${height}F\u001B[J`;
      context.output.write(`${up}${lines.map((line) => line.slice(0, width - 1)).join("\n")}\n`);
      height = lines.length;
    };
  }
  const seen = new Map<string, string>();
  return (status) => {
    for (const service of status.services) {
      const text = describeService(service);
      if (seen.get(service.name) === text) continue;
      seen.set(service.name, text);
      if (service.phase !== "pending") context.output.note(text);
    }
  };
}

function describeService(service: ServiceStatus): string {
  const state = service.ready && service.phase === "running" ? "ready" : service.phase;
  return [service.name, state, service.url ?? "", service.why ?? ""].filter((text) => text !== "").join("  ");
}
