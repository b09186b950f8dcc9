/** The long-lived things of the page, made once in start.tsx and handed down. */
import { createContext, use } from "react";
import type { Client } from "#shared/client.ts";
import type { Live } from "../ipc/state-streams.ts";
import type { Actions } from "./actions.ts";
import { useStore, type Store } from "./store.ts";
import type { View } from "./view.ts";

export interface App {
  readonly client: Client;
  readonly live: Live;
  readonly view: Store<View>;
  readonly actions: Actions;
  /** `mac`: ⌘ in shortcuts. `web`: the browser keeps some combinations to itself. */
  readonly platform: { readonly mac: boolean; readonly web: boolean };
}

export const AppContext = createContext<App | null>(null);

export function useApp(): App {
  const app = use(AppContext);
  if (!app) throw new Error("A component is outside of the app's context.");
  return app;
}

export const useActions = (): Actions => useApp().actions;

export function useView<Part>(select: (view: View) => Part): Part {
  return useStore(useApp().view, select);
}

/** Whether an action with this key has been pressed and is not answered yet. */
export function usePending(key: string): boolean {
  return useStore(useApp().actions.pending, (pending) => pending[key] ?? false);
}
