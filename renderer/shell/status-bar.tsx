import { useLive } from "../ipc/live.ts";
import { environmentLook, serverLook } from "../ui/state.ts";
import { StateShape } from "../ui/state-mark.tsx";
import { useApp } from "../view/app.ts";
import { useProjects } from "../view/projects.ts";
import { showShortcut } from "./shortcut.ts";
import { useConnectionState } from "./connection-state.tsx";

const connections = { connecting: "Connecting…", open: null, lost: "Reconnecting…", closed: "Not connected" } as const;

const plans = { restart: "restart planned", stop: "stop planned" } as const;

/** One line at the foot: the chosen project's state in words, the host, and the key that leads to everything. */
export function StatusBar() {
  const { actions, view, platform } = useApp();
  const { current } = useProjects();
  const connection = connections[useConnectionState()];
  const { item: host } = useLive("host.watch", {});
  const { item: environment } = useLive("environment.watch", current ? { workspace: current.workspace } : null);
  const ready = environment?.services.filter((service) => service.ready).length ?? 0;
  return (
    <footer
      aria-label="Status bar"
      className="flex h-6 shrink-0 items-center gap-4 border-t border-line bg-side px-3 text-xs text-muted tabular-nums"
    >
      {environment && (
        <>
          <span className="flex items-center gap-1.5">
            <StateShape look={environmentLook(environment.phase)} />
            Environment {environmentLook(environment.phase).word.toLowerCase()}
            {environment.services.length > 0 && ` · ${ready} of ${environment.services.length} ready`}
          </span>
          {environment.server && (
            <button
              type="button"
              title="Show the OpenCode server"
              className="flex items-center gap-1.5 rounded-sm hover:text-text"
              onClick={() => actions.showServer(environment.workspace, true)}
            >
              <StateShape look={serverLook(environment.server.state)} />
              OpenCode {serverLook(environment.server.state).word.toLowerCase()}
              {environment.server.plan && `, ${plans[environment.server.plan.action]}`}
            </button>
          )}
        </>
      )}
      <span className="ml-auto">{connection ?? (host ? `Deckhand ${host.version}` : "")}</span>
      <button
        type="button"
        className="rounded-sm px-1 hover:bg-hover hover:text-text"
        onClick={() => view.set({ palette: true })}
      >
        Commands <kbd className="ml-1 font-sans">{showShortcut("Mod+K", platform.mac)}</kbd>
      </button>
    </footer>
  );
}
