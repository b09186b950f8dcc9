/** One service of a compose file, from its interpolated definition. */
import type { Problem } from "#shared/schema/environment.ts";
import type { DependencyCondition } from "#shared/schema/service.ts";
import type { TrustItem } from "#shared/schema/workspace.ts";
import { COMPOSE_POLICY, TASK_POLICY, type RestartPolicy } from "../../service/restart-policy.ts";
import { DEFAULT_RULES } from "../../service/service-rules.ts";
import { definitionDigest } from "./compose-digest.ts";
import { readHealthcheck } from "./compose-healthcheck.ts";
import { composePorts } from "./compose-ports.ts";
import { DEFAULT_GRACE_MS, errorProblem, warningProblem, type Dependency, type DetectedService } from "./detected.ts";
import { isYamlMap, type YamlMap, type YamlValue } from "./yaml-values.ts";
import { durationMs } from "../config/units.ts";

export interface ComposeServiceInput {
  readonly name: string;
  readonly file: string;
  readonly directory: string;
  readonly definition: YamlMap;
  readonly portVariables: ReadonlyMap<string, string>;
  /** Of the whole project: a named volume may be a folder of the machine in disguise. */
  readonly volumes: ReadonlyMap<string, YamlValue>;
  /** Place of something inside the definition, for messages. */
  readonly place: (path: readonly (string | number)[]) => string;
  readonly problems: Problem[];
}

/** Reads what matters for running the service; everything else stays docker compose's business. */
export function composeService(input: ComposeServiceInput): DetectedService {
  const { name, file, directory, definition, place, problems } = input;
  const portList = definition.get("ports");
  const reading = composePorts(Array.isArray(portList) ? portList : [], input.portVariables);
  for (const { index, text } of reading.bad) {
    const message = `${JSON.stringify(text)} is no port of the service ${name}. Write \`HOST:CONTAINER\`.`;
    problems.push(errorProblem("value_invalid", place(["ports", index]), message));
  }
  const containerName = textOf(definition.get("container_name"));
  if (containerName !== "") {
    const message = `The service ${name} fixes \`container_name\`; where ${containerName} exists already, it gets a name of its own. Remove it.`;
    problems.push(warningProblem("unsupported", place(["container_name"]), message));
  }
  const healthcheck = readHealthcheck(definition.get("healthcheck"));
  for (const { key, message } of healthcheck.bad) {
    problems.push(
      errorProblem("value_invalid", place(["healthcheck", key]), `The health check of ${name}: ${message}.`),
    );
  }
  const grace = definition.get("stop_grace_period");
  const networks = definition.get("networks");
  const dependencies = composeDependencies(input);
  const profileList = definition.get("profiles");
  const infrastructure = isInfrastructure(name, textOf(definition.get("image")));
  return {
    plan: {
      name,
      kind: "compose",
      command: ["docker", "compose", "up", name],
      workingDirectory: directory,
      source: `${file}#services.${name}`,
      ports: [...reading.ports],
      // From entries: a name like `__proto__` becomes an own key like any other.
      dependsOn: Object.fromEntries([...dependencies].map(([other, { condition }]) => [other, condition])),
      profiles: Array.isArray(profileList) ? profileList.map(String) : [],
      probe: { kind: "compose", healthcheck: healthcheck.present },
    },
    run: {
      kind: "compose",
      service: name,
      published: reading.published,
      containerName: containerName === "" ? null : containerName,
      networks: definition.has("network_mode")
        ? null
        : isYamlMap(networks)
          ? [...networks.keys()]
          : Array.isArray(networks)
            ? networks.map(String)
            : ["default"],
    },
    dependencies,
    environment: {},
    restart: restartPolicy(definition.get("restart")),
    rules: { ...DEFAULT_RULES, readiness: healthcheck.timings },
    graceMs: (typeof grace === "string" ? durationMs(grace) : null) ?? DEFAULT_GRACE_MS,
    http: !infrastructure && reading.ports.length > 0,
    portAssumed: false,
    role: infrastructure ? "infrastructure" : "service",
    trust: trustOfService(input),
    digest: definitionDigest(definition),
  };
}

const conditions: readonly DependencyCondition[] = [
  "service_started",
  "service_healthy",
  "service_completed_successfully",
];

