import { Unplug } from "lucide-react";
import { useSyncExternalStore } from "react";
import type { ConnectionState } from "#shared/connection.ts";
import { Empty } from "../ui/empty.tsx";
import { useApp } from "../view/app.ts";

export function useConnectionState(): ConnectionState {
  const { client } = useApp();
  return useSyncExternalStore(client.onState, client.state);
}

/** Says that what is on screen may be old. Only for trouble that lasts: a reconnect within a moment goes unseen. */
export function ConnectionBanner() {
  const state = useConnectionState();
  if (state !== "lost" && state !== "closed") return null;
  return (
    <div role="status" className="shows-late flex h-8 shrink-0 items-center justify-center gap-2 bg-busy-wash px-4">
      <Unplug className="size-3.5 text-busy" aria-hidden="true" />
      {state === "lost"
        ? "Reconnecting to the host. What you see is the last known state."
        : "The host has ended. Start Deckhand again to go on."}
    </div>
  );
}

/** A browser page that was opened without the link that carries its token. */
export function NoToken() {
  return (
    <Empty title="Open the link that Deckhand printed" icon={<Unplug />}>
      This page needs the token at the end of the address that <code className="font-mono text-sm">deckhand serve</code>{" "}
      printed. Copy the whole address into the browser.
    </Empty>
  );
}
