/** What was on screen last time, so that the first paint shows it while the host is still connecting. */
import type { QueryClient } from "@tanstack/react-query";
import type { HostInfo } from "#shared/schema/host.ts";
import type { Settings } from "#shared/schema/settings.ts";
import type { Project } from "#shared/schema/workspace.ts";
import { recall, remember } from "../view/view.ts";
import { seedLive, type Pushed } from "./live.ts";

const KEY = "deckhand.last";
type Last = { projects?: Project[]; settings?: Settings; host?: HostInfo };

/** Seeds the cache, then keeps a copy of these three small states whenever one is pushed. Returns the end of it. */
export function keepLastKnown(cache: QueryClient, storage: Storage): () => void {
  const last = (recall(storage, KEY) ?? {}) as Last;
  if (Array.isArray(last.projects)) seedLive(cache, "project.watch", {}, last.projects);
  if (last.settings) seedLive(cache, "settings.watch", {}, last.settings);
  if (last.host) seedLive(cache, "host.watch", {}, last.host);
  const kept: Last = { ...last };
  return cache.getQueryCache().subscribe((event) => {
    if (event.type !== "updated" || event.action.type !== "success") return;
    const item = (event.query.state.data as Pushed<unknown> | undefined)?.item;
    if (!item) return;
    const name = event.query.queryKey[1];
    if (name === "project.watch") kept.projects = item as Project[];
    else if (name === "settings.watch") kept.settings = item as Settings;
    else if (name === "host.watch") kept.host = item as HostInfo;
    else return;
    remember(storage, KEY, kept);
  });
}
