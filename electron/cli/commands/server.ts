import type { ServerStatus } from "#shared/schema/server.ts";
import { AppError } from "../../core/lib/error.ts";
import { exitCode, type Command, type CommandContext } from "../command.ts";
import { readSecret } from "../secret.ts";
import { serverFacts } from "../server-text.ts";
import { statusLines } from "../status-table.ts";
import { directoryOf, openProject } from "../workspace-of.ts";
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
  {
    name: "server adopt",
    usage: "server adopt [DIR] --url URL",
    summary: "use a server that runs already; its password comes from DECKHAND_ADOPT_PASSWORD or a line of stdin",
    options: { url: { type: "string" } },
    maxPositionals: 1,
    async run(context) {
      const { url } = context.options;
      if (typeof url !== "string" || url === "") {
        throw new AppError("bad_input", "server adopt wants the address of the server: --url http://127.0.0.1:4096.");
      }
      const password = await readSecret(context, "DECKHAND_ADOPT_PASSWORD", `Password of ${url}:`);
      if (password === null) {
        throw new AppError("bad_input", "No password was given.", {
          next: "Set DECKHAND_ADOPT_PASSWORD, or pass it as a line on stdin.",
        });
      }
      const { client } = await context.connectOrStart();
      const { workspace } = await openProject(client, directoryOf(context));
      const server = await client.call("server.adopt", { workspace, url, password }, { signal: context.signal });
      context.output.document(server);
      if (!context.json) printServer(context, server);
      return exitCode.done;
    },
  },
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

function printServer(context: CommandContext, server: ServerStatus | null): void {
  if (server === null) return context.output.line("No server was started for this folder.");
  for (const [name, value] of serverFacts(server, Date.now())) context.output.line(`${name.padEnd(10)} ${value}`);
}
