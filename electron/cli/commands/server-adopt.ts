import type { Client } from "#shared/client.ts";
import type { InputOf } from "#shared/contract.ts";
import type { WorkspaceId } from "#shared/schema/id.ts";
import { AppError } from "../../core/lib/error.ts";
import { noSharedServer } from "../../core/opencode/shared-server.ts";
import { exitCode, type Command, type CommandContext } from "../command.ts";
import { readSecret } from "../secret.ts";
import { printServer } from "../server-text.ts";
import { directoryOf, openProject } from "../workspace-of.ts";

const USAGE = "server adopt [DIR] (--url URL | --shared)";

/** Which server is meant, found out once a host is there to be asked. */
type Target = (client: Client, workspace: WorkspaceId) => Promise<Omit<InputOf<"server.adopt">, "workspace">>;

export const adoptCommand: Command = {
  name: "server adopt",
  usage: USAGE,
  summary:
    "use a server that runs already; its password comes from DECKHAND_ADOPT_PASSWORD or a line of stdin, or --shared: use OpenCode 2's shared server",
  options: { url: { type: "string" }, shared: { type: "boolean" } },
  maxPositionals: 1,
  async run(context) {
    // Before any host is started: a command that is wrong in itself leaves nothing behind.
    const target = await readTarget(context);
    const { client } = await context.connectOrStart();
    const { workspace } = await openProject(client, directoryOf(context));
    const adoption = await target(client, workspace);
    const server = await client.call("server.adopt", { workspace, ...adoption }, { signal: context.signal });
    context.output.document(server);
    if (!context.json) printServer(context, server);
    return exitCode.done;
  },
};

async function readTarget(context: CommandContext): Promise<Target> {
  const { url, shared } = context.options;
  const wrong = (why: string) => new AppError("bad_input", why, { next: `Usage: deckhand ${USAGE}` });
  if (shared === true) {
    if (url !== undefined) throw wrong("server adopt takes either --url or --shared, not both.");
    return sharedTarget;
  }
  if (typeof url !== "string" || url === "") {
    throw wrong("server adopt wants the address of the server, such as --url http://127.0.0.1:4096, or --shared.");
  }
  const password = await readSecret(context, "DECKHAND_ADOPT_PASSWORD", `Password of ${url}:`);
  if (password === null) {
    throw new AppError("bad_input", "No password was given.", {
      next: "Set DECKHAND_ADOPT_PASSWORD, or pass it as a line on stdin.",
    });
  }
  return () => Promise.resolve({ url, password });
}

/** Its password never comes here: the host reads it. */
const sharedTarget: Target = async (client, workspace) => {
  const found = await client.call("server.shared", { workspace });
  if (found.kind !== "found") throw noSharedServer(found);
  return { url: found.url, password: null };
};
