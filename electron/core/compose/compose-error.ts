import { AppError } from "../lib/error.ts";
import type { CommandResult } from "./command.ts";

/** docker's own words are the best there are; the port is the one case with a better next step. */
export function composeError(what: string, result: CommandResult): AppError {
  const lines = result.stderr
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
  const said =
    lines.findLast((line) => /error|denied|cannot|invalid|no such|unable|failed/i.test(line)) ?? lines.at(-1) ?? "";
  const details = { tail: lines.slice(-20), code: result.code };
  if (/port is already allocated|address already in use/i.test(result.stderr)) {
    return new AppError("port_in_use", `${what}: a published port is used by somebody else: ${said.slice(0, 300)}`, {
      next: "Free the port, or publish another one in the compose file; then start again.",
      details,
    });
  }
  if (isEngineGone(result.stderr)) {
    return new AppError("docker_stopped", `${what}: the Docker engine does not answer.`, {
      next: "Start Docker, then start again.",
      details,
    });
  }
  return new AppError("compose_failed", `${what} ended with code ${result.code ?? "none"}: ${said.slice(0, 300)}`, {
    next: "Run the same by hand to see more, or correct the compose file; then start again.",
    details,
  });
}

/** The client's words for an engine that is not there, or went away in the middle. */
function isEngineGone(stderr: string): boolean {
  return /cannot connect to the docker daemon|error during connect|connection reset by peer|unexpected EOF|: EOF\b|connection refused|server is shutting down/i.test(
    stderr,
  );
}
