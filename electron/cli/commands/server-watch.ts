import type { Client } from "#shared/client.ts";
import type { WorkspaceId } from "#shared/schema/id.ts";
import { isAbort } from "../../core/lib/error.ts";
import { exitCode, type CommandContext } from "../command.ts";
import { liveLine, turningPoint } from "../server-text.ts";
import { watchUntil } from "../workspace-of.ts";

/**
 * Follows the server until Ctrl-C. In a terminal one line that is written anew; in a pipe a line, or with `--json` a
 * document, for each change that is more than a new figure.
 */
export async function watchServer(context: CommandContext, client: Client, workspace: WorkspaceId): Promise<number> {
  let last = "";
  const live = context.output.live && !context.json;
  try {
    await watchUntil(client, workspace, context.signal, ({ server }) => {
      const text = server === null ? "No server was started for this folder." : liveLine(server, Date.now());
      if (live) {
        const width = (process.stdout.columns ?? 80) - 1;
        context.output.write(`\r\u001B[K${text.slice(0, width)}`);
        return false;
      }
      const point = server === null ? "none" : turningPoint(server);
      if (point === last) return false;
      last = point;
      context.output.document(server);
      if (!context.json) context.output.line(`${new Date().toISOString().slice(11, 19)} ${text}`);
      return false;
    });
  } catch (error) {
    if (live) context.output.write("\n");
    if (!isAbort(error)) throw error;
  }
  return exitCode.interrupted;
}
