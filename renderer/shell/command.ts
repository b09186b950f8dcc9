/** What a command is, and what it may look at. */
import type { ChatState } from "#shared/schema/chat.ts";
import type { EnvironmentStatus } from "#shared/schema/environment.ts";
import type { HostInfo } from "#shared/schema/host.ts";
import type { Settings } from "#shared/schema/settings.ts";
import type { Project } from "#shared/schema/workspace.ts";
import type { Actions } from "../view/actions.ts";
import type { Store } from "../view/store.ts";
import type { View } from "../view/view.ts";

/** Everything a command may look at. Null where it is not known (yet). */
export interface CommandContext {
  readonly actions: Actions;
  readonly view: Store<View>;
  readonly host: HostInfo | null;
  readonly settings: Settings | null;
  readonly projects: readonly Project[];
  readonly project: Project | null;
  readonly environment: EnvironmentStatus | null;
  readonly chat: ChatState | null;
}

export interface Command {
  readonly id: string;
  readonly title: string;
  readonly group:
    | "Go to"
    | "Environment"
    | "Services"
    | "Server"
    | "Chat"
    | "Logs"
    | "Project"
    | "Appearance"
    | "Deckhand";
  readonly shortcut?: string;
  /** Words that find it besides its title. */
  readonly words?: string;
  readonly when?: (context: CommandContext) => boolean;
  readonly run: (context: CommandContext) => void;
}
