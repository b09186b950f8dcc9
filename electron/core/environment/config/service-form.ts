/** What may stand under a service of deckhand.yaml: compose's keys as far as they make sense for a process, and our own. */
import type { RestartPolicy } from "../../service/restart-policy.ts";
import { MAX_REPLICAS } from "../../service/service-rules.ts";
import { commandForm, hookForm, hooksForm } from "./command-form.ts";
import { dependsOnForm } from "./dependency-form.ts";
import { environmentForm, envFileForm } from "./environment-form.ts";
import {
  byShape,
  described,
  flag,
  keys,
  listOf,
  mapped,
  oneOrMore,
  scalar,
  text,
  wholeNumber,
  words,
  type Form,
  type Read,
  named,
} from "./form.ts";
import { portsForm } from "./port-form.ts";
import { probeForm } from "./probe-form.ts";
import { cpuShare, duration, pattern, seconds, signal, size } from "./units.ts";

export interface RestartConfig {
  readonly mode: RestartPolicy["mode"];
  readonly maxRetries: number | null;
  /** `exit_on_failure`: its failure ends everything else. */
  readonly endsEnvironment?: true;
}

const modes: Readonly<Record<string, RestartPolicy["mode"]>> = {
  no: "no",
  never: "no",
  false: "no",
  "on-failure": "on-failure",
  on_failure: "on-failure",
  always: "always",
  true: "always",
  "unless-stopped": "unless-stopped",
  unless_stopped: "unless-stopped",
};

/** `no | on-failure[:N] | always[:N] | unless-stopped[:N]`, and process-compose's words for them. */
export const restartForm: Form<RestartConfig> = named(
  "restart",
  scalar(
    "one of no, on-failure, always, unless-stopped (`on-failure:3`: at most three times in a row)",
    {
      anyOf: [
        { enum: ["no", "on-failure", "always", "unless-stopped", "never", "on_failure", "exit_on_failure"] },
        { type: "string", pattern: "^(on[-_]failure|always|unless[-_]stopped):\\d{1,4}$" },
        { const: false },
      ],
    },
    (value) => {
      const written = String(value);
      if (written === "exit_on_failure") return { mode: "no", maxRetries: null, endsEnvironment: true };
      const [, word = written, retries] = /^(.+):(\d{1,4})$/.exec(written) ?? [];
      const mode = Object.hasOwn(modes, word) ? modes[word] : undefined;
      // What is never restarted cannot be so at most three times.
      if (mode === undefined || (mode === "no" && retries !== undefined)) return undefined;
      return { mode, maxRetries: retries === undefined ? null : Number(retries) };
    },
  ),
);

export interface ComposeReference {
  /** Relative to the project; null: the compose file that was found. */
  readonly file: string | null;
  /** Null: the one with the service's own name. */
  readonly service: string | null;
}

const composeForm: Form<ComposeReference> = byShape<ComposeReference>(
  "the name of a compose service, or `{ file, service }`",
  {
    single: mapped(text("the name of a compose service"), (service): ComposeReference => ({ file: null, service })),
    map: mapped(
      keys("a compose service", { file: text("a compose file of the project"), service: text("a service of it") }),
      ({ file = null, service = null }): ComposeReference => ({ file, service }),
    ),
  },
);

export interface WatchConfig {
  readonly paths: readonly string[];
  readonly ignore: readonly string[];
  readonly debounceMs: number;
}

/** Editors write several files at once; a shorter wait restarts twice. */
const DEBOUNCE_MS = 300;
const pathForm = text("a path");

export const watchForm: Form<WatchConfig> = named(
  "watch",
  byShape<WatchConfig>("paths, or `{ paths, ignore, debounce }`", {
    single: mapped(pathForm, (path): WatchConfig => ({ paths: [path], ignore: [], debounceMs: DEBOUNCE_MS })),
    list: mapped(listOf(pathForm), (paths): WatchConfig => ({ paths, ignore: [], debounceMs: DEBOUNCE_MS })),
    map: mapped(
      keys(
        "a watch",
        {
          paths: described("Relative to the service's folder.", oneOrMore(pathForm)),
          ignore: described("Globs of what is not looked at.", oneOrMore(text("a glob"))),
          debounce: described("It restarts after so long without another change.", duration()),
        },
        { required: ["paths"] },
      ),
      ({ paths = [], ignore = [], debounce = DEBOUNCE_MS }): WatchConfig => ({ paths, ignore, debounceMs: debounce }),
    ),
  }),
);

const limitsForm = keys("limits", {
  memory: described("Of all its processes together.", size()),
  cpu: described("Of all its processes together.", cpuShare()),
  cpus: cpuShare(),
  cpu_for: described("Only a load that lasts this long counts.", duration()),
  on_exceed: described("What follows.", words({ restart: "restart", stop: "stop", notify: "notify" } as const)),
});

