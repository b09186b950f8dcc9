import { useEffect, useState, useSyncExternalStore } from "react";
import type { Client } from "#shared/client.ts";
import type { WorkspaceId } from "#shared/schema/id.ts";
import { useApp } from "../view/app.ts";
import { createLogFeeds, type LogFeed } from "./log-feed.ts";

/** Feeds belong to a client and go with it; the page has one. */
const ofClient = new WeakMap<Client, (workspace: WorkspaceId) => LogFeed>();

/** The log of a workspace, followed while the component is there. `ended` says why it is followed no longer. */
export function useFeed(workspace: WorkspaceId): { feed: LogFeed; version: number; ended: string | null } {
  const { client } = useApp();
  const feeds = ofClient.get(client) ?? createLogFeeds(client);
  ofClient.set(client, feeds);
  const [feed] = useState(() => feeds(workspace));
  const [ended, setEnded] = useState<string | null>(null);
  const version = useSyncExternalStore(feed.buffer.subscribe, feed.buffer.version);
  useEffect(() => feed.follow((message) => setEnded(message ?? "The log of this workspace has ended.")), [feed]);
  return { feed, version, ended };
}
