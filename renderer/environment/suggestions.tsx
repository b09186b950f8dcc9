import { useQuery } from "@tanstack/react-query";
import { Lightbulb, X } from "lucide-react";
import type { WorkspaceId } from "#shared/schema/id.ts";
import type { Suggestion } from "#shared/schema/monitoring.ts";
import { suggestionsQuery } from "../ipc/queries.ts";
import { IconButton } from "../ui/button.tsx";
import { Words } from "../ui/words.tsx";
import { useActions, useApp, useView } from "../view/app.ts";

const none: readonly Suggestion[] = [];

/** What was seen often enough to be worth a word, without what was put away. */
export function useSuggestions(workspace: WorkspaceId): readonly Suggestion[] {
  const { client } = useApp();
  const { data } = useQuery(suggestionsQuery(client, workspace));
  const dismissed = useView((view) => view.dismissed);
  return data?.suggestions.filter(({ id }) => !dismissed.includes(keyOf(workspace, id))) ?? none;
}

const keyOf = (workspace: WorkspaceId, id: string): string => `${workspace} ${id}`;

/** What may be made better, below the services. Never more than a quarter of the page. */
export function Suggestions({
  workspace,
  suggestions,
}: {
  workspace: WorkspaceId;
  suggestions: readonly Suggestion[];
}) {
  if (suggestions.length === 0) return null;
  return (
    <section aria-label="Suggestions" className="flex max-h-[25%] shrink-0 flex-col border-t border-line">
      <h2 className="px-4 pt-2 pb-1 text-sm font-medium text-muted">
        Suggestions <span className="text-faint tabular-nums">{suggestions.length}</span>
      </h2>
      <div className="min-h-0 overflow-y-auto px-4 pb-2">
        <SuggestionList workspace={workspace} suggestions={suggestions} />
      </div>
    </section>
  );
}

export function SuggestionList({
  workspace,
  suggestions,
}: {
  workspace: WorkspaceId;
  suggestions: readonly Suggestion[];
}) {
  const actions = useActions();
  return (
    <ul className="flex flex-col gap-1">
      {suggestions.map((suggestion) => (
        <li key={suggestion.id} className="flex items-start gap-2">
          <Lightbulb className="mt-1 size-3 shrink-0 text-faint" aria-hidden="true" />
          <p className="min-w-0 flex-1 py-0.5 break-words">
            <Words text={suggestion.seen} />{" "}
            <span className="text-muted">
              <Words text={suggestion.advice} />
            </span>
          </p>
          <IconButton
            label={`Put away the suggestion about ${suggestion.service}`}
            onClick={() => actions.dismissSuggestion(keyOf(workspace, suggestion.id))}
          >
            <X />
          </IconButton>
        </li>
      ))}
    </ul>
  );
}