const anything: Form<true> = { says: "anything", schema: {}, read: () => true };

const deployForm = keys("`deploy`", {
  replicas: wholeNumber(1, MAX_REPLICAS),
  resources: keys("`resources`", {
    limits: keys("limits", { memory: size(), cpus: cpuShare(), pids: anything }),
    reservations: anything,
  }),
  mode: anything,
  endpoint_mode: anything,
  labels: anything,
  placement: anything,
  restart_policy: anything,
  rollback_config: anything,
  update_config: anything,
});

const hooks = {
  pre_start: described("Each must succeed before the service starts.", hooksForm),
  post_start: described("After it is ready.", hooksForm),
  pre_stop: hooksForm,
  post_stop: hooksForm,
};

/** Keys of compose that say something about a container; what is pasted over from there has some of them. */
const containerKeys =
  "annotations attach build blkio_config cap_add cap_drop cgroup cgroup_parent configs container_name cpu_count cpu_percent cpu_period cpu_quota cpu_rt_period cpu_rt_runtime cpu_shares cpuset credential_spec device_cgroup_rules devices dns dns_opt dns_search domainname entrypoint expose extends external_links extra_hosts gpus group_add hostname image init ipc isolation label_file labels links logging mac_address mem_reservation mem_swappiness memswap_limit models network_mode networks oom_kill_disable oom_score_adj pid pids_limit platform privileged provider pull_policy read_only runtime secrets security_opt shm_size stdin_open storage_opt sysctls tmpfs tty ulimits use_api_socket user userns_mode uts volumes volumes_from".split(
    " ",
  );

export const serviceForm = keys(
  "a service",
  {
    command: described("A text is a shell line, a list is run as it stands.", commandForm),
    type: described(
      "A task runs to completion.",
      words({ process: "process", service: "process", task: "task" } as const),
    ),
    compose: described("It is a container of the project's compose file.", composeForm),
    disabled: described("Shown, and started only when it is named.", flag()),
    description: text(),
    working_dir: described("Relative to the project.", text("a folder of the project")),
    env_file: described("Relative to `working_dir`.", envFileForm),
    dotenv: described("False: it is not given what `.env` and `.env.local` say; it may read them itself.", flag()),
    environment: environmentForm,
    env: environmentForm,
    ports: portsForm,
    depends_on: dependsOnForm,
    healthcheck: described("When it is ready, and whether it still is.", probeForm),
    readiness: probeForm,
    readiness_probe: probeForm,
    readinessProbe: probeForm,
    liveness: described("It is restarted when this fails.", probeForm),
    liveness_probe: probeForm,
    livenessProbe: probeForm,
    startup: described("The other checks wait for this one.", probeForm),
    startup_probe: probeForm,
    startupProbe: probeForm,
    ready_log_line: described("The line that those wait for who depend on `service_log_ready`.", pattern()),
    restart: described("When it is started again.", restartForm),
    restart_limit: described(
      "More restarts than `max` within `window` are a crash loop.",
      keys("a limit of restarts", { max: wholeNumber(1, 1_000), window: duration() }),
    ),
    exit_on_failure: described("Its failure ends everything else.", flag()),
    exit_on_end: described("Its end ends everything else.", flag()),
    stop_signal: signal(),
    stop_grace_period: described("From the stop signal to SIGKILL.", duration()),
    stop_command: described("Run before the stop signal.", hookForm),
    shutdown: keys("`shutdown`", { command: hookForm, signal: signal(), timeout_seconds: seconds(1) }),
    success_exit_codes: described("A success, beside 0.", oneOrMore(wholeNumber(0, 255))),
    watch: described("A change below one of the paths restarts it.", watchForm),
    limits: described("What all its processes together may take.", limitsForm),
    mem_limit: size(),
    cpus: cpuShare(),
    replicas: described("How many of it run; each has a port of its own.", wholeNumber(1, MAX_REPLICAS)),
    scale: wholeNumber(1, MAX_REPLICAS),
    deploy: deployForm,
    develop: anything,
    hooks: keys("hooks", hooks),
    ...hooks,
    log_file: described("Also written there, relative to the project.", text("a file of the project")),
    log_location: text("a file of the project"),
    profiles: described("Only in these; without it, in all.", oneOrMore(text("a profile"))),
  },
  {
    elsewhere: new Map(
      containerKeys.map((key) => [
        key,
        `\`${key}\` is for containers, and means nothing for a command. Remove it, or keep the service in the compose file and write \`compose: NAME\` here.`,
      ]),
    ),
  },
);

export type ServiceConfig = Read<typeof serviceForm>;