function composeDependencies({ name, definition, place, problems }: ComposeServiceInput): Map<string, Dependency> {
  const value = definition.get("depends_on");
  const dependencies = new Map<string, Dependency>();
  if (value === undefined || value === null) return dependencies;
  if (Array.isArray(value)) {
    for (const other of value) {
      dependencies.set(String(other), { condition: "service_started", required: true });
    }
  } else if (isYamlMap(value)) {
    for (const [other, options] of value) {
      const stated = isYamlMap(options) ? options.get("condition") : undefined;
      const condition = conditions.find((one) => one === (stated ?? "service_started"));
      if (condition === undefined) {
        const message = `The service ${name} waits for ${other} on ${JSON.stringify(stated)}, which is no condition of compose.`;
        problems.push(
          errorProblem(
            "value_invalid",
            place(["depends_on", other]),
            `${message} Use one of ${conditions.join(", ")}.`,
          ),
        );
      } else {
        const required = !(isYamlMap(options) && options.get("required") === false);
        const restart = isYamlMap(options) && options.get("restart") === true;
        dependencies.set(other, { condition, required, ...(restart ? { restart } : {}) });
      }
    }
  } else {
    problems.push(
      errorProblem("value_invalid", place(["depends_on"]), `\`depends_on\` of ${name} is neither a list nor a map.`),
    );
  }
  return dependencies;
}

/** Where the file tells docker to restart it, docker does, and we only watch. */
function restartPolicy(value: YamlValue | undefined): RestartPolicy {
  return value === undefined || value === null ? COMPOSE_POLICY : TASK_POLICY;
}

const infrastructureWords =
  /(^|[^a-z])(?:db|database|postgres|postgresql|postgis|timescaledb|pgvector|mysql|mariadb|mongo|mongodb|redis|valkey|keydb|dragonfly|memcached|cache|rabbitmq|kafka|redpanda|zookeeper|nats|mosquitto|mqtt|sqs|localstack|minio|elasticsearch|opensearch|meilisearch|typesense|qdrant|weaviate|chroma|cassandra|scylla|cockroach|cockroachdb|clickhouse|mssql|oracle|dynamodb|neo4j|influxdb|etcd|vault|mq|broker|queue)(?:[^a-z]|$)/;

/** Whether a service is a database or the like: what migrations and dev servers need before they start. */
function isInfrastructure(name: string, image: string): boolean {
  const repository = image.split("@")[0]?.split("/").at(-1)?.split(":")[0] ?? "";
  return infrastructureWords.test(name.toLowerCase()) || infrastructureWords.test(repository.toLowerCase());
}

function textOf(value: YamlValue | undefined): string {
  return typeof value === "string" ? value : "";
}

function trustOfService({ name, file, definition, volumes }: ComposeServiceInput): TrustItem {
  const provider = definition.get("provider");
  const image = textOf(definition.get("image"));
  const build = definition.get("build");
  const parts = [
    image === "" ? "" : `image ${image}`,
    build === undefined
      ? ""
      : `builds ${typeof build === "string" ? build : textOf(isYamlMap(build) ? build.get("context") : "")}`,
    lineOf("entrypoint", definition.get("entrypoint")),
    lineOf("command", definition.get("command")),
    isYamlMap(provider) ? `provided by the program ${textOf(provider.get("type"))} of this machine` : "",
  ];
  return {
    kind: "compose",
    name,
    detail: parts.filter((part) => part !== "").join("\n"),
    source: `${file}#services.${name}`,
    warnings: composeWarnings(definition, volumes),
  };
}

function lineOf(what: string, value: YamlValue | undefined): string {
  if (value === undefined || value === null) return "";
  return `${what}: ${Array.isArray(value) ? value.map(String).join(" ") : String(value)}`;
}

/** What of the machine a container gets hold of beyond its own file system. */
function composeWarnings(definition: YamlMap, named: ReadonlyMap<string, YamlValue>): string[] {
  const warnings: string[] = [];
  const provider = definition.get("provider");
  if (isYamlMap(provider)) warnings.push(`runs the program ${textOf(provider.get("type"))} of this machine`);
  if (definition.get("privileged") === true) warnings.push("privileged");
  for (const key of ["network_mode", "pid", "ipc", "userns_mode"]) {
    if (definition.get(key) === "host") warnings.push(`${key} host`);
  }
  for (const key of ["cap_add", "devices"]) {
    const list = definition.get(key);
    if (Array.isArray(list) && list.length > 0) warnings.push(`${key} ${list.map(String).join(", ")}`);
  }
  const volumes = definition.get("volumes");
  for (const volume of Array.isArray(volumes) ? volumes : []) {
    const source = isYamlMap(volume)
      ? volume.get("type") === "bind"
        ? textOf(volume.get("source"))
        : boundTo(named.get(textOf(volume.get("source"))))
      : shortBind(String(volume)) || boundTo(named.get(String(volume).split(":")[0] ?? ""));
    if (source !== "") warnings.push(`mounts ${source}`);
  }
  return warnings;
}

/** The folder a named volume stands for, where its driver is told to bind one. */
function boundTo(volume: YamlValue | undefined): string {
  const options = isYamlMap(volume) ? volume.get("driver_opts") : undefined;
  return isYamlMap(options) ? textOf(options.get("device")) : "";
}

/** The host path of `./data:/var/lib`, empty for a named volume. */
function shortBind(volume: string): string {
  const source = volume.split(":")[0] ?? "";
  return volume.includes(":") && /^[./~]/.test(source) ? source : "";
}
