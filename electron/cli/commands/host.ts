/** ps, stop, audit and project: about the host and what it owns, not about one folder. */
import type { ProcessList } from "#shared/schema/host.ts";
import { projectIdSchema } from "#shared/schema/id.ts";
import { sleep, systemClock } from "../../core/lib/clock.ts";
import { formatDuration } from "../../core/lib/deadline.ts";
import { AppError, toFailure } from "../../core/lib/error.ts";
import { exitCode, type Command, type CommandContext } from "../command.ts";
import { readHostFile } from "../../api/host-file.ts";
import { firstItem } from "../first-item.ts";
import { formatBytes } from "../format-bytes.ts";
import { align } from "../status-table.ts";
import { directoryOf } from "../workspace-of.ts";

/** The host's own quit deadline is 10 s. */
const STOP_TIMEOUT_MS = 20_000;

const noProcesses: ProcessList = { host: null, processes: [] };

export const psCommand: Command = {
  name: "ps",
  usage: "ps",
  summary: "every process this home owns: kind, workspace, pid, age, memory",
  options: {},
  maxPositionals: 0,
  async run(context) {
    const client = await connectIfThere(context);
    const list = client === null ? noProcesses : await client.call("host.processes", {});
    context.output.document(list);
    if (!context.json) printProcesses(context, list);
    return exitCode.done;
  },
};

export const stopCommand: Command = {
  name: "stop",
  usage: "stop",
  summary: "stop the host and everything it owns",
  options: {},
  maxPositionals: 0,
  async run(context) {
    const client = await connectIfThere(context);
    if (client === null) {
      context.output.note("No host runs.");
      context.output.document({ stopped: false });
      return exitCode.done;
    }
    await client.call("host.stop", {});
    await hostGone(context);
    context.output.document({ stopped: true });
    if (!context.json) context.output.line("Stopped.");
    return exitCode.done;
  },
};

export const auditCommand: Command = {
  name: "audit",
  usage: "audit [--since T] [--service S]",
  summary: "who did what, when and why; T is ISO 8601, or a time ago such as 30m, 2h or 1d",
  options: { since: { type: "string" }, service: { type: "string" } },
  maxPositionals: 0,
  async run(context) {
    const since = readSince(context.options["since"]);
    const client = await context.connect();
    const service = context.options["service"] as string | undefined;
    const { entries } = await client.call("audit.list", {
      ...(since === undefined ? {} : { since }),
      ...(service === undefined ? {} : { service }),
    });
    context.output.document({ entries });
    for (const entry of context.json ? [] : entries) {
      const change = entry.from === null ? (entry.to ?? "") : `${entry.from} → ${entry.to ?? ""}`;
      const words = [entry.at, entry.actor, entry.action, entry.service ?? "", change, entry.reason ?? ""];
      context.output.line(words.filter((word) => word !== "").join("  "));
    }
    return exitCode.done;
  },
};

export const projectCommands: readonly Command[] = [
  {
    name: "project list",
    usage: "project list",
    summary: "the folders that were opened",
    options: {},
    maxPositionals: 0,
    async run(context) {
      const client = await context.connect();
      const projects = await firstItem(client, "project.watch", {});
      context.output.document({ projects });
      if (!context.json)
        align(projects.map((each) => [each.id, each.name, each.directory])).forEach(context.output.line);
      return exitCode.done;
    },
  },
  {
    name: "project add",
    usage: "project add [DIR]",
    summary: "open a folder; nothing of it runs",
    options: {},
    maxPositionals: 1,
    async run(context) {
      const client = await context.connect();
      const project = await client.call("project.open", { directory: directoryOf(context) });
      context.output.document(project);
      if (!context.json) context.output.line(`${project.id}  ${project.directory}`);
      return exitCode.done;
    },
  },
  {
    name: "project remove",
    usage: "project remove ID",
    summary: "stop what runs in a project and forget it; the folder stays as it is",
    options: {},
    maxPositionals: 1,
    async run(context) {
      const id = projectIdSchema.safeParse(context.positionals[0]);
      if (!id.success)
        throw new AppError("bad_input", "project remove wants the id that `deckhand project list` shows.");
      const client = await context.connect();
      await client.call("project.remove", { project: id.data });
      context.output.document({ removed: id.data });
      return exitCode.done;
    },
  },
];

async function connectIfThere(context: CommandContext) {
  try {
    return await context.connect();
  } catch (error) {
    if (toFailure(error).code === "host_missing") return null;
    throw error;
  }
}

/** The host removes its file as the last thing it does. */
async function hostGone(context: CommandContext): Promise<void> {
  const deadline = systemClock.monotonic() + STOP_TIMEOUT_MS;
  while (readHostFile(context.home) !== null) {
    if (systemClock.monotonic() > deadline) {
      throw new AppError("timeout", `The host has not ended within ${formatDuration(STOP_TIMEOUT_MS)}.`, {
        next: "See what is left with `deckhand ps`.",
      });
    }
    await sleep(systemClock, 50, context.signal);
  }
}

function printProcesses(context: CommandContext, list: ProcessList): void {
  const rows = list.processes.map((each) => [
    each.kind,
    each.name,
    each.workspace ?? "",
    each.pid === null ? "" : String(each.pid),
    formatDuration(Date.now() - Date.parse(each.startedAt)),
    each.memoryBytes === null ? "" : formatBytes(each.memoryBytes),
  ]);
  context.output.line(list.host === null ? "No host runs." : `host  ${list.host.kind}  pid ${list.host.pid}`);
  align(rows).forEach(context.output.line);
}

const UNIT_MS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

function readSince(value: unknown): string | undefined {
  if (typeof value !== "string") return undefined;
  const ago = /^(\d{1,6})([smhd])$/.exec(value);
  const time = ago === null ? Date.parse(value) : Date.now() - Number(ago[1]) * UNIT_MS[ago[2] as keyof typeof UNIT_MS];
  if (Number.isNaN(time))
    throw new AppError("bad_input", `--since wants a time such as 2026-11-21T08:00:00Z or 30m, not "${value}".`);
  return new Date(time).toISOString();
}
