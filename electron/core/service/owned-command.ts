/** A program that runs to its end beside a service: a probe of kind exec, a hook, a stop command. */
import type { Exit } from "#shared/schema/service.ts";
import type { ProcessKeeper, SpawnRequest } from "../process/owned.ts";

export interface OwnedCommand {
  readonly keeper: ProcessKeeper;
  /** For people: `api (probe)`. */
  readonly name: string;
  readonly workspace: string;
  readonly argv: readonly [string, ...string[]];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly output: Pick<SpawnRequest, "onLine" | "onLines">;
}

/** From the stop signal to SIGKILL for a command whose time is over, in ms. */
const GRACE_MS = 500;

/**
 * Runs it and answers with its end. It is owned like any process: whatever it started ends with it, at the latest shortly
 * after `signal` aborts, and the promise resolves when nothing of it is left.
 *
 * @throws AppError `command_missing`, `spawn_failed`.
 */
export async function runOwnedCommand(command: OwnedCommand, signal: AbortSignal): Promise<Exit> {
  const { keeper, name, workspace, argv, cwd, env, output } = command;
  const owned = await keeper.spawn({
    ...output,
    kind: "task",
    name,
    workspace,
    argv,
    cwd,
    env,
    graceMs: GRACE_MS,
    ports: [],
  });
  const onAbort = () => void owned.stop();
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  const exit = await owned.exited;
  signal.removeEventListener("abort", onAbort);
  await owned.stop();
  return exit;
}
