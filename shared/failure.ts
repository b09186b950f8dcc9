import { z } from "zod";

/**
 * Every kind of expected trouble, one code each. The list is closed: a screen, the command line and an agent can decide by
 * code alone. Add a code here with its sentence before throwing it.
 */
export const failureCodes = {
  // The contract's edge
  bad_input: "The input does not fit the schema of the call.",
  forbidden: "The caller is not the one this call is for.",
  unknown_call: "No procedure or stream has that name.",
  internal: "A fault of ours; the log of the host has the details.",
  cancelled: "The caller, or the shutdown of the host, ended it first.",
  timeout: "It did not finish within its deadline.",
  unavailable: "This host cannot do that (for example, no folder dialog without a desktop).",
  not_found: "The thing named does not exist (any more).",
  // Folders, trust
  folder_missing: "There is nothing at that path.",
  not_a_folder: "The path is a file.",
  folder_unreadable: "The folder cannot be read.",
  not_trusted: "The folder would run commands and nobody has approved them.",
  trust_changed: "What would run differs from what was on screen when it was approved.",
  // Environment
  no_services: "Nothing to run was found in the folder.",
  plan_invalid: "The services of the folder cannot be put in order; the problems say why.",
  config_changed: "The file differs from what was on screen when it was to be written.",
  config_unwritable: "The file that says what runs cannot be written.",
  unknown_service: "No service of the environment has that name.",
  port_in_use: "A port that the service needs is held by another process.",
  command_missing: "The program of the command does not exist or may not be run.",
  spawn_failed: "The operating system refused to start the process.",
  service_exited: "The service ended although it was wanted.",
  task_failed: "The task ended with an error.",
  not_ready: "The service did not become ready within its deadline.",
  not_alive: "The liveness probe of the service fails.",
  limit_exceeded: "The service used more memory or CPU than its limit allows.",
  hook_failed: "A command that belongs to the start of the service failed.",
  dependency_failed: "A service this one needs has failed.",
  docker_missing: "No docker command was found.",
  docker_stopped: "The Docker engine does not answer.",
  compose_failed: "docker compose ended with an error.",
  // OpenCode
  opencode_missing: "No OpenCode binary was found.",
  opencode_not_executable: "The OpenCode binary may not be run.",
  opencode_too_old: "The OpenCode binary is older than the oldest version supported.",
  opencode_exited: "The server ended before it was ready, or while it was wanted.",
  opencode_no_port: "The server did not say, or not in a way that can be read, on which port it listens.",
  opencode_start_timeout: "The server was not ready within its deadline.",
  opencode_no_events: "The server listens and answers, but its event stream cannot be connected.",
  opencode_settings: "The settings of servers cannot be used as they are.",
  opencode_log_file: "The log file named in the settings cannot be written.",
  opencode_environment: "The environment of the server could not be prepared.",
  opencode_running: "A server runs already where this one was to be.",
  opencode_kill_timeout: "Processes of the server could not be ended.",
  opencode_memory: "The server uses more memory than its limit.",
  opencode_cpu: "A process of the server has been busy for long although no turn runs.",
  opencode_update: "A newer OpenCode exists.",
  opencode_unsafe: "The server answers without its password, or listens beyond loopback.",
  opencode_auth: "The server refused our password.",
  opencode_unreachable: "The server does not answer.",
  opencode_config: "OpenCode's configuration in the folder cannot be read.",
  opencode_error: "The server answered with an error.",
  session_missing: "The server knows no session with that id.",
  turn_failed: "The turn ended in an error.",
  // Hosts and state
  state_unreadable: "A file of ours was damaged; it was set aside and a fresh one started.",
  state_unwritable: "State cannot be written to disk.",
  host_running: "Another host owns this home.",
  host_missing: "No host runs for this home.",
  host_refused: "The host did not accept the connection.",
} as const;

export type FailureCode = keyof typeof failureCodes;

/** A failure as data: the same object on screen, in the command line's `--json`, and in what an agent is told. */
export const failureSchema = z.object({
  code: z.enum(Object.keys(failureCodes) as [FailureCode, ...FailureCode[]]),
  /** What was tried, with what, and why it failed; one sentence. */
  message: z.string(),
  /** The next step a person can take; one sentence. Null where there is none. */
  next: z.string().nullable(),
  /** Facts that help (last output lines, a path, the problems found); JSON-safe. */
  details: z.record(z.string(), z.unknown()),
});
export type Failure = z.infer<typeof failureSchema>;

/** These failures of a start are somebody else's: the service is blocked, not broken. */
export const blockingFailures: ReadonlySet<FailureCode> = new Set<FailureCode>([
  "port_in_use",
  "docker_missing",
  "docker_stopped",
  "not_trusted",
]);
