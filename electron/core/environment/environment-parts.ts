/** What an environment is made of, put together. */
import { Conductor } from "./conductor.ts";
import { Containers } from "./containers.ts";
import type { EnvironmentDependencies } from "./environment-dependencies.ts";
import { Journal } from "./journal.ts";
import { LogFiles } from "./log-files.ts";
import { PhaseWatch } from "./phase-watch.ts";
import { Places } from "./places.ts";
import { PlanInForce } from "./plan-in-force.ts";
import { Roster } from "./roster.ts";
import { RunHistory } from "./run-history.ts";
import { Runs } from "./run.ts";
import { Seeds } from "./seeds.ts";
import { ServiceFactory } from "./service-factory.ts";
import { StartSteps } from "./start-steps.ts";
import { Watches } from "./watches.ts";
import type { Service } from "../service/service.ts";

export interface EnvironmentParts {
  readonly roster: Roster;
  readonly runs: Runs;
  readonly plan: PlanInForce;
  readonly history: RunHistory;
  readonly journal: Journal;
  readonly steps: StartSteps;
  readonly containers: Containers;
  readonly places: Places;
  readonly seeds: Seeds;
  readonly conductor: Conductor;
  readonly phase: PhaseWatch;
  readonly watches: Watches;
  readonly logFiles: LogFiles;
  readonly factory: ServiceFactory;
}

/** What the parts cannot decide for themselves. */
export interface EnvironmentCalls {
  /** A service has ended, and its author wants everything else to end with it. */
  readonly onEndOfAll: (service: Service) => void;
  /** After the changes of one turn of the event loop. */
  readonly onSettled: () => void;
  /** Files that a service is to be restarted for. */
  readonly onFilesChanged: (service: Service, reason: string) => void;
}

export function environmentParts(dependencies: EnvironmentDependencies, calls: EnvironmentCalls): EnvironmentParts {
  const { clock, logger, directory, runsFile = null, random = Math.random } = dependencies;
  const roster = new Roster();
  const journal = new Journal(dependencies);
  const note = (text: string) => journal.note(text);
  const steps = new StartSteps(clock);
  const containers = new Containers(dependencies);
  const places = new Places({ ...dependencies, roster, note });
  const history = new RunHistory({ file: runsFile, logger });
  const seeds = new Seeds({
    find: (name) => roster.find(name),
    history: (name) => history.of(name),
    dataOf: (services) => containers.dataOf(services),
    onKnown: (name) => conductor.lookAgain(name),
    logger,
  });
  const conductor: Conductor = new Conductor({
    ...dependencies,
    roster,
    places,
    seeds,
    journal,
    startOrder: (names) => steps.slowFirst(names),
    onEndOfAll: calls.onEndOfAll,
    onSettled: calls.onSettled,
  });
  const isTask = (service: Service | undefined) => service?.detected.plan.kind === "task";
  return {
    roster,
    runs: new Runs(),
    plan: new PlanInForce(),
    history,
    journal,
    steps,
    containers,
    places,
    seeds,
    conductor,
    phase: new PhaseWatch({
      clock,
      services: () => roster.all,
      note,
      // A start that is being prepared is about to take its own.
      onStopped: () => !conductor.preparing && places.releaseAll(),
    }),
    watches: new Watches({ root: directory, clock, logger, note, onChange: calls.onFilesChanged }),
    logFiles: new LogFiles({ ...dependencies, note }),
    factory: new ServiceFactory({
      ...dependencies,
      random,
      composeProject: () => containers.project,
      lastRun: (service) => history.of(service).at(-1) ?? null,
      onRun: (service, run) => history.add(service, seeds.marked(service, run), isTask(roster.find(service))),
      onChange: (service, change) => {
        if (change !== null) steps.note(service.name, change, isTask(service));
        conductor.serviceChanged(service, change);
      },
      onExplained: () => conductor.serviceExplained(),
    }),
  };
}
