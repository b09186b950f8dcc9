/** Sub-agents' sessions belong to the one they work for: what they ask is asked there. */
import type { Session } from "#shared/schema/chat.ts";
import type { SessionId } from "#shared/schema/id.ts";

/** The session a person opened, for any session of its family. A chain that ends nowhere or in a circle stops where it is. */
export function rootOf(sessions: readonly Session[], id: SessionId): SessionId {
  const byId = new Map(sessions.map((session) => [session.id, session]));
  const seen = new Set<SessionId>();
  let current = id;
  for (;;) {
    const parent = byId.get(current)?.parentId;
    if (!parent || seen.has(current) || !byId.has(parent)) return current;
    seen.add(current);
    current = parent;
  }
}
