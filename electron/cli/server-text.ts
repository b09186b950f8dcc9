/** A server's status in words: all facts for a person who asks, one line for one who watches. */
import { isServerUp, type ServerState, type ServerStatus } from "#shared/schema/server.ts";
import { formatDuration } from "../core/lib/deadline.ts";
import type { CommandContext } from "./command.ts";
import { formatBytes } from "./format-bytes.ts";

/** Shape and word together, as everywhere: colour alone is never the message. */
export const serverStates: Readonly<Record<ServerState, string>> = {
  stopped: "○ stopped",
  starting: "◐ starting",
  waiting_ready: "◐ waiting until it is ready",
  running: "● running",
  degraded: "▲ degraded",
  auth: "▲ locked out",
  stopping: "◐ stopping",
  crashed: "▲ crashed",
  gave_up: "▲ gave up",
};

/** Name and value of everything known; what is not known is left out. `now` in ms since the epoch. */
export function serverFacts(server: ServerStatus, now: number): [name: string, value: string][] {
  const up = isServerUp(server.state);
  const facts: [string, string | null][] = [
    ["state", serverStates[server.state]],
    ["since", server.since],
    ["why", server.failure?.message ?? null],
    ["next", server.failure?.next ?? null],
    ["plan", server.plan === null ? null : planText(server.plan, up, now)],
    ["address", server.url],
    ["port", server.port === null ? null : String(server.port)],
    ["pid", server.pid === null ? null : String(server.pid)],
    ["version", server.version],
    ["protocol", server.protocol === null ? null : String(server.protocol)],
    ["owner", server.ownership === "adopted" ? "somebody else (adopted; Deckhand never ends it)" : "Deckhand"],
    ["uptime", server.uptimeMs === null ? null : formatDuration(server.uptimeMs)],
    ["startup", server.startupMs === null ? null : `ready after ${formatDuration(server.startupMs)}`],
    ["memory", server.memoryBytes === null ? null : formatBytes(server.memoryBytes)],
    ["cpu", server.cpuPercent === null ? null : `${server.cpuPercent.toFixed(1)} % of a core`],
    ["restarts", String(server.restarts)],
    ["generation", String(server.generation)],
    ["events", up ? eventsText(server, now) : null],
    ...server.notices.map((notice): [string, string] => ["notice", [notice.message, notice.next].join(" ").trim()]),
  ];
  return facts.filter((fact): fact is [string, string] => fact[1] !== null);
}

/** The facts as the result of a command. Null: none was ever wanted in the folder. */
export function printServer({ output }: Pick<CommandContext, "output">, server: ServerStatus | null): void {
  if (server === null) return output.line("No server was started for this folder.");
  for (const [name, value] of serverFacts(server, Date.now())) output.line(`${name.padEnd(10)} ${value}`);
}

/** What changes from moment to moment, on one line. */
export function liveLine(server: ServerStatus, now: number): string {
  const parts = [
    serverStates[server.state],
    server.pid === null ? null : `pid ${server.pid}`,
    server.uptimeMs === null ? null : `up ${formatDuration(server.uptimeMs)}`,
    server.memoryBytes === null ? null : formatBytes(server.memoryBytes),
    server.cpuPercent === null ? null : `${server.cpuPercent.toFixed(1)} %`,
    isServerUp(server.state) ? eventsText(server, now) : null,
    server.restarts === 0 ? null : `${server.restarts} restarts`,
    server.plan === null ? null : planText(server.plan, isServerUp(server.state), now),
    server.failure?.message ?? null,
  ];
  return parts.filter((part) => part !== null).join("  ");
}

/** Where a pipe gets a line: what a person would call a change, not each new figure. */
export function turningPoint(server: ServerStatus): string {
  const { state, pid, url, restarts, generation, plan, failure, notices } = server;
  return JSON.stringify([
    state,
    pid,
    url,
    restarts,
    generation,
    plan,
    failure?.message,
    notices.map(({ code }) => code),
  ]);
}

function eventsText(server: ServerStatus, now: number): string {
  const last =
    server.lastEventAt === null
      ? ""
      : `, last ${formatDuration(Math.max(0, now - Date.parse(server.lastEventAt)))} ago`;
  return `${server.events} events (${server.eventsPerSecond.toFixed(1)}/s${last})`;
}

function planText(plan: NonNullable<ServerStatus["plan"]>, up: boolean, now: number): string {
  const what = plan.action === "stop" ? "stops" : up ? "restarts" : "starts again";
  const left = plan.at === null ? null : Date.parse(plan.at) - now;
  const when = left === null ? "as soon as no turn runs" : left <= 0 ? "now" : `in ${formatDuration(left)}`;
  return `${what} ${when}: ${plan.reason}`;
}
