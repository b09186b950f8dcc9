/** Believable OpenCode servers in every state. */
import type { Failure } from "#shared/failure.ts";
import { stoppedServer, type ServerSample, type ServerStatus, type SharedServer } from "#shared/schema/server.ts";

const MB = 1_048_576;

export const runningServer: ServerStatus = {
  ...stoppedServer,
  state: "running",
  url: "http://127.0.0.1:41233",
  pid: 4_188,
  port: 41_233,
  version: "1.18.33",
  protocol: 1,
  uptimeMs: 802_000,
  startupMs: 1_430,
  memoryBytes: 318 * MB,
  cpuPercent: 2.4,
  generation: 1,
  events: 1_204,
  eventsPerSecond: 3.2,
  lastEventAt: new Date(Date.now() - 4_000).toISOString(),
};

const failure = (
  code: Failure["code"],
  message: string,
  next: string | null,
  details: Failure["details"] = {},
): Failure => ({ code, message, next, details });

const stackLines = [
  "INFO  2026-11-21T07:44:10 +3ms service=server listening on http://127.0.0.1:41233",
  "ERROR 2026-11-21T07:44:12 +2041ms service=mcp name=files spawn npx ENOENT",
  "TypeError: undefined is not an object (evaluating 'config.provider.models')",
  "      at resolve (/$bunfs/root/src/provider/provider.ts:412:31)",
  "      at async init (/$bunfs/root/src/project/instance.ts:58:9)",
];

/** A server for a scenario of the name `server-…`; null for any other. */
export function serverOf(scenario: string): ServerStatus | null {
  switch (scenario) {
    case "server-degraded":
      return {
        ...runningServer,
        state: "degraded",
        failure: failure(
          "opencode_unreachable",
          "The event stream has sent nothing for 31 s, though health checks are answered.",
          "It is connected again by itself; a turn that runs goes on.",
        ),
      };
    case "server-auth":
      return {
        ...runningServer,
        state: "auth",
        failure: failure(
          "opencode_auth",
          "http://127.0.0.1:41233 refuses our password (401), although it accepted it before.",
          "Restart the server; if another program took its port, stop that first.",
        ),
      };
    case "server-crashed":
      return {
        ...stoppedServer,
        state: "crashed",
        restarts: 2,
        generation: 3,
        failure: failure(
          "opencode_exited",
          "OpenCode ended by itself (signal SIGSEGV).",
          "It is started again in a moment.",
          { stdout: stackLines.slice(0, 1), stderr: stackLines.slice(1) },
        ),
        plan: { action: "restart", reason: "It crashed (2 of 3 in 5 minutes).", at: soon(4) },
      };
    case "server-gave-up":
      return {
        ...stoppedServer,
        state: "gave_up",
        restarts: 3,
        generation: 4,
        failure: failure(
          "opencode_exited",
          "OpenCode crashed 3 times in 5 minutes, last with code 1: TypeError: undefined is not an object.",
          "Read its last lines, mend the cause, then start it.",
          { stdout: stackLines.slice(0, 1), stderr: stackLines.slice(1), code: 1, signal: null },
        ),
      };
    case "server-running-elsewhere":
      return {
        ...stoppedServer,
        state: "crashed",
        failure: failure(
          "opencode_running",
          "Another OpenCode server (pid 812) listens on 127.0.0.1:4096, where this one was to be.",
          "Use that one, or choose another port in the settings.",
          { url: "http://127.0.0.1:4096" },
        ),
      };
    case "server-plan":
      return {
        ...runningServer,
        plan: { action: "restart", reason: "Three health checks in a row failed while a turn runs.", at: soon(42) },
      };
    case "server-plan-later":
      return {
        ...runningServer,
        memoryBytes: 2_140 * MB,
        plan: { action: "restart", reason: "It uses more memory than its limit of 2 GB.", at: null },
        notices: [memoryNotice],
      };
    case "server-notices":
      return {
        ...runningServer,
        memoryBytes: 2_140 * MB,
        cpuPercent: 99.4,
        notices: [
          memoryNotice,
          failure(
            "opencode_cpu",
            "Process 4201 (rg --files) of the server has been at 99 % of a core for 5 minutes, though no turn runs.",
            "Restart the server if that is not wanted.",
          ),
          failure("opencode_update", "OpenCode 1.19.2 exists; this is 1.18.33.", "Update it when no turn runs.", {
            version: "1.19.2",
          }),
          failure(
            "opencode_config",
            "OpenCode's configuration cannot be read: expected “,” after a property.",
            "Mend the file, then restart the server.",
            { file: "opencode.json", line: 7, column: 3 },
          ),
        ],
      };
    case "server-adopted":
      return {
        ...runningServer,
        ownership: "adopted",
        url: "http://127.0.0.1:4096",
        port: 4_096,
        pid: null,
        startupMs: null,
        memoryBytes: null,
        cpuPercent: null,
        version: "2.0.4",
        protocol: 2,
      };
    case "server-shared":
    case "server-shared-gone":
    case "server-shared-refused":
      return stoppedServer;
    case "server-idle-stopped":
      return { ...stoppedServer, generation: 2 };
    default:
      return null;
  }
}

/** What is registered as OpenCode 2's shared server. */
export function sharedServerOf(scenario: string): SharedServer {
  switch (scenario) {
    case "server-shared":
    case "server-shared-gone":
      return { kind: "found", url: "http://127.0.0.1:38117", pid: 2_207, version: "2.0.12" };
    case "server-shared-refused":
      return {
        kind: "refused",
        reason: "/home/kim/.local/state/opencode/service.json can be read or changed by others.",
      };
    default:
      return { kind: "none" };
  }
}

const memoryNotice = failure(
  "opencode_memory",
  "The server uses 2.1 GB; its limit is 2 GB.",
  "It is restarted as soon as no turn runs.",
);

function soon(seconds: number): string {
  return new Date(Date.now() + seconds * 1_000).toISOString();
}

/** Half an hour of readings, as a server that grows slowly gives them. */
export function historyOf(server: ServerStatus, count = 180): ServerSample[] {
  const now = Date.now();
  const end = server.memoryBytes ?? 0;
  return Array.from({ length: count }, (_, index) => ({
    at: now - (count - index) * 10_000,
    memoryBytes: Math.round(end * (0.62 + (0.38 * index) / count) + 9 * MB * Math.sin(index / 5) ** 2),
    cpuPercent: 2 + 3 * Math.abs(Math.sin(index / 11)),
    eventsPerSecond: 3,
  }));
}
