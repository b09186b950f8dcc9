/** What the forms of made-up services hold, and what a made-up host says to what was typed into them. */
import type { EnvironmentStatus } from "#shared/schema/environment.ts";
import type { ConfigText } from "#shared/schema/plan.ts";
import type { FieldProblem, ServiceDraft, ServiceEdit } from "#shared/schema/service-edit.ts";
import { FakeFailure } from "./fake-connection.ts";

const noTimes = {
  interval: "",
  timeout: "",
  retries: "",
  successThreshold: "",
  startPeriod: "",
  startInterval: "",
  initialDelay: "",
  deadline: "",
};

export function draftOf({ services }: EnvironmentStatus, name: string): ServiceDraft {
  const service = services.find((each) => (each.replica?.of ?? each.name) === name);
  if (!service) throw new FakeFailure("unknown_service", `No service is called ${name}.`);
  const { kind, command, ports, dependsOn, probe } = service;
  const container = kind === "compose";
  return {
    service: name,
    container,
    command: container ? "" : command,
    workingDirectory: ".",
    environment: [
      { name: "NODE_ENV", value: "development", from: "profile" },
      { name: "DATABASE_URL", value: null, from: "files" },
      { name: "LOG_LEVEL", value: "debug", from: "service" },
      { name: "STRIPE_SECRET_KEY", value: null, from: "service" },
    ],
    ports: ports.map(({ name: port, port: prefer, env, strict }) => ({
      name: port,
      prefer: String(prefer),
      env: env ?? "",
      option: "",
      strict: strict ?? false,
    })),
    needs: dependsOn.map((need) => ({
      name: need,
      condition: "service_healthy" as const,
      required: true,
      restart: false,
    })),
    others: services.map((each) => each.name).filter((each) => each !== name),
    probe: {
      kind: probe?.kind ?? "none",
      tcp: probe?.kind === "tcp" ? String(probe.port) : "",
      url: probe?.kind === "http" ? probe.url : "",
      status: "",
      exec: probe?.kind === "exec" ? probe.command.join(" ") : "",
      log: probe?.kind === "log" ? probe.pattern : "",
      ...noTimes,
    },
    restart: { mode: kind === "task" ? "no" : "on-failure", retries: "", max: "5", window: "1m" },
    stop: { signal: "SIGTERM", grace: "5s" },
    limits: { memory: name === "dev:web" ? "512MiB" : "", cpu: "", cpuFor: "", onExceed: "restart" },
    watch: { paths: [], ignore: [], debounce: "" },
    replicas: {
      count: 1,
      max: 100,
      obstacle: container ? "it is a container, and containers are scaled by docker compose." : null,
    },
    file: "deckhand.yaml",
  };
}

const lines = [
  "# What Deckhand runs for this project. Explicit beats detected.",
  "version: 1",
  "services:",
  "  # The one everybody waits for.",
  "  dev:api: { working_dir: . }",
  "  dev:web:",
  "    stop_grace_period: 5s",
];

/** The file as it will be; a number that is none is refused with its place, as the real host does it. */
export function configTextOf({ services }: EnvironmentStatus, edits: readonly ServiceEdit[]): ConfigText {
  const fields = edits.flatMap(({ ports = [] }) =>
    ports.flatMap(({ name, prefer }): FieldProblem[] =>
      /^\d{1,5}$/.test(prefer)
        ? []
        : [
            {
              path: ["ports", name, "prefer"],
              message: `\`prefer\` is ${JSON.stringify(prefer)}, but a whole number from 1 to 65535 is expected. Correct it.`,
            },
          ],
    ),
  );
  if (fields[0]) throw new FakeFailure("bad_input", fields[0].message, null, { fields });
  if (edits.length === 0) {
    const all = services.map(({ name, command }) => `  ${name}:\n    command: ${command}`);
    return { file: "deckhand.yaml", existing: null, text: `services:\n${all.join("\n")}\n`, hash: "abc" };
  }
  const changed = edits.flatMap(({ service, ...edit }) => [
    `  ${service}:`,
    ...Object.entries(edit).map(([key, value]) => `    ${key}: ${JSON.stringify(value)}`),
  ]);
  const existing = `${lines.join("\n")}\n`;
  return { file: "deckhand.yaml", existing, text: `${existing}${changed.join("\n")}\n`, hash: "abc" };
}
