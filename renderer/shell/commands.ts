/**
 * THE registry of what can be done: it feeds the palette, the keys and the native menu. A command that makes no sense now is
 * left out of the palette by `when`, and its key does nothing.
 */
import { isServerUp, stoppedServer } from "#shared/schema/server.ts";
import type { Project } from "#shared/schema/workspace.ts";
import { nextInTrouble } from "../environment/trouble.ts";
import { environmentViews } from "../view/view.ts";
import type { Command, CommandContext } from "./command.ts";

const hasProject = ({ project }: CommandContext): boolean => project !== null;
const serverUp = ({ environment }: CommandContext): boolean => isServerUp(environment?.server?.state ?? "stopped");
const serverOurs = (context: CommandContext): boolean =>
  serverUp(context) && context.environment?.server?.ownership === "owned";
const serverDown = ({ environment }: CommandContext): boolean =>
  environment !== null && !isServerUp(environment.server?.state ?? "stopped");
const environmentRuns = ({ environment }: CommandContext): boolean =>
  environment !== null &&
  (environment.phase !== "stopped" || !["stopped", "gave_up"].includes(environment.server?.state ?? "stopped"));

/** Runs with the chosen project's workspace; without one the command is not offered. */
const inWorkspace =
  (run: (context: CommandContext, workspace: Project["workspace"]) => void) =>
  (context: CommandContext): void => {
    if (context.project) run(context, context.project.workspace);
  };

