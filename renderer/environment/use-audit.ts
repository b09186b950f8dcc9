import { useEffect, useState } from "react";
import type { AuditEntry } from "#shared/schema/host.ts";
import type { WorkspaceId } from "#shared/schema/id.ts";
import { nextFrame } from "../ui/frame.ts";
import { useApp } from "../view/app.ts";

/** Entries held; the oldest make room. A start of a hundred services writes some four hundred. */
const MOST_ENTRIES = 2_000;

const none: readonly AuditEntry[] = [];

/** What happened in a workspace, oldest first, while the component is there. */
export function useAudit(workspace: WorkspaceId): readonly AuditEntry[] {
  const { client } = useApp();
  const [entries, setEntries] = useState(none);
  useEffect(
    () =>
      client.subscribe(
        "audit.follow",
        // Asked again after a break of the connection: the same newest ones come once more.
        () => {
          setEntries(none);
          return { workspace, limit: MOST_ENTRIES };
        },
        {
          onBatch: (items) => {
            setEntries((old) => [...old, ...items].slice(-MOST_ENTRIES));
            return nextFrame();
          },
        },
      ),
    [client, workspace],
  );
  return entries;
}
