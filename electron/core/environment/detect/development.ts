/**
 * What a folder says about the programs of its development, beside its containers: lists of processes, scripts, and what its
 * frameworks are started with. Decides who is believed where several of them speak of the same program: a list that its author
 * wrote for development, then scripts, then a Procfile for production, then what frameworks are started with as a rule, and a
 * task runner only where nothing else says it.
 */
import { ownPorts } from "./command-service.ts";
import { settleTwins } from "./container-twins.ts";
import type { DetectedService, SourceReading } from "./detected.ts";
import { readDevcontainer } from "./devcontainer.ts";
import { readFrameworks } from "./frameworks.ts";
import { readMprocs } from "./mprocs.ts";
import { readPackageScripts, type ScriptReading } from "./package-scripts.ts";
import { readProcfile, withoutScriptTwins } from "./procfile.ts";
import type { ProjectFiles } from "./project-files.ts";
import { readTaskRunner } from "./task-runner.ts";

export interface OtherReadings {
  readonly compose: SourceReading;
  /** Sources in which the author lists what development is made of, such as process-compose.yaml. */
  readonly stated: readonly SourceReading[];
  /** Commands that the author has written down elsewhere; what they run is not started a second time. */
  readonly commands?: readonly string[];
  /** Services that the author speaks of by name: they are there although one of the commands is the same. */
  readonly wanted?: ReadonlySet<string>;
}

/** All readings of the folder, the compose file's first; those in `stated` are not among them. */
export async function readDevelopment(files: ProjectFiles, others: OtherReadings): Promise<readonly SourceReading[]> {
  const { compose, stated, commands = [], wanted = new Set() } = others;
  const mprocs = await readMprocs(files);
  const procfile = await readProcfile(files);
  const lists = [...stated, mprocs, ...(procfile.development ? [procfile] : [])];
  const listed = [...commands, ...lists.flatMap((list) => list.services.map(commandOf))];
  const scripts = await readPackageScripts(files, {
    hasCompose: compose.services.length > 0,
    procfile: listed,
    wanted,
    hasProcfile: procfile.services.length > 0 || listed.length > 0,
  });
  const processes = procfile.development ? procfile : withoutScriptTwins(procfile, scripts);
  const commandsSoFar = [
    ...listed,
    ...processes.services.map(commandOf),
    ...scripts.services.flatMap((service) => service.trust.detail.split("\n").map(commandOfLine)),
  ];
  const frameworks = await readFrameworks(files, commandsSoFar, wanted);
  const found = [...stated, mprocs, scripts, processes, frameworks].flatMap((reading) => reading.services);
  const hints = await readTaskRunner(files, {
    server: !found.some(({ role }) => role === "service"),
    migration: !found.some(({ role }) => role === "migrate"),
  });
  const container = await readDevcontainer(files, [...found, ...hints.services], compose.compose?.files ?? []);
  const withPorts = (reading: SourceReading) => throughScripts(reading, scripts);
  return settleTwins(files, [
    compose,
    await withPorts(mprocs),
    scripts,
    await withPorts(processes),
    frameworks,
    hints,
    container,
  ]);
}

/** `web: npm run dev` of a list opens the port that the script opens. */
async function throughScripts(reading: SourceReading, scripts: ScriptReading): Promise<SourceReading> {
  const services: DetectedService[] = [];
  for (const service of reading.services) {
    const { ports, assumed } =
      service.plan.kind === "task" ? { ports: [], assumed: false } : await scripts.portsOf(commandOf(service));
    const [first] = ports;
    // A list gives PORT to its processes; that counts where the script listens to it.
    if (first === undefined || (first.env === "PORT" && service.plan.ports.length > 0)) services.push(service);
    else {
      const { ownPorts: _, ...rest } = service;
      const plan = { ...service.plan, ports: [...ports], probe: { kind: "tcp" as const, port: first.port } };
      services.push({ ...rest, plan, http: true, portAssumed: assumed, ...ownPorts(ports) });
    }
  }
  return { ...reading, services };
}

function commandOf({ plan }: DetectedService): string {
  return typeof plan.command === "string" ? plan.command : plan.command.join(" ");
}

/** The command in the line `dev:api: node api.mjs` of a trust item. */
function commandOfLine(line: string): string {
  return line.slice(line.indexOf(": ") + (line.includes(": ") ? 2 : 1));
}
