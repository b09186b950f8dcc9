import type { Project } from "#shared/schema/workspace.ts";
import { useLive } from "../ipc/live.ts";
import { useView } from "./app.ts";

const none: Project[] = [];

/** The opened projects and the chosen one: what was chosen, else the first. `loaded` is false until anything is known. */
export function useProjects(): { projects: Project[]; current: Project | null; loaded: boolean } {
  const { item } = useLive("project.watch", {});
  const chosen = useView((view) => view.project);
  const projects = item ?? none;
  return {
    projects,
    current: projects.find((project) => project.id === chosen) ?? projects[0] ?? null,
    loaded: item !== null,
  };
}
