import { createContext, use, useCallback, useEffect, useState, useSyncExternalStore } from "react";
import type { Failure } from "#shared/failure.ts";
import type { SessionId, WorkspaceId } from "#shared/schema/id.ts";
import type { MessageInfo, Part } from "#shared/schema/chat.ts";
import { useApp } from "../view/app.ts";
import { SessionStore } from "./session-store.ts";

/** Follows one session while the component is there. */
export function useSession(workspace: WorkspaceId, session: SessionId): { store: SessionStore; ended: Failure | null } {
  const { client } = useApp();
  const [store] = useState(() => new SessionStore());
  const [ended, setEnded] = useState<Failure | null>(null);
  useEffect(
    () =>
      client.subscribe(
        "session.events",
        { workspace, session },
        { onBatch: (events) => store.apply(events), onEnd: setEnded },
      ),
    [client, store, workspace, session],
  );
  return { store, ended };
}

export const SessionStoreContext = createContext<SessionStore | null>(null);

function useStore(): SessionStore {
  const store = use(SessionStoreContext);
  if (!store) throw new Error("A component of a session is outside of its context.");
  return store;
}

/** Reads something of the session; re-renders only when what `key` stands for changes. */
export function useRead<Value>(store: SessionStore, key: string, read: () => Value): Value {
  return useSyncExternalStore(
    useCallback((listener: () => void) => store.subscribe(key, listener), [store, key]),
    read,
  );
}

export function usePart(id: string): Part | undefined {
  const store = useStore();
  return useRead(store, `part:${id}`, () => store.part(id));
}

export function useMessageInfo(id: string): MessageInfo | undefined {
  const store = useStore();
  return useRead(store, `info:${id}`, () => store.info(id));
}
