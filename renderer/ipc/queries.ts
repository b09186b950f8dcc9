/** Things asked for once, as query options. Pushed state is in live.ts; what changes something is in view/actions.ts. */
import { queryOptions } from "@tanstack/react-query";
import type { Client } from "#shared/client.ts";
import type { WorkspaceId } from "#shared/schema/id.ts";
import type { ServerStatus } from "#shared/schema/server.ts";

/** What would run in the folder. Always read anew: its hash is what an approval gives back. */
export const trustReviewQuery = (client: Client, workspace: WorkspaceId) =>
  queryOptions({
    queryKey: ["trust.review", workspace],
    queryFn: ({ signal }) => client.call("trust.review", { workspace }, { signal }),
    staleTime: 0,
    gcTime: 0,
    retry: false,
  });

/** The shared server that could be adopted. Read anew each time: it may have moved meanwhile. */
export const sharedServerQuery = (client: Client, workspace: WorkspaceId) =>
  queryOptions({
    queryKey: ["server.shared", workspace],
    queryFn: ({ signal }) => client.call("server.shared", { workspace }, { signal }),
    staleTime: 0,
    gcTime: 0,
    retry: false,
  });

/** Whether a server can be asked something. */
export const isAnswering = ({ state }: Pick<ServerStatus, "state">): boolean =>
  state === "running" || state === "degraded";

/** Models of the workspace's server; they change only with its configuration, which needs a restart. */
export const modelsQuery = (client: Client, workspace: WorkspaceId, server: ServerStatus) =>
  queryOptions({
    queryKey: ["chat.models", workspace, server.generation],
    queryFn: ({ signal }) => client.call("chat.models", { workspace }, { signal }),
    enabled: isAnswering(server),
    staleTime: 60_000,
  });
