import type { Detection } from "#shared/schema/environment.ts";
import { detect } from "../../core/environment/detect/detect.ts";
import { exitCode, type Command, type CommandContext } from "../command.ts";
import { align } from "../status-table.ts";
import { directoryOf } from "../workspace-of.ts";

/** Needs no host: it only reads files. */
export const detectCommand: Command = {
  name: "detect",
  usage: "detect [DIR] [--profile P]",
  summary: "what would run, in which order, and every problem found; nothing is started",
  options: { profile: { type: "string" } },
  maxPositionals: 1,
  async run(context) {
    const profile = context.options["profile"] as string | undefined;
    const { detection } = await detect({
      directory: directoryOf(context),
      profile: profile ?? "dev",
      // Whatever is enumerated of it is a string.
      environment: { ...process.env } as Record<string, string>,
    });
    context.output.document(detection);
    if (!context.json) print(context, detection);
    return exitCode.done;
  },
};

function print(context: CommandContext, detection: Detection): void {
  const { line, note } = context.output;
  line(`${detection.directory} · ${detection.profile}`);
  detection.order.forEach((wave, index) => {
    const rows = wave.flatMap((name) => {
      const service = detection.services.find((candidate) => candidate.name === name);
      if (service === undefined) return [];
      const command = Array.isArray(service.command) ? service.command.join(" ") : service.command;
      return [
        [`  ${service.name}`, service.kind, service.ports.map(({ port }) => port).join(" "), command, service.source],
      ];
    });
    line(`wave ${index + 1}`);
    align(rows).forEach(line);
  });
  for (const problem of detection.problems) note(`${problem.severity}: ${problem.message} (${problem.source})`);
}
