import type { SessionId, WorkspaceId } from "#shared/schema/id.ts";
import { recall, remember } from "../view/view.ts";

/** A draft of each session survives leaving it, reloading, and a failed send. `null`: the session that is yet to be made. */
const keyOf = (workspace: WorkspaceId, session: SessionId | null) => `deckhand.draft.${workspace}.${session ?? "new"}`;

export function readDraft(workspace: WorkspaceId, session: SessionId | null): string {
  const kept = recall(localStorage, keyOf(workspace, session));
  return typeof kept === "string" ? kept : "";
}

export function keepDraft(workspace: WorkspaceId, session: SessionId | null, draft: string): void {
  if (draft === "") localStorage.removeItem(keyOf(workspace, session));
  else remember(localStorage, keyOf(workspace, session), draft);
}
