import { Boxes, FolderPlus, MessagesSquare, Plus, ScrollText, Settings, X } from "lucide-react";
import type { ComponentType } from "react";
import type { Project } from "#shared/schema/workspace.ts";
import { useLive } from "../ipc/live.ts";
import { IconButton } from "../ui/button.tsx";
import { environmentLook } from "../ui/state.ts";
import { StateShape } from "../ui/state-mark.tsx";
import { useActions, useApp, usePending, useView } from "../view/app.ts";
import { useProjects } from "../view/projects.ts";
import type { Page } from "../view/view.ts";

const pages: readonly { page: Page; name: string; Icon: ComponentType<{ className?: string }> }[] = [
  { page: "environment", name: "Environment", Icon: Boxes },
  { page: "logs", name: "Logs", Icon: ScrollText },
  { page: "chat", name: "Chat", Icon: MessagesSquare },
];

/** Projects with the state of their environment; under the chosen one its three places. */
export function Sidebar() {
  const { view } = useApp();
  const actions = useActions();
  const { projects, current } = useProjects();
  const { item: host } = useLive("host.watch", {});
  const open = () => void actions.openFolder(host?.folderDialog ?? false);
  const pending = usePending("pick");
  return (
    <nav aria-label="Projects" className="flex h-full flex-col bg-side select-none">
      <div className="flex h-11 shrink-0 items-center justify-between pr-2 pl-4">
        <h2 className="text-sm font-medium text-muted">Projects</h2>
        <IconButton label="Open folder" pending={pending} onClick={open}>
          <Plus />
        </IconButton>
      </div>
      <ul className="min-h-0 flex-1 overflow-y-auto px-2 pb-2">
        {projects.map((project) => (
          <ProjectEntry key={project.id} project={project} current={project.id === current?.id} />
        ))}
        {projects.length === 0 && (
          <li>
            <button
              type="button"
              onClick={open}
              className="flex h-8 w-full items-center gap-2 rounded-md px-2 text-muted hover:bg-hover hover:text-text"
            >
              <FolderPlus className="size-3.5" aria-hidden="true" /> Open a folder…
            </button>
          </li>
        )}
      </ul>
      <div className="shrink-0 p-2">
        <button
          type="button"
          onClick={() => view.set({ dialog: { kind: "settings" } })}
          className="flex h-8 w-full items-center gap-2 rounded-md px-2 text-muted hover:bg-hover hover:text-text"
        >
          <Settings className="size-3.5" aria-hidden="true" /> Settings
        </button>
      </div>
    </nav>
  );
}

function ProjectEntry({ project, current }: { project: Project; current: boolean }) {
  const actions = useActions();
  const page = useView((view) => view.page);
  const { item } = useLive("environment.watch", { workspace: project.workspace });
  const { item: chat } = useLive("chat.watch", current ? { workspace: project.workspace } : null);
  const look = item ? environmentLook(item.phase) : null;
  const asks = chat ? chat.permissions.length + chat.questions.length : 0;
  // What was only skipped because of another's failure is no trouble of its own.
  const failed =
    item?.services.filter(({ failure }) => failure !== null && failure.code !== "dependency_failed").length ?? 0;
  return (
    <li className="mb-1">
      <div className="group relative flex items-center rounded-md hover:bg-hover">
        <button
          type="button"
          aria-label={`Project ${project.name}, ${look?.word.toLowerCase() ?? "state unknown"}`}
          aria-expanded={current}
          title={project.directory}
          onClick={() => actions.go(page, project.id)}
          className="flex h-8 min-w-0 flex-1 items-center gap-2 rounded-md px-2 text-left"
        >
          {look ? <StateShape look={look} /> : <span className="size-3" />}
          <span className={`min-w-0 flex-1 truncate ${current ? "font-semibold" : ""}`}>{project.name}</span>
          {item && look && (
            <span className="text-xs text-muted tabular-nums group-focus-within:hidden group-hover:hidden">
              {item.phase === "starting"
                ? `${item.services.filter((service) => service.ready).length} of ${item.services.length}`
                : look.word}
            </span>
          )}
        </button>
        <IconButton
          label={`Remove project ${project.name}`}
          className="absolute right-1 opacity-0 group-hover:opacity-100 focus-visible:opacity-100"
          onClick={() => actions.removeProject(project)}
        >
          <X />
        </IconButton>
      </div>
      {current && (
        <ul className="mt-0.5 mb-2" aria-label={`Places of ${project.name}`}>
          {pages.map(({ page: place, name, Icon }) => (
            <li key={place}>
              <a
                href={`#${place}`}
                aria-current={page === place ? "page" : undefined}
                aria-label={name}
                onClick={(event) => {
                  event.preventDefault();
                  actions.go(place);
                }}
                className="flex h-7 items-center gap-2 rounded-md pr-2 pl-7 text-muted hover:bg-hover hover:text-text aria-[current]:bg-selected aria-[current]:text-text"
              >
                <Icon className="size-3.5 shrink-0" aria-hidden="true" />
                <span className="flex-1">{name}</span>
                {place === "environment" && failed > 0 && (
                  <Count tone="text-bad" label={`${failed} in trouble`} count={failed} />
                )}
                {place === "chat" && asks > 0 && (
                  <Count tone="text-busy" label={`${asks} waiting for you`} count={asks} />
                )}
              </a>
            </li>
          ))}
        </ul>
      )}
    </li>
  );
}

function Count({ tone, label, count }: { tone: string; label: string; count: number }) {
  return (
    <span className={`text-xs font-medium tabular-nums ${tone}`} title={label} role="img" aria-label={label}>
      {count}
    </span>
  );
}
