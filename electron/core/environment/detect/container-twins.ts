/**
 * One application found twice: as a container of the compose file, and as a command for the machine itself. Starting both would
 * mean two of it at one port. The one that its author would not have started is kept, and started only when it is named.
 */
import { relative } from "node:path";
import { isYamlMap, readComposeDocument, type YamlMap, type YamlValue } from "./compose-document.ts";
import type { DetectedService, SourceReading } from "./detected.ts";
import { tidyPath } from "./glob.ts";
import type { ProjectFiles } from "./project-files.ts";

/** Images in which the code of a project is run, rather than something it uses. */
const runtimes =
  /(?:^|\/)(?:node|bun|deno|python|ruby|php|golang|elixir|openjdk|eclipse-temurin|maven|gradle|composer|dotnet)[:@/]?|\bsail\b/;
/** What keeps a container alive in which somebody means to work. */
const idle = /\bsleep\s+inf|\btail\s+-f\s+\/dev\/null|\bwhile\s+sleep\b/;
/** Sources in which the author says himself what runs on the machine. */
const stated =
  /^(?:(?:[\w@./-]+\/)?package\.json#scripts\.|Procfile\.dev\b|mprocs\.ya?ml\b|composer\.json#|\.?air\.toml$|process-compose)/;

interface Container {
  readonly name: string;
  /** Folders that the image is built from, or that are mounted into it as they are. */
  readonly folders: ReadonlySet<string>;
  /** The code in it is that of the folder, live. */
  readonly mounted: boolean;
}

/** The same readings, the compose file's first, with one of each pair of twins disabled. */
export async function settleTwins(
  files: ProjectFiles,
  readings: readonly SourceReading[],
): Promise<readonly SourceReading[]> {
  const [compose, ...rest] = readings;
  if (compose?.compose === undefined) return readings;
  const containers = await applicationContainers(files, compose, compose.compose.files);
  if (containers.length === 0) return readings;
  const hosts = rest.flatMap((reading) => reading.services);
  const folderOf = (service: DetectedService) => relative(files.directory, service.plan.workingDirectory);
  const needed = new Set(compose.services.flatMap((service) => [...service.dependencies.keys()]));
  const contained = new Set<string>();
  const replaced = new Set<string>();
  for (const { name, folders, mounted } of containers) {
    for (const folder of folders) {
      const servers = hosts.filter((host) => host.role === "service" && folderOf(host) === folder);
      if (servers.length === 0) continue;
      // Live code in a container, or nobody who says otherwise: the compose file is how it is developed.
      if (mounted || needed.has(name) || !servers.some(({ plan }) => stated.test(plan.source))) contained.add(folder);
      else replaced.add(name);
    }
  }
  return [
    { ...compose, services: compose.services.map((one) => (replaced.has(one.plan.name) ? disabled(one) : one)) },
    ...rest.map((reading) => ({
      ...reading,
      services: reading.services.map((one) => (contained.has(folderOf(one)) ? disabled(one) : one)),
    })),
  ];
}

function disabled(service: DetectedService): DetectedService {
  return { ...service, plan: { ...service.plan, disabled: true }, rules: { ...service.rules, disabled: true } };
}

async function applicationContainers(
  files: ProjectFiles,
  compose: SourceReading,
  names: readonly string[],
): Promise<readonly Container[]> {
  const definitions = new Map<string, YamlMap>();
  for (const name of names) {
    const file = await files.readText(name);
    const reading = file.kind === "text" ? await readComposeDocument(name, file.text) : null;
    const services = reading?.ok === true ? reading.document.root.get("services") : undefined;
    for (const [service, value] of isYamlMap(services) ? services : []) {
      if (isYamlMap(value)) definitions.set(service, new Map([...(definitions.get(service) ?? []), ...value]));
    }
  }
  const containers: Container[] = [];
  for (const { plan, role } of compose.services) {
    const definition = definitions.get(plan.name);
    if (definition === undefined || role === "infrastructure" || plan.disabled === true) continue;
    if (idle.test(textOf(definition.get("command")))) continue;
    const build = definition.get("build");
    const context = isYamlMap(build) ? build.get("context") : build;
    const mounts = mountsOf(definition.get("volumes"));
    const runs = context !== undefined || runtimes.test(textOf(definition.get("image")));
    const folders = new Set([...(typeof context === "string" ? [folderName(context)] : []), ...(runs ? mounts : [])]);
    const watched = isYamlMap(definition.get("develop"));
    if (runs) containers.push({ name: plan.name, folders, mounted: mounts.length > 0 || watched });
  }
  return containers;
}

/** Folders of the project that are mounted as they are; files and data folders are told by nothing running in them. */
function mountsOf(value: YamlValue | undefined): readonly string[] {
  return (Array.isArray(value) ? value : []).flatMap((volume) => {
    const source = isYamlMap(volume)
      ? volume.get("source")
      : String(volume).includes(":")
        ? String(volume).split(":")[0]
        : "";
    return typeof source === "string" && /^\.(?:\/|$)/.test(source) ? [folderName(source)] : [];
  });
}

/** `.` and `./` are the project's own folder, which has no name. */
function folderName(path: string): string {
  const tidy = tidyPath(path);
  return tidy === "." ? "" : tidy;
}

function textOf(value: YamlValue | undefined): string {
  return Array.isArray(value) ? value.map(String).join(" ") : typeof value === "string" ? value : "";
}
