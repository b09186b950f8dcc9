import type { OwnedProcess as OwnedProcessView } from "#shared/schema/host.ts";
import type { HoldLease } from "./lease.ts";
import type { OwnedChild } from "./owned-child.ts";

/** Everything owned, for `deckhand ps`; the guardian only where it has somebody to guard. @param guardian Null: none runs. */
export function listOwned(
  children: readonly OwnedChild[],
  holds: readonly HoldLease[],
  memoryOf: (child: OwnedChild) => number | null,
  guardian: { readonly pid: number; readonly startedAt: number; readonly memoryBytes: number | null } | null,
): OwnedProcessView[] {
  const views: OwnedProcessView[] = [];
  for (const child of children) {
    // Its own process is gone and so is everybody else, as far as we have seen.
    const member = child.hasExited ? child.set.members.find(({ pid }) => pid !== child.pid) : undefined;
    if (child.hasExited && member === undefined) continue;
    const { kind, name, workspace, startedAt } = child.lease;
    const pid = member?.pid ?? child.pid;
    views.push({ kind, name, workspace, pid, startedAt: isoTime(startedAt), memoryBytes: memoryOf(child) });
  }
  for (const { kind, name, workspace, startedAt } of holds) {
    views.push({ kind, name, workspace, pid: null, startedAt: isoTime(startedAt), memoryBytes: null });
  }
  if (guardian !== null && views.length > 0) {
    const { pid, startedAt, memoryBytes } = guardian;
    views.push({
      kind: "guardian",
      name: "guardian",
      workspace: null,
      pid,
      startedAt: isoTime(startedAt),
      memoryBytes,
    });
  }
  return views;
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
