/**
 * THE registry of what can be done: it feeds the palette, the keys and the native menu. A command that makes no sense now is
 * left out of the palette by `when`, and its key does nothing.
 */
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
  readonly group: "Go to" | "Environment" | "Services" | "Server" | "Chat" | "Logs" | "Project" | "Appearance" | "Deckhand";
  readonly shortcut?: string;
  /** Words that find it besides its title. */
  readonly words?: string;
  readonly when?: (context: CommandContext) => boolean;
  readonly run: (context: CommandContext) => void;
}

const hasProject = ({ project }: CommandContext): boolean => project !== null;
const serverRuns = ({ environment }: CommandContext): boolean => environment?.server?.state === "running";
const environmentRuns = ({ environment }: CommandContext): boolean =>
  environment !== null && (environment.phase !== "stopped" || (environment.server !== null && environment.server.state !== "stopped"));

/** Runs with the chosen project's workspace; without one the command is not offered. */
const inWorkspace =
  (run: (context: CommandContext, workspace: Project["workspace"]) => void) =>
  (context: CommandContext): void => {
    if (context.project) run(context, context.project.workspace);
  };

export const commands: readonly Command[] = [
  { id: "go.environment", title: "Go to Environment", group: "Go to", shortcut: "Mod+1", when: hasProject, run: ({ actions }) => actions.go("environment") },
  { id: "go.logs", title: "Go to Logs", group: "Go to", shortcut: "Mod+2", when: hasProject, run: ({ actions }) => actions.go("logs") },
  { id: "go.chat", title: "Go to Chat", group: "Go to", shortcut: "Mod+3", when: hasProject, run: ({ actions }) => actions.go("chat") },

  {
    id: "environment.start",
    title: "Start environment",
    group: "Environment",
    shortcut: "Mod+Shift+S",
    words: "run up launch",
    when: ({ environment }) => environment !== null && environment.phase !== "ready" && environment.phase !== "starting",
    run: inWorkspace(({ actions, settings }, workspace) => void actions.startEnvironment(workspace, settings?.serverWithEnvironment ?? true)),
  },
  {
    id: "environment.stop",
    title: "Stop environment",
    group: "Environment",
    shortcut: "Mod+Shift+X",
    words: "down halt quit",
    when: environmentRuns,
    run: inWorkspace(({ actions }, workspace) => void actions.stopEnvironment(workspace)),
  },
  {
    id: "server.start",
    title: "Start OpenCode server",
    group: "Server",
    when: ({ environment }) => environment !== null && !["running", "starting", "waiting_ready"].includes(environment.server?.state ?? ""),
    run: inWorkspace(({ actions }, workspace) => void actions.startServer(workspace)),
  },
  { id: "server.restart", title: "Restart OpenCode server", group: "Server", when: serverRuns, run: inWorkspace(({ actions }, workspace) => void actions.restartServer(workspace)) },
  { id: "server.stop", title: "Stop OpenCode server", group: "Server", when: serverRuns, run: inWorkspace(({ actions }, workspace) => void actions.stopServer(workspace)) },
  { id: "server.logs", title: "Show logs of the OpenCode server", group: "Server", when: hasProject, run: inWorkspace(({ actions }, workspace) => actions.showLogs(workspace, ["opencode"])) },

  {
    id: "chat.new",
    title: "New session",
    group: "Chat",
    shortcut: "Mod+Shift+O",
    words: "conversation agent",
    when: serverRuns,
    run: inWorkspace(({ actions }, workspace) => void actions.createSession(workspace)),
  },
  {
    id: "chat.stop",
    title: "Stop the running turn",
    group: "Chat",
    shortcut: "Mod+.",
    words: "abort cancel",
    when: (context) => busySession(context) !== null,
    run: inWorkspace((context, workspace) => {
      const session = busySession(context);
      if (session) void context.actions.abort(workspace, session.id);
    }),
  },

  { id: "logs.find", title: "Find in logs", group: "Logs", shortcut: "Mod+F", words: "search", when: hasProject, run: ({ actions }) => actions.findInLogs() },
  { id: "logs.wrap", title: "Wrap long lines on or off", group: "Logs", when: hasProject, run: ({ view }) => view.set((state) => ({ wrap: !state.wrap })) },
  { id: "logs.time", title: "Show times on or off", group: "Logs", words: "timestamps", when: hasProject, run: ({ view }) => view.set((state) => ({ timestamps: !state.timestamps })) },
  { id: "logs.all", title: "Show logs of all sources", group: "Logs", when: hasProject, run: inWorkspace(({ actions }, workspace) => actions.showLogs(workspace, [])) },

  { id: "project.open", title: "Open folder", group: "Project", shortcut: "Mod+O", words: "add project", run: ({ actions, host }) => void actions.openFolder(host?.folderDialog ?? false) },
  { id: "project.remove", title: "Remove project", group: "Project", when: hasProject, run: ({ actions, project }) => project && actions.removeProject(project) },
  { id: "project.trust", title: "Review what may run here", group: "Project", words: "trust", when: hasProject, run: inWorkspace(({ actions }, workspace) => actions.reviewTrust(workspace)) },
  { id: "project.distrust", title: "Take back trust in this folder", group: "Project", words: "revoke", when: ({ project }) => project?.trusted ?? false, run: inWorkspace(({ actions }, workspace) => void actions.revokeTrust(workspace)) },

  { id: "theme.system", title: "Theme: follow the system", group: "Appearance", run: ({ actions }) => void actions.changeSettings({ theme: "system" }) },
  { id: "theme.light", title: "Theme: light", group: "Appearance", run: ({ actions }) => void actions.changeSettings({ theme: "light" }) },
  { id: "theme.dark", title: "Theme: dark", group: "Appearance", run: ({ actions }) => void actions.changeSettings({ theme: "dark" }) },

  { id: "settings", title: "Settings", group: "Deckhand", shortcut: "Mod+,", words: "preferences", run: ({ view }) => view.set({ dialog: { kind: "settings" } }) },
  { id: "palette", title: "Show all commands", group: "Deckhand", shortcut: "Mod+K", run: ({ view }) => view.set((state) => ({ palette: !state.palette })) },
  { id: "host.stop", title: "Stop everything and end Deckhand", group: "Deckhand", words: "quit exit", run: ({ actions }) => actions.stopHost() },
];

