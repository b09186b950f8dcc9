import { useLive } from "../ipc/live.ts";
import { useApp } from "../view/app.ts";
import { useProjects } from "../view/projects.ts";
import type { CommandContext } from "./command.ts";

/** What commands look at, from the pushed states. */
export function useCommandContext(): CommandContext {
  const { actions, view } = useApp();
  const { projects, current } = useProjects();
  const input = current ? { workspace: current.workspace } : null;
  return {
    actions,
    view,
    projects,
    project: current,
    host: useLive("host.watch", {}).item,
    settings: useLive("settings.watch", {}).item,
    environment: useLive("environment.watch", input).item,
    chat: useLive("chat.watch", input).item,
  };
}
