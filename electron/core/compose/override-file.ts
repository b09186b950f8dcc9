/** Keeps the override of a project (compose-override.ts) in a file of the home, where docker compose finds it. */
import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { writeFileAtomic } from "../lib/atomic-file.ts";
import { AppError } from "../lib/error.ts";
import { isAtLeast, movedPorts, OVERRIDE_SINCE, overrideText, type OverrideInput } from "./compose-override.ts";

export interface OverridePlace {
  /** Null: there is none, and nothing can be different. */
  readonly folder: string | null;
  /** Name of the compose project. */
  readonly project: string;
  readonly composeVersion: string;
}

/**
 * Writes what is different here, where anything is. Answers with the path; null where nothing is.
 *
 * @throws AppError `port_in_use` where docker compose is too old for it.
 */
export function writeOverride(
  services: readonly OverrideInput[],
  { folder, project, composeVersion }: OverridePlace,
): string | null {
  const text = overrideText(services);
  if (text !== null && folder !== null && isAtLeast(composeVersion, OVERRIDE_SINCE)) {
    const path = join(folder, `${project}.yaml`);
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileAtomic(path, text, { untilReboot: true });
    return path;
  }
  const moved = services.find((service) => movedPorts(service).length > 0);
  if (moved === undefined) return null;
  const ports = movedPorts(moved).map(({ port }) => port);
  const message = `${moved.run.service} would have to publish ${ports.join(", ")} here, which docker compose ${composeVersion} cannot be told.`;
  throw new AppError("port_in_use", message, {
    next: `Stop the other workspace, or install docker compose ${OVERRIDE_SINCE.join(".")} or newer.`,
  });
}
