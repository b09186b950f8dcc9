import type { EnvironmentStatus } from "#shared/schema/environment.ts";
import { Button } from "../ui/button.tsx";
import { FailureLine } from "../ui/failure-line.tsx";
import { useActions, usePending } from "../view/app.ts";
import { engineTrouble, engineWords } from "./trouble.ts";

/** Names that are shown before they are counted. */
const MOST_NAMES = 4;

/** Docker is missing, stopped or hanging: said once, above the containers that wait for it. */
export function EngineTrouble({ environment }: { environment: EnvironmentStatus }) {
  const { workspace, services } = environment;
  const actions = useActions();
  const trouble = engineTrouble(services);
  const [first = ""] = trouble?.names ?? [];
  const pending = usePending(`service:${workspace}:${first}`);
  if (trouble === null) return null;
  const { failure, names } = trouble;
  const more = names.length - MOST_NAMES;
  const shown = names.slice(0, MOST_NAMES).join(", ") + (more > 0 ? ` and ${more} more` : "");
  return (
    <div className="px-4 pb-2">
      <FailureLine failure={{ ...failure, message: `${engineWords(failure)}. Blocked: ${shown}.` }}>
        <Button
          small
          pending={pending}
          aria-label="Try the containers again"
          onClick={() => void actions.startServices(workspace, [...names])}
        >
          Try again
        </Button>
      </FailureLine>
    </div>
  );
}
