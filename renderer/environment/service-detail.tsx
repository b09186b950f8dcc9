import { Play, RotateCw, ScrollText, Square, X } from "lucide-react";
import type { WorkspaceId } from "#shared/schema/id.ts";
import type { ServiceStatus } from "#shared/schema/service.ts";
import { Button, IconButton } from "../ui/button.tsx";
import { Segments } from "../ui/segments.tsx";
import { useActions, usePending, useView } from "../view/app.ts";
import type { DetailPart } from "../view/view.ts";
import { ServiceCurves } from "./service-curves.tsx";
import { ServiceDefinition } from "./service-definition.tsx";
import { ServiceFacts } from "./service-facts.tsx";
import { ServiceHistory } from "./service-history.tsx";
import { ServiceTrouble } from "./service-trouble.tsx";
import { SuggestionList, useSuggestions } from "./suggestions.tsx";
import { Tail } from "./tail.tsx";

const parts: readonly { value: DetailPart; label: string }[] = [
  { value: "overview", label: "Overview" },
  { value: "definition", label: "Definition" },
  { value: "history", label: "History" },
];

/** Everything known about one service: how it is, what it is made of, and what became of it before. */
export function ServiceDetail({
  workspace,
  service,
  services,
  at,
  onClose,
}: {
  workspace: WorkspaceId;
  service: ServiceStatus;
  services: readonly ServiceStatus[];
  at: number;
  onClose: () => void;
}) {
  const { name } = service;
  const actions = useActions();
  const part = useView((view) => view.detailPart);
  const suggestions = useSuggestions(workspace).filter((suggestion) => suggestion.service === name);
  return (
    <aside aria-label={`Details of ${name}`} tabIndex={-1} className="focus-inside flex h-full flex-col bg-canvas">
      <div className="flex min-h-11 shrink-0 items-center gap-2 py-1 pr-2 pl-4">
        <h2 className="line-clamp-3 min-w-0 flex-1 font-semibold wrap-anywhere" title={name}>
          {name}
        </h2>
        <IconButton label="Close details" onClick={onClose}>
          <X />
        </IconButton>
      </div>
      <div className="shrink-0 px-4 pb-3">
        <Controls workspace={workspace} service={service} />
        <div className="mt-3 flex">
          <Segments label="Part of the details" value={part} options={parts} onChange={actions.showDetailPart} />
        </div>
      </div>
      <div className="min-h-0 flex-1 overflow-y-auto px-4 pb-4">
        {part === "overview" && (
          <>
            <ServiceTrouble workspace={workspace} service={service} services={services} />
            {suggestions.length > 0 && (
              <section aria-label="Suggestions" className="mb-3 rounded-md bg-sunken px-2.5 py-1.5">
                <SuggestionList workspace={workspace} suggestions={suggestions} />
              </section>
            )}
            <ServiceFacts workspace={workspace} service={service} services={services} at={at} />
            <ServiceCurves workspace={workspace} service={name} />
            <Tail workspace={workspace} source={name} />
          </>
        )}
        {part === "definition" && <ServiceDefinition workspace={workspace} service={service} services={services} />}
        {part === "history" && <ServiceHistory workspace={workspace} service={service} />}
      </div>
    </aside>
  );
}

function Controls({ workspace, service }: { workspace: WorkspaceId; service: ServiceStatus }) {
  const actions = useActions();
  const { name } = service;
  const pending = usePending(`service:${workspace}:${name}`);
  const wanted = service.desired === "running" && service.phase !== "completed";
  const icon = "size-3";
  return (
    <div className="flex flex-wrap gap-1.5">
      {wanted ? (
        <Button
          small
          pending={pending}
          icon={<Square className={icon} aria-hidden="true" />}
          onClick={() => void actions.stopServices(workspace, [name])}
        >
          Stop
        </Button>
      ) : (
        <Button
          small
          pending={pending}
          icon={<Play className={icon} aria-hidden="true" />}
          onClick={() => void actions.startServices(workspace, [name])}
        >
          {service.phase === "completed" ? "Run again" : "Start"}
        </Button>
      )}
      <Button
        small
        disabled={pending || service.phase === "stopped" || service.phase === "disabled"}
        icon={<RotateCw className={icon} aria-hidden="true" />}
        onClick={() => void actions.restartServices(workspace, [name])}
      >
        Restart
      </Button>
      <Button
        small
        icon={<ScrollText className={icon} aria-hidden="true" />}
        onClick={() => actions.showLogs(workspace, [name])}
      >
        Logs
      </Button>
    </div>
  );
}
