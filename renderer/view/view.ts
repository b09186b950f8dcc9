/** What is on screen: chosen project, page, rows and filters. It comes back as it was after a reload. */
import type { ProjectId, SessionId, WorkspaceId } from "#shared/schema/id.ts";
import { logLevels, type LogLevel } from "#shared/log-level.ts";
import type { LogLine } from "#shared/schema/log.ts";
import type { ServiceEdit } from "#shared/schema/service-edit.ts";
import { createStore, type Store } from "./store.ts";

export const pages = ["environment", "logs", "chat"] as const;
export type Page = (typeof pages)[number];

/** The ways to look at an environment. */
export const environmentViews = ["list", "graph", "steps", "timeline"] as const;
export type EnvironmentView = (typeof environmentViews)[number];
/** The parts of a service's details. */
export const detailParts = ["overview", "definition", "history"] as const;
export type DetailPart = (typeof detailParts)[number];

/** What is to be written into the deckhand.yaml of a folder. */
export type ConfigChange = {
  readonly workspace: WorkspaceId;
  /** Everything that was detected, or only what the edits change. */
  readonly write: "all" | "changes";
  readonly edits: readonly ServiceEdit[];
};

export type Dialog =
  | { readonly kind: "settings" }
  | { readonly kind: "open-folder" }
  /** Asks for address and password of a server that somebody else started. `url`: where one is known to listen. */
  | { readonly kind: "adopt"; readonly workspace: WorkspaceId; readonly url: string }
  /** Chooses a profile, with what that would change. */
  | { readonly kind: "profile"; readonly workspace: WorkspaceId }
  /** Shows what would be written into the project. */
  | { readonly kind: "save"; readonly change: ConfigChange; readonly saved: (() => void) | null }
  /** Shows what would run in the folder; `approved` goes on with what was asked once it is approved. */
  | { readonly kind: "trust"; readonly workspace: WorkspaceId; readonly approved: (() => void) | null }
  | {
      readonly kind: "confirm";
      readonly title: string;
      /** What will be lost or stopped. */
      readonly consequence: string;
      readonly action: string;
      readonly run: () => void;
    };

export type View = {
  readonly project: ProjectId | null;
  readonly page: Page;
  /** The service whose details are open, per workspace. */
  readonly service: Readonly<Record<WorkspaceId, string | null>>;
  /** Whether the details of the OpenCode server are open, per workspace; then those of a service are not. */
  readonly server: Readonly<Record<WorkspaceId, boolean>>;
  readonly environmentView: EnvironmentView;
  readonly detailPart: DetailPart;
  /** Suggestions that were read and put away, by id. */
  readonly dismissed: readonly string[];
  readonly session: Readonly<Record<WorkspaceId, SessionId | null>>;
  readonly model: Readonly<Record<WorkspaceId, string | null>>;
  /** Sources shown in the logs, per workspace; empty: all. */
  readonly sources: Readonly<Record<WorkspaceId, readonly string[]>>;
  /** Streams shown in the logs; empty: all. */
  readonly streams: readonly LogLine["stream"][];
  /** The least grave level shown in the logs; "all" also shows lines that name none. */
  readonly level: LogLevel | "all";
  readonly wrap: boolean;
  readonly timestamps: boolean;
  /** Show matching lines only, instead of stepping through them. */
  readonly onlyMatches: boolean;
  // From here on: for this visit only.
  readonly search: string;
  /** Grows when the search field should take the focus. */
  readonly searchAsked: number;
  /** Grows when the composer should take the focus. */
  readonly composerAsked: number;
  readonly palette: boolean;
  readonly dialog: Dialog | null;
};

const fresh: View = {
  project: null,
  page: "environment",
  service: {},
  server: {},
  environmentView: "list",
  detailPart: "overview",
  dismissed: [],
  session: {},
  model: {},
  sources: {},
  streams: [],
  level: "all",
  wrap: false,
  timestamps: true,
  onlyMatches: false,
  search: "",
  searchAsked: 0,
  composerAsked: 0,
  palette: false,
  dialog: null,
};

const KEY = "deckhand.view";

/** Reads a JSON value of this page's storage; anything unreadable counts as absent, since it is only a convenience. */
export function recall(storage: Storage, key: string): unknown {
  try {
    return JSON.parse(storage.getItem(key) ?? "null");
  } catch {
    // Damaged or from another version: the defaults serve as well.
    return null;
  }
}

/** Keeps a JSON value; a full or forbidden storage costs only the convenience. */
export function remember(storage: Storage, key: string, value: unknown): void {
  try {
    storage.setItem(key, JSON.stringify(value));
  } catch {
    // The page works without it.
  }
}

/** What was kept, field by field: a value of another type than today's default is from another version and is dropped. */
export function restoreView(kept: unknown): View {
  if (typeof kept !== "object" || kept === null) return fresh;
  const restored: Record<string, unknown> = { ...fresh };
  for (const [key, value] of Object.entries(kept)) {
    if (!(key in fresh)) continue;
    const like = fresh[key as keyof View];
    const fits =
      like === null
        ? typeof value === "string"
        : typeof value === typeof like && Array.isArray(value) === Array.isArray(like);
    if (fits && value !== null) restored[key] = value;
  }
  if (!pages.some((page) => page === restored.page)) restored.page = fresh.page;
  if (!environmentViews.some((view) => view === restored.environmentView))
    restored.environmentView = fresh.environmentView;
  if (!detailParts.some((part) => part === restored.detailPart)) restored.detailPart = fresh.detailPart;
  if (!logLevels.some((level) => level === restored.level)) restored.level = fresh.level;
  return { ...(restored as View), search: "", searchAsked: 0, composerAsked: 0, palette: false, dialog: null };
}

/** The view of this window, kept in `storage` whenever it changes. */
export function createView(storage: Storage): Store<View> {
  const store = createStore(restoreView(recall(storage, KEY)));
  let kept = "";
  store.subscribe(() => {
    const {
      search: _search,
      searchAsked: _asked,
      composerAsked: _composer,
      palette: _palette,
      dialog: _dialog,
      ...lasting
    } = store.get();
    const next = JSON.stringify(lasting);
    if (next === kept) return;
    kept = next;
    remember(storage, KEY, lasting);
  });
  return store;
}
