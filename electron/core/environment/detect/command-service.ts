/** A service that is a command of the project's, as the readers of scripts, lists and frameworks describe it. */
import type { ServicePort } from "#shared/schema/service.ts";
import { PROCESS_POLICY, TASK_POLICY } from "../../service/restart-policy.ts";
import { DEFAULT_RULES, type ServiceRules } from "../../service/service-rules.ts";
import { DEFAULT_GRACE_MS, type DetectedService, type ServiceRun } from "./detected.ts";

export interface CommandFacts {
  readonly name: string;
  /** A text is a shell line, which goes to `/bin/sh -c` as one argument; a list is run as it is. */
  readonly command: string | readonly [string, ...string[]];
  /** What is run, where it is not simply the command. */
  readonly argv?: readonly [string, ...string[]];
  /** Absolute. */
  readonly directory: string;
  readonly source: string;
  readonly role: "migrate" | "seed" | "service";
  readonly ports?: readonly ServicePort[];
  /** The first port is a framework's default, not written in the project. */
  readonly portAssumed?: boolean;
  readonly environment?: Readonly<Record<string, string>>;
  /** What the trust prompt shows; absent: the command. */
  readonly detail?: string;
  /** Shown, and started only when it is named. */
  readonly disabled?: boolean;
  readonly rules?: Partial<ServiceRules>;
}

/** The service of these facts: a task or a server, with a tcp probe where it has a port. */
export function commandService(facts: CommandFacts): DetectedService {
  const { name, command, source, role, ports = [], disabled = false } = facts;
  const isTask = role !== "service";
  const line = typeof command === "string" ? command : command.join(" ");
  const first = ports[0];
  const argv = facts.argv ?? (typeof command === "string" ? (["/bin/sh", "-c", command] as const) : command);
  const run: ServiceRun = { kind: "argv", argv };
  return {
    plan: {
      name,
      kind: isTask ? "task" : "process",
      command: typeof command === "string" ? command : [...command],
      workingDirectory: facts.directory,
      source,
      ports: [...ports],
      dependsOn: {},
      profiles: [],
      probe: first === undefined ? null : { kind: "tcp", port: first.port },
      ...(disabled ? { disabled } : {}),
    },
    run,
    dependencies: new Map(),
    environment: facts.environment ?? {},
    restart: isTask ? TASK_POLICY : PROCESS_POLICY,
    rules: { ...DEFAULT_RULES, ...facts.rules, disabled },
    graceMs: DEFAULT_GRACE_MS,
    http: first !== undefined,
    portAssumed: facts.portAssumed ?? false,
    ...ownPorts(ports),
    role,
    trust: { kind: "command", name, detail: facts.detail ?? line, source, warnings: warningsOf(facts.detail ?? line) },
    digest: "",
  };
}

/** Of a command whose ports were read from itself: an option is for another port than those. */
export function ownPorts(ports: readonly ServicePort[]): Pick<DetectedService, "ownPorts"> {
  const own = ports.filter(({ option }) => option !== undefined).map(({ port }) => port);
  return own.length === 0 ? {} : { ownPorts: own };
}

/** What in a text deserves a second look before it is allowed to run. */
const dangers: readonly (readonly [RegExp, string])[] = [
  [/\bsudo\b/, "asks for root"],
  [/\brm\s+-\w*[rf]/, "deletes files"],
  [/\b(?:curl|wget)\b[^|\n]{0,500}\|\s*(?:ba|z)?sh\b/, "runs what it downloads"],
  [/--privileged\b/, "privileged container"],
  [/\bnpx\s+(?:-y|--yes)\b/, "downloads a package and runs it"],
];

function warningsOf(text: string): string[] {
  return dangers.filter(([pattern]) => pattern.test(text)).map(([, warning]) => warning);
}
