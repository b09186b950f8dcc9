/** apply, scale and runs: what becomes of a plan that is in force. */
import { AppError } from "../../core/lib/error.ts";
import { formatDuration } from "../../core/lib/deadline.ts";
import { plainText } from "../../core/log/sanitize.ts";
import { isAgreed } from "../agreement.ts";
import { exitCode, type Command, type CommandContext } from "../command.ts";
import { align, differenceLines, exitText, statusLines } from "../status-table.ts";
import { directoryOf, openProject } from "../workspace-of.ts";

export const applyCommand: Command = {
  name: "apply",
  usage: "apply [DIR] [--profile P] [--yes]",
  summary: "take over edited files, or another profile: restarts only what differs, after a question",
  options: { profile: { type: "string" }, yes: { type: "boolean" } },
  maxPositionals: 1,
  async run(context) {
    const client = await context.connect();
    const { workspace } = await openProject(client, directoryOf(context));
    const profile = context.options["profile"] as string | undefined;
    const wanted = profile === undefined ? { workspace } : { workspace, profile };
    const difference = await client.call("environment.compare", wanted);
    const lines = differenceLines(difference);
    for (const line of lines) context.output.note(line);
    for (const { severity, message, source } of difference.problems) {
      context.output.note(`${severity}: ${message} (${source})`);
    }
    const isSame = lines.length === 0 && difference.from === difference.profile;
    const question = lines.length === 0 ? "Nothing has to be restarted. Go on?" : "Do that?";
    if (!isSame && !(await isAgreed(context, question, "Nothing was changed. Add --yes to do exactly this."))) {
      context.output.document({ applied: false, ...difference });
      return exitCode.failed;
    }
    const { runId } = isSame ? { runId: null } : await client.call("environment.apply", wanted);
    context.output.document({ applied: !isSame, runId, ...difference });
    if (!context.json) context.output.line(isSame ? "What runs is what the files say." : "Done.");
    return exitCode.done;
  },
};

export const scaleCommand: Command = {
  name: "scale",
  usage: "scale [DIR] --service S --count N",
  summary: "have a service so many times, each with its own port behind a common address",
  options: { service: { type: "string" }, count: { type: "string" } },
  maxPositionals: 1,
  async run(context) {
    const service = serviceOf(context, "scale");
    const count = Number(context.options["count"]);
    if (!Number.isInteger(count) || count < 1) throw new AppError("bad_input", "scale wants a whole --count above 0.");
    const client = await context.connect();
    const { workspace } = await openProject(client, directoryOf(context));
    await client.call("environment.scale", { workspace, service, count });
    const status = await client.call("environment.status", { workspace });
    context.output.document(status);
    if (!context.json) statusLines(status).forEach(context.output.line);
    return exitCode.done;
  },
};

export const runsCommand: Command = {
  name: "runs",
  usage: "runs [DIR] --service S",
  summary: "how the latest lives of a service or task came out",
  options: { service: { type: "string" } },
  maxPositionals: 1,
  async run(context) {
    const service = serviceOf(context, "runs");
    const client = await context.connect();
    const { workspace } = await openProject(client, directoryOf(context));
    const { runs } = await client.call("environment.runs", { workspace, service });
    context.output.document({ service, runs });
    if (context.json) return exitCode.done;
    if (runs.length === 0) context.output.note(`${service} has not ended yet, as far as is known.`);
    align(
      runs.map(({ startedAt, durationMs, outcome, exit, why }) => [
        startedAt,
        formatDuration(durationMs),
        `${outcome}${exitText(exit)}`,
        plainText(why ?? ""),
      ]),
    ).forEach(context.output.line);
    return exitCode.done;
  },
};

function serviceOf(context: CommandContext, command: string): string {
  const service = context.options["service"];
  if (typeof service !== "string") throw new AppError("bad_input", `${command} wants a --service.`);
  return service;
}
