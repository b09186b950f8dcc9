/** What a process-compose.yaml may say, with its own names and defaults. */
import { argument, shellOrArgv } from "../config/command-form.ts";
import { dependsOnForm } from "../config/dependency-form.ts";
import { environmentForm } from "../config/environment-form.ts";
import {
  byShape,
  keys,
  listOf,
  mapOf,
  mapped,
  oneOrMore,
  scalar,
  text,
  wholeNumber,
  words,
  type Form,
  type Read,
} from "../config/form.ts";
import { probeForm } from "../config/probe-form.ts";
import { duration, signal } from "../config/units.ts";

const anything: Form<true> = { says: "anything", schema: {}, read: () => true };

/** Quoted or not: `is_disabled` is a text there. */
const looseFlag = scalar("`true` or `false`", { type: ["boolean", "string"] }, (value) => {
  const written = String(value).toLowerCase();
  return written === "true" ? true : written === "false" || written === "" ? false : undefined;
});

const count = wholeNumber(0, 1_000_000);

const watchPath = byShape<string>("a path", {
  single: text("a path"),
  map: mapped(
    keys(
      "a watched path",
      {
        path: text("a path"),
        recursive: anything,
        include: anything,
        exclude: anything,
        ignore: anything,
        extensions: anything,
      },
      { required: ["path"] },
    ),
    ({ path }) => path,
  ),
});

export const processForm = keys("a process", {
  command: text("a shell line"),
  entrypoint: listOf(argument),
  args: listOf(argument),
  description: text(),
  disabled: looseFlag,
  is_disabled: looseFlag,
  is_daemon: looseFlag,
  is_foreground: looseFlag,
  is_tty: anything,
  is_elevated: looseFlag,
  is_interactive: anything,
  is_dotenv_disabled: looseFlag,
  is_template_disabled: looseFlag,
  disable_ansi_colors: anything,
  launch_timeout_seconds: anything,
  truncate_log: anything,
  log_configuration: anything,
  log_location: text("a file"),
  monitor_for: anything,
  monitor_silence_threshold: anything,
  environment: environmentForm,
  env_file: text("a file"),
  working_dir: text("a folder"),
  namespace: oneOrMore(text("a namespace")),
  replicas: wholeNumber(0, 100),
  vars: mapOf(argument),
  depends_on: dependsOnForm,
  readiness_probe: probeForm,
  liveness_probe: probeForm,
  ready_log_line: text("a part of a line"),
  success_exit_codes: listOf(wholeNumber(0, 255)),
  availability: keys("`availability`", {
    restart: words({
      no: "no",
      false: "no",
      always: "always",
      on_failure: "on_failure",
      exit_on_failure: "exit_on_failure",
    } as const),
    backoff_seconds: count,
    max_restarts: count,
    exit_on_end: looseFlag,
    exit_on_skipped: looseFlag,
  }),
  shutdown: keys("`shutdown`", {
    command: shellOrArgv,
    signal: signal(),
    timeout_seconds: count,
    parent_only: looseFlag,
    send_keys: anything,
  }),
  schedule: anything,
  mcp: anything,
  watch: keys("`watch`", {
    paths: listOf(watchPath),
    debounce: duration(),
    cascade: anything,
    max_entries: anything,
    buffer_size: anything,
  }),
  // Consumed before a process is read.
  extends: anything,
});
export type ProcessConfig = Read<typeof processForm>;

export const projectForm = keys("process-compose.yaml", {
  version: anything,
  name: anything,
  processes: anything,
  extends: text("a file"),
  environment: environmentForm,
  vars: mapOf(argument),
  shell: keys("`shell`", {
    shell_command: text("a shell"),
    shell_argument: text("an argument"),
    elevated_shell_command: anything,
    elevated_shell_argument: anything,
  }),
  log_location: text("a file"),
  log_level: anything,
  log_length: anything,
  log_format: anything,
  log_configuration: anything,
  is_strict: anything,
  is_tui_disabled: anything,
  disable_env_expansion: looseFlag,
  ordered_shutdown: anything,
  env_cmds: anything,
  mcp_server: anything,
});
