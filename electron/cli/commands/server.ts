import type { ServerStatus } from "#shared/schema/server.ts";
import { formatDuration } from "../../core/lib/deadline.ts";
import { exitCode, type Command, type CommandContext } from "../command.ts";
import { formatBytes, statusLines } from "../status-table.ts";
import { directoryOf, openProject } from "../workspace-of.ts";
import { printLogs } from "./logs.ts";

/** start, stop and restart print the resulting status of the whole workspace, as `up` and `down` do. */
function serverCommand(verb: "start" | "stop" | "restart", summary: string): Command {
  return {
    name: `server ${verb}`,
    usage: `server ${verb} [DIR]`,
    summary,
    options: {},
    maxPositionals: 1,
    async run(context) {
      const client = verb === "start" ? (await context.connectOrStart()).client : await context.connect();
      const { workspace } = await openProject(client, directoryOf(context));
      await client.call(`server.${verb}`, { workspace }, { signal: context.signal });
      const status = await client.call("environment.status", { workspace });
      context.output.document(status);
      if (!context.json) statusLines(status).forEach(context.output.line);
      return exitCode.done;
    },
  };
}

export const serverCommands: readonly Command[] = [
  serverCommand("start", "start the OpenCode server of a folder and wait until it is ready"),
  serverCommand("stop", "stop it, with everything its agents have running"),
  serverCommand("restart", "stop it and start it again"),
  {
    name: "server status",
    usage: "server status [DIR]",
    summary: "state, address, version, memory and events of the server",
    options: {},
    maxPositionals: 1,
    async run(context) {
      const client = await context.connect();
      const { workspace } = await openProject(client, directoryOf(context));
      const { server } = await client.call("environment.status", { workspace });
      context.output.document(server);
      if (!context.json) printServer(context, server);
      return exitCode.done;
    },
  },
  {
    name: "server logs",
    usage: "server logs [DIR] [--follow] [--tail N] [--grep RE]",
    summary: "what the server wrote",
    options: { follow: { type: "boolean" }, tail: { type: "string" }, grep: { type: "string" } },
    maxPositionals: 1,
    run: (context) => printLogs(context, ["opencode"]),
  },
];

function printServer(context: CommandContext, server: ServerStatus | null): void {
  if (server === null) return context.output.line("No server was started for this folder.");
  const facts: [string, string | null][] = [
    ["state", server.state.replace("_", " ")],
    ["address", server.url],
    ["pid", server.pid === null ? null : String(server.pid)],
    ["version", server.version],
    ["uptime", server.uptimeMs === null ? null : formatDuration(server.uptimeMs)],
    ["memory", server.memoryBytes === null ? null : formatBytes(server.memoryBytes)],
    ["restarts", String(server.restarts)],
    ["events", String(server.events)],
    ["why", server.failure?.message ?? null],
    ["next", server.failure?.next ?? null],
  ];
  for (const [name, value] of facts) if (value !== null) context.output.line(`${name.padEnd(9)} ${value}`);
}
