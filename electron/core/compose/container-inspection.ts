import type { ContainerState } from "./container-watch.ts";

/** What `docker inspect --format "{{.Id}}\t{{.RestartCount}}\t{{json .State}}"` prints, by id. */
export function parseInspection(text: string): ReadonlyMap<string, ContainerState> {
  const states = new Map<string, ContainerState>();
  for (const line of text.split("\n")) {
    const [id = "", restarts = "", state = ""] = line.split("\t");
    if (id !== "" && state.startsWith("{")) states.set(id, parseState(state, Number(restarts)));
  }
  return states;
}

function parseState(text: string, restarts: number): ContainerState {
  const state = JSON.parse(text) as {
    Running?: boolean;
    Restarting?: boolean;
    ExitCode?: number;
    Health?: { Status?: string };
  };
  const status = state.Health?.Status;
  return {
    running: state.Running === true,
    restarting: state.Restarting === true,
    exitCode: state.ExitCode ?? 0,
    health: status === "starting" || status === "healthy" || status === "unhealthy" ? status : "none",
    restarts: Number.isInteger(restarts) ? restarts : 0,
  };
}
