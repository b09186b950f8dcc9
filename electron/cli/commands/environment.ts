/** status, down and restart: short questions about an environment that runs. */
import type { EnvironmentStatus } from "#shared/schema/environment.ts";
import { AppError, toFailure } from "../../core/lib/error.ts";
import { exitCode, type Command, type CommandContext } from "../command.ts";
import { statusLines } from "../status-table.ts";
import { directoryOf, openProject, watchUntil } from "../workspace-of.ts";

export const statusCommand: Command = {
  name: "status",
  usage: "status [DIR]",
  summary: "phase, health and reason of every service, and the server",
  options: {},
  maxPositionals: 1,
  async run(context) {
    const client = await context.connect();
    const { workspace } = await openProject(client, directoryOf(context));
    print(context, await client.call("environment.status", { workspace }));
    return exitCode.done;
  },
};

export const downCommand: Command = {
  name: "down",
  usage: "down [DIR] [--service S]…",
  summary: "stop the environment and the server of a folder, or the services named",
  options: { service: { type: "string", multiple: true } },
  maxPositionals: 1,
  async run(context) {
    const client = await connectUnlessNothingRuns(context);
    if (client === null) return exitCode.done;
    const { workspace } = await openProject(client, directoryOf(context));
    const services = context.options["service"] as string[] | undefined;
    await client.call("environment.stop", services === undefined ? { workspace } : { workspace, services }, {
      signal: context.signal,
    });
    print(context, await client.call("environment.status", { workspace }));
    return exitCode.done;
  },
};

export const restartCommand: Command = {
  name: "restart",
  usage: "restart [DIR] --service S…",
  summary: "restart the services named",
  options: { service: { type: "string", multiple: true } },
  maxPositionals: 1,
  async run(context) {
    const services = context.options["service"] as string[] | undefined;
    if (services === undefined) throw new AppError("bad_input", "restart wants at least one --service.");
    const client = await context.connect();
    const { workspace } = await openProject(client, directoryOf(context));
    const before = await client.call("environment.status", { workspace });
    const generations = new Map(before.services.map((service) => [service.name, service.generation]));
    await client.call("environment.restart", { workspace, services });
    const after = await watchUntil(client, workspace, context.signal, (status) =>
      services.every((name) => {
        const service = status.services.find((candidate) => candidate.name === name);
        if (service === undefined) return true;
        const isNew = service.generation > (generations.get(name) ?? 0);
        return service.failure !== null || (isNew && service.ready);
      }),
    );
    const failed = after.services.find((service) => services.includes(service.name) && service.failure !== null);
    if (failed?.failure) {
      throw new AppError(failed.failure.code, `${failed.name}: ${failed.failure.message}`, {
        ...(failed.failure.next === null ? {} : { next: failed.failure.next }),
        details: { ...failed.failure.details, status: after },
      });
    }
    print(context, after);
    return exitCode.done;
  },
};

/** What is to be gone is gone where no host runs; saying so twice is no error. */
async function connectUnlessNothingRuns(context: CommandContext) {
  try {
    return await context.connect();
  } catch (error) {
    if (toFailure(error).code !== "host_missing") throw error;
    context.output.note("Nothing runs: there is no host.");
    context.output.document(null);
    return null;
  }
}

function print(context: CommandContext, status: EnvironmentStatus): void {
  context.output.document(status);
  if (!context.json) statusLines(status).forEach(context.output.line);
}
