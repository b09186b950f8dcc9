/** One service of a compose file, from its interpolated definition. */
import type { Problem } from "#shared/schema/environment.ts";
import type { DependencyCondition } from "#shared/schema/service.ts";
import type { TrustItem } from "#shared/schema/workspace.ts";
import { COMPOSE_POLICY, TASK_POLICY, type RestartPolicy } from "../../service/restart-policy.ts";
import { DEFAULT_RULES } from "../../service/service-rules.ts";
import { definitionDigest } from "./compose-digest.ts";
import { isYamlMap, type YamlMap, type YamlValue } from "./compose-document.ts";
import { composePorts } from "./compose-ports.ts";
import { DEFAULT_GRACE_MS, errorProblem, warningProblem, type Dependency, type DetectedService } from "./detected.ts";

export interface ComposeServiceInput {
  readonly name: string;
  readonly file: string;
  readonly directory: string;
  readonly definition: YamlMap;
  /** Place of something inside the definition, for messages. */
  readonly place: (path: readonly (string | number)[]) => string;
  readonly problems: Problem[];
}

/** Reads what matters for running the service; everything else stays docker compose's business. */
export function composeService(input: ComposeServiceInput): DetectedService {
  const { name, file, directory, definition, place, problems } = input;
  const portList = definition.get("ports");
  const reading = composePorts(Array.isArray(portList) ? portList : []);
  for (const { index, text } of reading.bad) {
    const message = `${JSON.stringify(text)} is no port of the service ${name}. Write \`HOST:CONTAINER\`.`;
    problems.push(errorProblem("value_invalid", place(["ports", index]), message));
  }
  if (definition.has("container_name")) {
    const message = `The service ${name} fixes \`container_name\`, so that only one copy of it can run on this machine. Remove it.`;
    problems.push(warningProblem("unsupported", place(["container_name"]), message));
  }
  if (definition.has("extends")) {
    const message = `The service ${name} uses \`extends\`; what it inherits is not shown here.`;
    problems.push(warningProblem("unsupported", place(["extends"]), message));
  }
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
      probe: { kind: "compose", healthcheck: hasHealthcheck(definition.get("healthcheck")) },
    },
    run: { kind: "compose", service: name },
    dependencies,
    environment: {},
    restart: restartPolicy(definition.get("restart")),
    rules: DEFAULT_RULES,
    graceMs: DEFAULT_GRACE_MS,
    http: !infrastructure && reading.ports.length > 0,
    portAssumed: false,
    role: infrastructure ? "infrastructure" : "service",
    trust: trustOfService(name, file, definition),
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
        dependencies.set(other, { condition, required });
      }
    }
  } else {
    problems.push(
      errorProblem("value_invalid", place(["depends_on"]), `\`depends_on\` of ${name} is neither a list nor a map.`),
    );
  }
  return dependencies;
}

function hasHealthcheck(value: YamlValue | undefined): boolean {
  if (!isYamlMap(value) || value.get("disable") === true) return false;
  const test = value.get("test");
  if (test === undefined || test === null || test === "") return false;
  return !(Array.isArray(test) ? test.length === 0 || test[0] === "NONE" : test === "NONE");
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

function trustOfService(name: string, file: string, definition: YamlMap): TrustItem {
  const image = textOf(definition.get("image"));
  const build = definition.get("build");
  const parts = [
    image === "" ? "" : `image ${image}`,
    build === undefined
      ? ""
      : `builds ${typeof build === "string" ? build : textOf(isYamlMap(build) ? build.get("context") : "")}`,
    lineOf("entrypoint", definition.get("entrypoint")),
    lineOf("command", definition.get("command")),
  ];
  return {
    kind: "compose",
    name,
    detail: parts.filter((part) => part !== "").join("\n"),
    source: `${file}#services.${name}`,
    warnings: composeWarnings(definition),
  };
}

function lineOf(what: string, value: YamlValue | undefined): string {
  if (value === undefined || value === null) return "";
  return `${what}: ${Array.isArray(value) ? value.map(String).join(" ") : String(value)}`;
}

/** What of the machine a container gets hold of beyond its own file system. */
function composeWarnings(definition: YamlMap): string[] {
  const warnings: string[] = [];
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
        : ""
      : shortBind(String(volume));
    if (source !== "") warnings.push(`mounts ${source}`);
  }
  return warnings;
}

/** The host path of `./data:/var/lib`, empty for a named volume. */
function shortBind(volume: string): string {
  const source = volume.split(":")[0] ?? "";
  return volume.includes(":") && /^[./~]/.test(source) ? source : "";
}
