import { resolve as resolvePath } from "node:path";
import type { Client } from "#shared/client.ts";
import type { EnvironmentStatus } from "#shared/schema/environment.ts";
import type { Project } from "#shared/schema/workspace.ts";
import type { CommandContext } from "./command.ts";

/** The folder a command is about, absolute (the host has a current folder of its own): its first positional, else this one. */
export function directoryOf(context: CommandContext): string {
  return resolvePath(context.positionals[0] ?? ".");
}

/** The project (and workspace) of a folder, which the host opens where it was not open. */
export function openProject(client: Client, directory: string): Promise<Project> {
  return client.call("project.open", { directory });
}

/**
 * Follows the environment of a workspace until `done` says so, and returns the status it said it about.
 * Rejects when the host goes away or the signal aborts.
 */
export function watchUntil(
  client: Client,
  workspace: Project["workspace"],
  signal: AbortSignal,
  done: (status: EnvironmentStatus) => boolean,
): Promise<EnvironmentStatus> {
  return new Promise((resolve, reject) => {
    const finish = (settle: () => void) => {
      signal.removeEventListener("abort", onAbort);
      stop();
      settle();
    };
    const onAbort = () => finish(() => reject(Object.assign(new Error("interrupted"), { name: "AbortError" })));
    const stop = client.subscribe(
      "environment.watch",
      { workspace },
      {
        onBatch(items) {
          const status = items.at(-1);
          if (status !== undefined && done(status)) finish(() => resolve(status));
        },
        onEnd(error) {
          finish(() => reject(new Error(error?.message ?? "The host ended the stream.")));
        },
      },
    );
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
  });
}
