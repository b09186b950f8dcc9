import { CSPProvider } from "@base-ui/react/csp-provider";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { createRoot } from "react-dom/client";
import { toast } from "sonner";
import { createClient } from "#shared/client.ts";
import type { Connection } from "#shared/connection.ts";
import { keepLastKnown } from "./ipc/last-known.ts";
import { createLive } from "./ipc/live.ts";
import { forgetFiles } from "./ipc/queries.ts";
import { nonce } from "./nonce.ts";
import { NoToken } from "./shell/connection-state.tsx";
import { Shell } from "./shell/shell.tsx";
import { createActions, type Notify } from "./view/actions.ts";
import { AppContext, type App } from "./view/app.ts";
import { createView } from "./view/view.ts";
import "./styles/main.css";

/** What can be taken back stays long enough to think twice. In ms. */
const ACTION_MS = 10_000;

/** Toasts tell how an action ended. Trouble stays until it is closed, as it may have to be read twice. */
const notify: Notify = {
  success: (message, action) =>
    void toast.success(
      message,
      action ? { action: { label: action.label, onClick: action.run }, duration: ACTION_MS } : undefined,
    ),
  error: (failure) =>
    void toast.error(failure.message, { description: failure.next ?? undefined, duration: Number.POSITIVE_INFINITY }),
};

/** Builds the long-lived things of the page over one connection and shows it. Null: there is no way to a host. */
export function start(connection: Connection | null): void {
  const root = document.getElementById("root");
  if (!root) throw new Error("The page has no #root element.");
  if (!connection) {
    createRoot(root).render(<NoToken />);
    return;
  }
  const client = createClient(connection);
  const cache = new QueryClient({
    defaultOptions: {
      queries: { refetchOnWindowFocus: false, networkMode: "always", retry: false },
      mutations: { networkMode: "always" },
    },
  });
  keepLastKnown(cache, localStorage);
  client.onState((state) => {
    if (state === "open") void cache.invalidateQueries({ predicate: (query) => query.queryKey[0] !== "pushed" });
  });
  const view = createView(localStorage);
  const bridge = window.deckhand;
  const app: App = {
    client,
    live: createLive(client, cache),
    view,
    actions: createActions({ client, view, notify, filesWritten: () => void forgetFiles(cache) }),
    platform: {
      mac: (bridge?.platform ?? navigator.platform).toLowerCase().startsWith(bridge ? "darwin" : "mac"),
      web: !bridge,
    },
  };
  createRoot(root).render(
    <CSPProvider nonce={nonce}>
      <QueryClientProvider client={cache}>
        <AppContext value={app}>
          <Shell />
        </AppContext>
      </QueryClientProvider>
    </CSPProvider>,
  );
}
