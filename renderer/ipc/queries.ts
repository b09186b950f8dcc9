/** Things asked for once, as query options. Pushed state is in live.ts; what changes something is in view/actions.ts. */
import { queryOptions, type QueryClient } from "@tanstack/react-query";
import type { Client } from "#shared/client.ts";
import type { WorkspaceId } from "#shared/schema/id.ts";
import type { ServerStatus } from "#shared/schema/server.ts";
import type { ServiceStatus } from "#shared/schema/service.ts";
import type { ConfigChange } from "../view/view.ts";

/** What would run in the folder. Always read anew: its hash is what an approval gives back. */
export const trustReviewQuery = (client: Client, workspace: WorkspaceId) =>
  queryOptions({
    queryKey: ["trust.review", workspace],
    queryFn: ({ signal }) => client.call("trust.review", { workspace }, { signal }),
    staleTime: 0,
    gcTime: 0,
    retry: false,
  });

/** What was seen of the services of a workspace and is worth a word. It changes with hours, not with seconds. */
export const suggestionsQuery = (client: Client, workspace: WorkspaceId) =>
  queryOptions({
    queryKey: ["environment.suggestions", workspace],
    queryFn: ({ signal }) => client.call("environment.suggestions", { workspace }, { signal }),
    refetchInterval: 60_000,
    retry: false,
  });

/** Everything known of the services as the files say them now, with what a start would do. Null: the profile that runs. */
export const planQuery = (client: Client, workspace: WorkspaceId, profile: string | null) =>
  queryOptions({
    queryKey: ["environment.plan", workspace, profile],
    queryFn: ({ signal }) =>
      client.call("environment.plan", { workspace, ...(profile === null ? {} : { profile }) }, { signal }),
    staleTime: 5_000,
    retry: false,
  });

/** What changes if that profile is taken instead of the one that runs. Always read anew: the files may have changed. */
export const compareQuery = (client: Client, workspace: WorkspaceId, profile: string) =>
  queryOptions({
    queryKey: ["environment.compare", workspace, profile],
    queryFn: ({ signal }) => client.call("environment.compare", { workspace, profile }, { signal }),
    staleTime: 0,
    gcTime: 0,
    retry: false,
  });

/** What `config.save` would write. Always read anew: its hash is what a save gives back. */
export const configPreviewQuery = (client: Client, change: ConfigChange) =>
  queryOptions({
    queryKey: ["config.preview", change],
    queryFn: ({ signal }) => client.call("config.preview", { ...change, edits: [...change.edits] }, { signal }),
    staleTime: 0,
    gcTime: 0,
    retry: false,
  });

/** What the forms of a service hold, as its files say it now. */
export const draftQuery = (client: Client, workspace: WorkspaceId, service: string) =>
  queryOptions({
    queryKey: ["config.draft", workspace, service],
    queryFn: ({ signal }) => client.call("config.draft", { workspace, service }, { signal }),
    staleTime: 5_000,
    retry: false,
  });

/** A port that a service could have instead of one that is held. Always asked anew: it may be taken meanwhile. */
export const otherPortQuery = (client: Client, workspace: WorkspaceId, service: string, port: number) =>
  queryOptions({
    queryKey: ["environment.otherPort", workspace, service, port],
    queryFn: ({ signal }) => client.call("environment.otherPort", { workspace, service, port }, { signal }),
    staleTime: 0,
    gcTime: 0,
    retry: false,
  });

/** Whatever was said about the files of projects is asked again: they were written. */
export const forgetFiles = (cache: QueryClient): Promise<void> =>
  cache.invalidateQueries({
    predicate: ({ queryKey }) =>
      ["environment.plan", "environment.compare", "config.draft"].includes(String(queryKey[0])),
  });

/** How the latest lives of a service came out. `generation`, `phase`: a new one or its end is a reason to ask again. */
export const runsQuery = (
  client: Client,
  workspace: WorkspaceId,
  { name, generation, phase }: Pick<ServiceStatus, "name" | "generation" | "phase">,
) =>
  queryOptions({
    queryKey: ["environment.runs", workspace, name, generation, phase],
    queryFn: ({ signal }) => client.call("environment.runs", { workspace, service: name }, { signal }),
    placeholderData: (old) => old,
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
