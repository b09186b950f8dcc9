/** What a person can do about a failure here and now, as buttons. The sentence of the failure says it; these do it. */
import type { FailureCode } from "#shared/failure.ts";

export type Remedy = "retry" | "logs" | "review-trust" | "settings" | "adopt";

/** The buttons of a failed service or server, the most useful first. */
export function remediesFor(code: FailureCode): readonly Remedy[] {
  switch (code) {
    case "not_trusted":
    case "trust_changed":
      return ["review-trust"];
    case "opencode_missing":
    case "opencode_not_executable":
    case "opencode_too_old":
    case "opencode_settings":
    case "opencode_log_file":
      return ["settings", "retry"];
    case "opencode_running":
      return ["adopt", "settings", "retry"];
    case "opencode_memory":
      return ["retry", "settings"];
    case "opencode_update":
      return ["settings"];
    case "port_in_use":
    case "docker_missing":
    case "docker_stopped":
    case "command_missing":
    case "opencode_config":
    case "opencode_cpu":
      return ["retry"];
    case "dependency_failed":
      // Its own log is empty; the cause is in the service it needs, which has a row with buttons of its own.
      return [];
    case "plan_invalid":
    case "no_services":
      return [];
    default:
      return ["retry", "logs"];
  }
}
