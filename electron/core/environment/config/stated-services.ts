/** What a deckhand.yaml says of its services as far as others have to know it before they are read. */
import { isYamlMap } from "../detect/yaml-values.ts";
import { serviceSpot, type ConfigFile } from "./config-file.ts";

/** The compose file that the services of a config refer to, and those that refer to another one than the first. */
export function statedComposeFile(config: ConfigFile): string | null {
  let first: string | null = null;
  for (const [name, value] of config.services) {
    const reference = isYamlMap(value) ? value.get("compose") : null;
    const file = isYamlMap(reference) ? reference.get("file") : null;
    if (typeof file !== "string" || file === "") continue;
    if (first === null) first = file;
    else if (file !== first) {
      const spot = serviceSpot(config, name);
      spot.report(
        [...spot.path, "compose", "file"],
        `One project has one compose file, and it is ${first} here; ${file} is not read. Bring it in there with \`include\`.`,
      );
    }
  }
  return first;
}

/** Whether any of its services is a container of the compose file. */
export function refersToCompose(config: ConfigFile): boolean {
  return [...config.services.values()].some((value) => isYamlMap(value) && value.has("compose"));
}

/** The commands as they are written, by which others know what is run already. */
export function statedCommands(config: ConfigFile): readonly string[] {
  return [...config.services.values()].flatMap((value) => {
    const command = isYamlMap(value) ? value.get("command") : undefined;
    if (typeof command === "string") return [command];
    return Array.isArray(command) ? [command.map(String).join(" ")] : [];
  });
}

/** Detected services that the file changes: whatever else runs the same, they are meant to be there. */
export function changedNames(config: ConfigFile): ReadonlySet<string> {
  const changes = [...config.services].filter(
    ([, value]) => !isYamlMap(value) || (!value.has("command") && !value.has("compose")),
  );
  return new Set(changes.map(([name]) => name));
}
