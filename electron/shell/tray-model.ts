/** What the tray shows, as data. Drawing it is tray.ts's. */
import type { EnvironmentPhase, EnvironmentStatus } from "#shared/schema/environment.ts";
import type { WorkspaceId } from "#shared/schema/id.ts";
import type { ServerStatus } from "#shared/schema/server.ts";
import type { Project } from "#shared/schema/workspace.ts";
import { assertNever } from "../core/lib/error.ts";

export type TrayAction =
  | { readonly kind: "open" }
  | { readonly kind: "start"; readonly workspace: WorkspaceId }
  | { readonly kind: "stop"; readonly workspace: WorkspaceId }
  | { readonly kind: "quit" };

export type TrayItem =
  | { readonly kind: "separator" }
  | { readonly kind: "text"; readonly label: string }
  | { readonly kind: "action"; readonly label: string; readonly action: TrayAction };

export interface TrayModel {
  readonly tooltip: string;
  readonly items: readonly TrayItem[];
}

/** A menu longer than this cannot be read; the rest is in the window. */
const MAX_PROJECTS = 12;
const MAX_NAME = 40;

/** A state as shape and word; colour alone would be no message, and a menu has none. */
export function describePhase(phase: EnvironmentPhase): string {
  switch (phase) {
    case "stopped":
      return "○ Stopped";
    case "starting":
      return "◐ Starting";
    case "ready":
      return "● Ready";
    case "degraded":
      return "▲ Degraded";
    case "stopping":
      return "◐ Stopping";
    case "failed":
      return "▲ Failed";
    default:
      return assertNever(phase, "environment phase");
  }
}

/** The OpenCode server where a person should know of it; null while it is well, or meant to be away. */
export function describeServer(server: ServerStatus | null): string | null {
  if (server === null) return null;
  switch (server.state) {
    case "degraded":
      return "▲ Degraded";
    case "auth":
      return "▲ Locked out";
    case "crashed":
      return "▲ Crashed";
    case "gave_up":
      return "▲ Gave up";
    case "running":
      return server.plan === null ? null : server.plan.action === "stop" ? "◐ Stops soon" : "◐ Restarts soon";
    case "stopped":
    case "starting":
    case "waiting_ready":
    case "stopping":
      return null;
    default:
      return assertNever(server.state, "server state");
  }
}

export function trayModel(projects: readonly Project[], environments: readonly EnvironmentStatus[]): TrayModel {
  const statusOf = new Map(environments.map((environment) => [environment.workspace, environment]));
  const shown = projects.slice(0, MAX_PROJECTS);
  const items: TrayItem[] = [
    { kind: "action", label: "Open Deckhand", action: { kind: "open" } },
    { kind: "separator" },
  ];
  for (const project of shown) items.push(...projectItems(project, statusOf.get(project.workspace)));
  if (projects.length > shown.length) {
    items.push({ kind: "text", label: `${projects.length - shown.length} more in the window` }, { kind: "separator" });
  }
  if (projects.length === 0) items.push({ kind: "text", label: "No project is open" }, { kind: "separator" });
  items.push({ kind: "action", label: "Quit Deckhand", action: { kind: "quit" } });
  return { tooltip: tooltip(environments), items };
}

function projectItems(project: Project, status: EnvironmentStatus | undefined): TrayItem[] {
  const phase = status?.phase ?? "stopped";
  const items: TrayItem[] = [{ kind: "text", label: `${plainName(project.name)}: ${describePhase(phase)}` }];
  const { workspace } = project;
  const trouble = describeServer(status?.server ?? null);
  // Why, and what to do about it, is more than a menu can say.
  if (trouble !== null) items.push({ kind: "action", label: `OpenCode: ${trouble}…`, action: { kind: "open" } });
  if (!project.trusted) {
    // What would run has to be read first, and a menu is no place to read it.
    items.push({ kind: "action", label: "Review and start…", action: { kind: "open" } });
  } else if (phase === "stopped" || phase === "failed") {
    items.push({ kind: "action", label: "Start", action: { kind: "start", workspace } });
  }
  if (phase !== "stopped" && phase !== "stopping") {
    items.push({ kind: "action", label: "Stop", action: { kind: "stop", workspace } });
  }
  return [...items, { kind: "separator" }];
}

function tooltip(environments: readonly EnvironmentStatus[]): string {
  const count = (...phases: EnvironmentPhase[]) => environments.filter(({ phase }) => phases.includes(phase)).length;
  const ready = environments.filter((each) => each.phase === "ready" && !isInTrouble(each)).length;
  const parts = [
    [ready, "ready"],
    [count("starting", "stopping"), "changing"],
    [environments.filter(isInTrouble).length, "in trouble"],
  ] as const;
  const told = parts.filter(([number]) => number > 0).map(([number, word]) => `${number} ${word}`);
  return told.length === 0 ? "Deckhand: nothing runs" : `Deckhand: ${told.join(", ")}`;
}

function isInTrouble({ phase, server }: EnvironmentStatus): boolean {
  return phase === "degraded" || phase === "failed" || (describeServer(server)?.startsWith("▲") ?? false);
}

/**
 * A folder's name fit for a native menu: no control or direction characters, one line, of bounded length. `&` is doubled,
 * since menus outside macOS take a single one for the mark of a shortcut.
 */
export function plainName(name: string): string {
  const visible = Array.from(name.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, ""));
  const short = visible.length > MAX_NAME ? `${visible.slice(0, MAX_NAME - 1).join("")}…` : visible.join("");
  return short.trim() === "" ? "(no name)" : short.replaceAll("&", "&&");
}
