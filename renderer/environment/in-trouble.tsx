import type { EnvironmentStatus } from "#shared/schema/environment.ts";
import type { ServiceStatus } from "#shared/schema/service.ts";
import { healthLook, serviceLook, type Look } from "../ui/state.ts";
import { StateShape } from "../ui/state-mark.tsx";
import { useActions } from "../view/app.ts";
import { inTrouble, nextInTrouble } from "./trouble.ts";

/** Services that are named before they are counted. */
const MOST_NAMED = 2;

/** Which services are in trouble, however far down the list or the picture they stand. A press leads to each. */
export function InTrouble({ environment, chosen }: { environment: EnvironmentStatus; chosen: string | null }) {
  const { services, workspace } = environment;
  const actions = useActions();
  const troubled = inTrouble(services);
  if (troubled.length === 0) return null;
  const more = troubled.length - MOST_NAMED;
  const skipped = services.filter(({ phase }) => phase === "skipped").length;
  return (
    <div role="group" aria-label="In trouble" className="flex min-w-0 flex-wrap items-center gap-x-3 gap-y-1 text-sm">
      {troubled.slice(0, MOST_NAMED).map((service) => (
        <button
          key={service.name}
          type="button"
          title={service.failure?.message ?? service.why ?? undefined}
          onClick={() => actions.showService(workspace, service.name)}
          className="flex min-w-0 items-center gap-1.5 rounded-sm text-bad hover:underline"
        >
          <StateShape look={lookOf(service)} />
          <span className="truncate">
            {service.name} {lookOf(service).word.toLowerCase()}
          </span>
        </button>
      ))}
      {more > 0 && (
        <button
          type="button"
          title="Show the next one"
          onClick={() => actions.showService(workspace, nextInTrouble(services, chosen))}
          className="shrink-0 rounded-sm text-bad hover:underline"
        >
          and {more} more
        </button>
      )}
      {skipped > 0 && <span className="shrink-0 text-muted tabular-nums">{skipped} skipped</span>}
    </div>
  );
}

/** Of a service that runs and is unhealthy, that is the trouble. */
function lookOf(service: ServiceStatus): Look {
  const look = serviceLook(service);
  return look.tone === "bad" ? look : (healthLook(service.health) ?? look);
}
