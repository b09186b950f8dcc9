/** What an edit does to the order of the services, told where it was typed. Pure. */
import type { FieldProblem } from "#shared/schema/service-edit.ts";
import { graphNode } from "../detect/detect.ts";
import type { DetectedService } from "../detect/detected.ts";
import { planOrder } from "../graph.ts";

/**
 * What would keep the services from being put in order, and did not before.
 *
 * @param touched The services whose needs were typed.
 */
export function orderProblems(
  before: ReadonlyMap<string, DetectedService>,
  after: ReadonlyMap<string, DetectedService>,
  touched: ReadonlySet<string>,
): FieldProblem[] {
  const known = new Set(errorsOf(before, touched).map(({ message }) => message));
  return errorsOf(after, touched).filter(({ message }) => !known.has(message));
}

function errorsOf(services: ReadonlyMap<string, DetectedService>, touched: ReadonlySet<string>): FieldProblem[] {
  const elsewhere = JSON.stringify([]);
  const nodes = [...services.values()].map((service) => ({
    ...graphNode(service),
    source: elsewhere,
    places: touched.has(service.plan.name)
      ? new Map([...service.dependencies.keys()].map((name) => [name, JSON.stringify(["depends_on", name])]))
      : new Map<string, string>(),
  }));
  return planOrder(nodes)
    .problems.filter(({ severity }) => severity === "error")
    .map(({ source, message }) => ({ path: JSON.parse(source) as (string | number)[], message }));
}
