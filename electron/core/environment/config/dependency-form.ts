/** `depends_on`, in compose's two forms and with the words of process-compose. */
import type { DependencyCondition } from "#shared/schema/service.ts";
import type { Dependency } from "../detect/detected.ts";
import { byShape, described, flag, keys, listOf, mapOf, mapped, text, words, type Form, named } from "./form.ts";

/** Every word for a condition that is understood. */
export const conditionWords: Readonly<Record<string, DependencyCondition>> = {
  service_started: "service_started",
  service_healthy: "service_healthy",
  service_completed_successfully: "service_completed_successfully",
  service_completed: "service_completed",
  service_log_ready: "service_log_ready",
  process_started: "service_started",
  process_healthy: "service_healthy",
  process_completed_successfully: "service_completed_successfully",
  process_completed: "service_completed",
  process_log_ready: "service_log_ready",
  started: "service_started",
  healthy: "service_healthy",
  ready: "service_healthy",
  succeeded: "service_completed_successfully",
  completed_successfully: "service_completed_successfully",
  completed: "service_completed",
  log_ready: "service_log_ready",
};

const conditionForm = words(
  conditionWords,
  "service_started, service_healthy, service_completed_successfully, service_completed, service_log_ready",
);

const started: Dependency = { condition: "service_started", required: true };

const dependencyForm: Form<Dependency> = {
  ...byShape<Dependency>("a condition, or `{ condition, required, restart }`", {
    single: mapped(conditionForm, (condition): Dependency => ({ condition, required: true })),
    map: mapped(
      keys("a dependency", {
        condition: conditionForm,
        required: described("False: it starts also without the other one.", flag()),
        restart: described("It is restarted with the other one.", flag()),
      }),
      ({ condition = "service_started", required = true, restart }): Dependency => ({
        condition,
        required,
        ...(restart === undefined ? {} : { restart }),
      }),
    ),
  }),
};

/** `db:` without anything is a dependency like any other. */
const dependencyOrNothing: Form<Dependency> = {
  says: dependencyForm.says,
  schema: { anyOf: [dependencyForm.schema, { type: "null" }] },
  read: (value, spot) => (value === null ? started : dependencyForm.read(value, spot)),
};

export const dependsOnForm: Form<ReadonlyMap<string, Dependency>> = named(
  "dependsOn",
  byShape<ReadonlyMap<string, Dependency>>("a list of services, or a map (service: condition)", {
    single: mapped(
      text("the name of a service"),
      (name): ReadonlyMap<string, Dependency> => new Map([[name, started]]),
    ),
    list: mapped(
      listOf(text("the name of a service")),
      (names): ReadonlyMap<string, Dependency> => new Map(names.map((name) => [name, started])),
    ),
    map: mapOf(dependencyOrNothing),
  }),
);