export const commands: readonly Command[] = [
  {
    id: "go.environment",
    title: "Go to Environment",
    group: "Go to",
    shortcut: "Mod+1",
    when: hasProject,
    run: ({ actions }) => actions.go("environment"),
  },
  {
    id: "go.logs",
    title: "Go to Logs",
    group: "Go to",
    shortcut: "Mod+2",
    when: hasProject,
    run: ({ actions }) => actions.go("logs"),
  },
  {
    id: "go.chat",
    title: "Go to Chat",
    group: "Go to",
    shortcut: "Mod+3",
    when: hasProject,
    run: ({ actions }) => actions.go("chat"),
  },

  {
    id: "environment.start",
    title: "Start environment",
    group: "Environment",
    shortcut: "Mod+Shift+S",
    words: "run up launch",
    when: ({ environment }) =>
      environment !== null && environment.phase !== "ready" && environment.phase !== "starting",
    run: inWorkspace(
      ({ actions, settings }, workspace) =>
        void actions.startEnvironment(workspace, settings?.serverWithEnvironment ?? true),
    ),
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
    id: "environment.profile",
    title: "Choose profile",
    group: "Environment",
    words: "dev test staging switch compare",
    when: ({ environment }) =>
      environment !== null &&
      environment.services.length > 0 &&
      environment.phase !== "starting" &&
      environment.phase !== "stopping",
    run: inWorkspace(({ actions }, workspace) => actions.chooseProfile(workspace)),
  },
  {
    id: "config.save",
    title: "Save what was detected as deckhand.yaml",
    group: "Environment",
    words: "write config file keep plan",
    when: ({ environment }) => environment !== null && environment.services.length > 0,
    run: inWorkspace(({ actions }, workspace) => actions.editConfig({ workspace, write: "all", edits: [] })),
  },
  {
    id: "config.undo",
    title: "Take back the latest change of deckhand.yaml",
    group: "Environment",
    words: "undo save config",
    when: hasProject,
    run: inWorkspace(({ actions }, workspace) => void actions.undoSave(workspace)),
  },
  {
    id: "environment.trouble",
    title: "Show the next service in trouble",
    group: "Environment",
    shortcut: "F8",
    words: "failed blocked crash unhealthy error problem",
    when: ({ environment }) => environment !== null && nextInTrouble(environment.services, null) !== null,
    run: inWorkspace(({ actions, environment, view }, workspace) => {
      actions.go("environment");
      actions.showService(workspace, nextInTrouble(environment?.services ?? [], view.get().service[workspace] ?? null));
    }),
  },
  ...environmentViews.map((view): Command => ({
    id: `environment.view.${view}`,
    title: `Show environment as ${view}`,
    group: "Environment",
    words: {
      list: "rows",
      graph: "waves critical path",
      steps: "start waterfall time took",
      timeline: "history audit",
    }[view],
    when: hasProject,
    run: ({ actions }) => actions.showEnvironmentAs(view),
  })),
  {
    id: "server.start",
    title: "Start OpenCode server",
    group: "Server",
    when: serverDown,
    run: inWorkspace(({ actions }, workspace) => void actions.startServer(workspace)),
  },
  {
    id: "server.restart",
    title: "Restart OpenCode server",
    group: "Server",
    when: serverOurs,
    run: inWorkspace(({ actions }, workspace) => void actions.restartServer(workspace)),
  },
  {
    id: "server.stop",
    title: "Stop OpenCode server",
    group: "Server",
    words: "let go adopted",
    when: ({ environment }) => !["stopped", "stopping", "gave_up"].includes(environment?.server?.state ?? "stopped"),
    run: inWorkspace(({ actions }, workspace) => void actions.stopServer(workspace)),
  },
  {
    id: "server.keep",
    title: "Keep the OpenCode server running",
    group: "Server",
    words: "plan cancel restart",
    when: (context) => serverUp(context) && (context.environment?.server?.plan ?? null) !== null,
    run: inWorkspace(({ actions }, workspace) => void actions.keepServer(workspace)),
  },
  {
    id: "server.show",
    title: "Show the OpenCode server",
    group: "Server",
    words: "details memory pid address version",
    when: hasProject,
    run: inWorkspace(({ actions }, workspace) => actions.showServer(workspace, true)),
  },
  {
    id: "server.adopt",
    title: "Use an OpenCode server that runs already",
    group: "Server",
    words: "adopt connect attach",
    when: serverDown,
    run: inWorkspace(({ actions }, workspace) => actions.adoptServer(workspace, "")),
  },
  {
    id: "server.logs",
    title: "Show logs of the OpenCode server",
    group: "Server",
    when: hasProject,
    run: inWorkspace(({ actions }, workspace) => actions.showServerLogs(workspace)),
  },
  {
    id: "server.report",
    title: "Copy the last 100 lines of the OpenCode server with the error",
    group: "Server",
    words: "report clipboard logs",
    when: ({ environment }) => environment !== null,
    run: inWorkspace(
      ({ actions, environment }, workspace) =>
        void actions.copyServerReport(workspace, environment?.server ?? stoppedServer),
    ),
  },
  {
    id: "chat.new",
    title: "New session",
    group: "Chat",
    shortcut: "Mod+Shift+O",
    words: "conversation agent",
    when: hasProject,
    run: inWorkspace(({ actions }, workspace) => actions.newSession(workspace)),
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

  {
    id: "logs.find",
    title: "Find in logs",
    group: "Logs",
    shortcut: "Mod+F",
    words: "search",
    when: hasProject,
    run: ({ actions }) => actions.findInLogs(),
  },
  {
    id: "logs.wrap",
    title: "Wrap long lines on or off",
    group: "Logs",
    when: hasProject,
    run: ({ view }) => view.set((state) => ({ wrap: !state.wrap })),
  },
  {
    id: "logs.time",
    title: "Show times on or off",
    group: "Logs",
    words: "timestamps",
    when: hasProject,
    run: ({ view }) => view.set((state) => ({ timestamps: !state.timestamps })),
  },
  {
    id: "logs.all",
    title: "Show logs of all sources",
    group: "Logs",
    when: hasProject,
    run: inWorkspace(({ actions }, workspace) => actions.showLogs(workspace, [])),
  },

  {
    id: "project.open",
    title: "Open folder",
    group: "Project",
    shortcut: "Mod+O",
    words: "add project",
    run: ({ actions, host }) => void actions.openFolder(host?.folderDialog ?? false),
  },
  {
    id: "project.remove",
    title: "Remove project",
    group: "Project",
    when: hasProject,
    run: ({ actions, project }) => project && actions.removeProject(project),
  },
  {
    id: "project.trust",
    title: "Review what may run here",
    group: "Project",
    words: "trust",
    when: hasProject,
    run: inWorkspace(({ actions }, workspace) => actions.reviewTrust(workspace)),
  },
  {
    id: "project.distrust",
    title: "Take back trust in this folder",
    group: "Project",
    words: "revoke",
    when: ({ project }) => project?.trusted ?? false,
    run: inWorkspace(({ actions }, workspace) => void actions.revokeTrust(workspace)),
  },

  {
    id: "theme.system",
    title: "Theme: follow the system",
    group: "Appearance",
    run: ({ actions }) => void actions.changeSettings({ theme: "system" }),
  },
  {
    id: "theme.light",
    title: "Theme: light",
    group: "Appearance",
    run: ({ actions }) => void actions.changeSettings({ theme: "light" }),
  },
  {
    id: "theme.dark",
    title: "Theme: dark",
    group: "Appearance",
    run: ({ actions }) => void actions.changeSettings({ theme: "dark" }),
  },

  {
    id: "notifications",
    title: "Notifications on or off",
    group: "Deckhand",
    words: "desktop alerts failures recovery",
    when: ({ host, settings }) => host?.kind === "desktop" && settings !== null,
    run: ({ actions, settings }) => void actions.changeSettings({ notifications: !(settings?.notifications ?? true) }),
  },
  {
    id: "settings",
    title: "Settings",
    group: "Deckhand",
    shortcut: "Mod+,",
    words: "preferences server port memory limit idle debug environment variables",
    run: ({ view }) => view.set({ dialog: { kind: "settings" } }),
  },
  {
    id: "palette",
    title: "Show all commands",
    group: "Deckhand",
    shortcut: "Mod+K",
    run: ({ view }) => view.set((state) => ({ palette: !state.palette })),
  },
  {
    id: "host.stop",
    title: "Stop everything and end Deckhand",
    group: "Deckhand",
    words: "quit exit",
    run: ({ actions }) => actions.stopHost(),
  },
];

/** The chosen session, or another one, that is at work. */
function busySession({ chat, view, project }: CommandContext) {
  const busy = chat?.sessions.filter((session) => session.status.type !== "idle") ?? [];
  const chosen = project ? view.get().session[project.workspace] : null;
  return busy.find((session) => session.id === chosen) ?? busy[0] ?? null;
}

/** The command whose key this is, if it makes sense now. */
export function commandFor(context: CommandContext, matches: (shortcut: string) => boolean): Command | null {
  return (
    commands.find((command) => command.shortcut && matches(command.shortcut) && (command.when?.(context) ?? true)) ??
    null
  );
}