/** The chosen session, or another one, that is at work. */
function busySession({ chat, view, project }: CommandContext) {
  const busy = chat?.sessions.filter((session) => session.status.type !== "idle") ?? [];
  const chosen = project ? view.get().session[project.workspace] : null;
  return busy.find((session) => session.id === chosen) ?? busy[0] ?? null;
}

/** Commands that exist because of what is there now: one set for each project, service, link and session. */
export function dynamicCommands(context: CommandContext): Command[] {
  const { project, projects, environment, chat } = context;
  const found: Command[] = [];
  for (const other of projects) {
    if (other.id === project?.id) continue;
    found.push({ id: `project:${other.id}`, title: `Go to project ${other.name}`, group: "Project", words: other.directory, run: ({ actions }) => actions.go(context.view.get().page, other.id) });
  }
  if (!project) return found;
  const { workspace } = project;
  for (const { name, url, desired } of environment?.services ?? []) {
    const one = (id: string, title: string, run: Command["run"]) => found.push({ id: `service:${name}:${id}`, title: `${title} ${name}`, group: "Services", run });
    if (desired === "running") {
      one("restart", "Restart", ({ actions }) => void actions.restartServices(workspace, [name]));
      one("stop", "Stop", ({ actions }) => void actions.stopServices(workspace, [name]));
    } else one("start", "Start", ({ actions }) => void actions.startServices(workspace, [name]));
    one("logs", "Show logs of", ({ actions }) => actions.showLogs(workspace, [name]));
    if (url) one("open", "Open in browser:", ({ actions }) => actions.openLink(url));
  }
  for (const session of chat?.sessions ?? []) {
    if (session.parentId) continue;
    found.push({
      id: `session:${session.id}`,
      title: `Go to session ${session.title || "Untitled"}`,
      group: "Chat",
      run: ({ actions }) => {
        actions.showSession(workspace, session.id);
        actions.go("chat");
      },
    });
  }
  return found;
}

/**
 * How well a command answers what was typed: 0 not at all; every typed word must stand in its title or its other words.
 * Words of the title count most, and most of all those that begin one.
 */
export function scoreCommand(typed: string, title: string, words: string): number {
  const inTitle = title.toLowerCase();
  const elsewhere = words.toLowerCase();
  let score = 1;
  for (const word of typed.toLowerCase().split(/\s+/).filter(Boolean)) {
    if (inTitle.startsWith(word)) score += 4;
    else if (inTitle.includes(` ${word}`)) score += 3;
    else if (inTitle.includes(word)) score += 2;
    else if (!elsewhere.includes(word)) return 0;
  }
  // Of two that fit alike, the shorter title is the nearer one.
  return score + 1 / (1 + title.length);
}

/** The command whose key this is, if it makes sense now. */
export function commandFor(context: CommandContext, matches: (shortcut: string) => boolean): Command | null {
  return commands.find((command) => command.shortcut && matches(command.shortcut) && (command.when?.(context) ?? true)) ?? null;
}
