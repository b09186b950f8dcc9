/** What a start is about: the services wanted, with everything they need, checked. Pure. */
import { AppError } from "../lib/error.ts";
import { graphNode } from "./detect/detect.ts";
import type { DetectedProject } from "./detect/detected.ts";
import { planOrder, withDependencies } from "./graph.ts";

/** Names listed in a message. */
const MAX_LISTED = 20;

/**
 * The services a start needs: the named ones (without names all that are not disabled) and what they depend on.
 *
 * @throws AppError `no_services`, `unknown_service`, or `plan_invalid` with the problems in its details.
 */
export function servicesToStart(detected: DetectedProject, names: readonly string[] | undefined): ReadonlySet<string> {
  const { problems } = detected.detection;
  if (detected.services.size === 0) {
    const first = problems.find((problem) => problem.severity === "error");
    throw new AppError("no_services", first?.message ?? `Nothing to run was found in ${detected.directory}.`, {
      next: first === undefined ? "Add a dev script, a compose file or a Procfile." : `Look at ${first.source}.`,
      details: { problems },
    });
  }
  for (const name of names ?? [])
    if (!detected.services.has(name)) throw unknownService(name, detected.services.keys());
  const nodes = new Map([...detected.services].map(([name, service]) => [name, graphNode(service)]));
  const wanted = withDependencies(nodes, names ?? enabledNames(detected));
  // Only what is wanted must be in order: a circle among others is no reason not to start these.
  const order = planOrder([...nodes.values()].filter((node) => wanted.has(node.name)));
  const errors = order.problems.filter((problem) => problem.severity === "error");
  if (errors.length > 0) {
    const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : "";
    throw new AppError("plan_invalid", `${errors[0]?.message ?? ""}${more}`, {
      next: `Correct ${errors[0]?.source ?? "the files"} and start again.`,
      details: { problems: errors },
    });
  }
  return wanted;
}

function enabledNames(detected: DetectedProject): string[] {
  return [...detected.services].filter(([, { rules }]) => !rules.disabled).map(([name]) => name);
}

/** Names nobody has; says which there are. */
export function unknownService(name: string, known: Iterable<string>): AppError {
  const names = [...known];
  const listed = names.slice(0, MAX_LISTED).join(", ");
  return new AppError("unknown_service", `No service is called ${name}.`, {
    next:
      names.length === 0
        ? "Start the environment first."
        : `There are: ${listed}${names.length > MAX_LISTED ? ", …" : ""}.`,
    details: { name },
  });
}
