/** Reads compose YAML into plain maps and lists. How that is done safely stands in yaml-document.ts. */
import type { Problem } from "#shared/schema/environment.ts";
import { readYamlFileInTurns, type YamlFile } from "./yaml-document.ts";
import { isYamlMap, type YamlMap, type YamlValue } from "./yaml-values.ts";

export { isYamlMap, type YamlMap, type YamlValue };

export type ComposeDocument = Pick<YamlFile, "root" | "place" | "tag">;

export type ComposeReading =
  | { readonly ok: true; readonly document: ComposeDocument }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/**
 * Parses one compose file. Never throws: whatever is wrong is a problem with its line and column. A key that stands twice makes
 * all of it invalid, as it does for docker compose.
 */
export async function readComposeDocument(file: string, text: string): Promise<ComposeReading> {
  const reading = await readYamlFileInTurns(file, text);
  if (!reading.ok) return reading;
  const { problems } = reading.file;
  return problems.length > 0 ? { ok: false, problems } : { ok: true, document: reading.file };
}
