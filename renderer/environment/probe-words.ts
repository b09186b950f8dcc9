/** Probes and conditions as people say them. */
import type { DependencyCondition, ProbeSpec } from "#shared/schema/service.ts";

export function probeWords(probe: ProbeSpec): string {
  switch (probe.kind) {
    case "tcp":
      return `Port ${probe.port} takes connections`;
    case "http":
      return `GET ${probe.url} answers ${probe.status ?? "200 to 399"}`;
    case "log":
      return `Its log shows ${probe.pattern}`;
    case "exec":
      return `${probe.command.join(" ")} ends with 0`;
    case "notify":
      return "It says so itself (READY=1)";
    case "compose":
      return probe.healthcheck ? "Docker’s health check of it" : "Its container runs";
  }
}

export function conditionWord(condition: DependencyCondition): string {
  switch (condition) {
    case "service_started":
      return "started";
    case "service_healthy":
      return "healthy";
    case "service_completed_successfully":
      return "done";
    case "service_completed":
      return "ended";
    case "service_log_ready":
      return "announced by its log";
  }
}
