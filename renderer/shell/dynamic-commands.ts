import type { Command, CommandContext } from "./command.ts";

/** Commands that exist because of what is there now: one set for each project, service, link and session. */
export function dynamicCommands(context: CommandContext): Command[] {
  const { project, projects, environment, chat } = context;
  const found: Command[] = [];
  for (const other of projects) {
    if (other.id === project?.id) continue;
    found.push({
      id: `project:${other.id}`,
      title: `Go to project ${other.name}`,
      group: "Project",
      words: other.directory,
      run: ({ actions }) => actions.go(context.view.get().page, other.id),
    });
  }
  if (!project) return found;
  const { workspace } = project;
  for (const { name, url, desired } of environment?.services ?? []) {
    const one = (id: string, title: string, run: Command["run"]) =>
      found.push({ id: `service:${name}:${id}`, title: `${title} ${name}`, group: "Services", run });
    one("show", "Show", ({ actions }) => {
      actions.go("environment");
      actions.showService(workspace, name);
    });
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
