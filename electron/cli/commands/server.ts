import { exitCode, type Command } from "../command.ts";
import { printServer } from "../server-text.ts";
import { statusLines } from "../status-table.ts";
import { directoryOf, openProject } from "../workspace-of.ts";
import { adoptCommand } from "./server-adopt.ts";
import { levelOption, logOptions, printLogs } from "./logs.ts";
import { watchServer } from "./server-watch.ts";

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
  serverCommand("stop", "stop it, with everything its agents have running; an adopted one is only let go of"),
  serverCommand("restart", "stop it and start it again"),
  {
    name: "server status",
    usage: "server status [DIR] [--watch]",
    summary: "state and why, address, version, memory, events, notices and plan of the server",
    options: { watch: { type: "boolean" } },
    maxPositionals: 1,
    async run(context) {
      const client = await context.connect();
      const { workspace } = await openProject(client, directoryOf(context));
      if (context.options["watch"] === true) return watchServer(context, client, workspace);
      const { server } = await client.call("environment.status", { workspace });
      context.output.document(server);
      if (!context.json) printServer(context, server);
      return exitCode.done;
    },
  },
  {
    name: "server logs",
    usage: "server logs [DIR] [--level L] [--events] [--follow] [--tail N] [--grep RE]",
    summary: "what the server wrote; L is debug, info, warn or error; --events adds its event log",
    options: { ...logOptions, level: { type: "string" }, events: { type: "boolean" } },
    maxPositionals: 1,
    run: (context) =>
      printLogs(context, {
        sources: ["opencode"],
        // Only there once the setting server.eventLog was on; asking for it before is no mistake.
        perhaps: context.options["events"] === true ? ["opencode-events"] : [],
        level: levelOption(context),
      }),
  },
  adoptCommand,
  {
    name: "server keep",
    usage: "server keep [DIR]",
    summary: "call off a planned restart or stop of the server",
    options: {},
    maxPositionals: 1,
    async run(context) {
      const client = await context.connect();
      const { workspace } = await openProject(client, directoryOf(context));
      const server = await client.call("server.keep", { workspace });
      context.output.document(server);
      if (!context.json) printServer(context, server);
      return exitCode.done;
    },
  },
];
