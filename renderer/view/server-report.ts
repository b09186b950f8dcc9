/** What one sends along with a question about a server: its state, what is wrong with it, and the end of its log. */
import type { Failure } from "#shared/failure.ts";
import { lastOutput } from "#shared/last-output.ts";
import type { LogLine } from "#shared/schema/log.ts";
import type { ServerStatus } from "#shared/schema/server.ts";
import { lineAsText } from "../ui/log-text.ts";

/** The sources of the log that are about the server, its own first. */
export const serverSources = ["opencode", "opencode-events"] as const;
/** Of its own log; the events would push everything else out. */
export const REPORTED_LINES = 100;

/** Plain text; secrets have been replaced where the lines were taken in. */
export function serverReport(server: ServerStatus, lines: readonly LogLine[]): string {
  const facts = [
    `OpenCode server: ${server.state.replace("_", " ")}`,
    server.version && `version ${server.version}`,
    server.protocol !== null && `protocol ${server.protocol}`,
    server.pid !== null && `pid ${server.pid}`,
    server.url,
    server.ownership === "adopted" && "adopted",
    `generation ${server.generation}`,
    `${server.restarts} restarts`,
  ].filter(Boolean);
  const troubles = [...(server.failure === null ? [] : [server.failure]), ...server.notices];
  return [
    facts.join(", "),
    ...(troubles.length === 0 ? ["No trouble is known."] : troubles.flatMap(troubleLines)),
    "",
    lines.length === 0 ? "Its log is empty." : `The last ${lines.length} lines of its log:`,
    ...lines.map(lineAsText),
    "",
  ].join("\n");
}

function troubleLines(failure: Failure): string[] {
  const { stdout, stderr, mixed } = lastOutput(failure);
  const rest = Object.fromEntries(
    Object.entries(failure.details).filter(([name]) => !["stdout", "stderr", "tail", "lines"].includes(name)),
  );
  return [
    "",
    `${failure.code}: ${failure.message}`,
    ...(failure.next === null ? [] : [`Next: ${failure.next}`]),
    ...(Object.keys(rest).length === 0 ? [] : [`Details: ${JSON.stringify(rest)}`]),
    ...section("Last of stdout:", stdout),
    ...section("Last of stderr:", stderr),
    ...section("Last output:", mixed),
  ];
}

const section = (title: string, lines: readonly string[]): string[] =>
  lines.length === 0 ? [] : [title, ...lines.map((line) => `  ${line}`)];
