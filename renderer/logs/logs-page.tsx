import { ScrollText } from "lucide-react";
import { useDeferredValue, useLayoutEffect, useMemo, useRef, useState } from "react";
import { stoppedServer } from "#shared/schema/server.ts";
import type { Project } from "#shared/schema/workspace.ts";
import { useLive } from "../ipc/live.ts";
import { Empty } from "../ui/empty.tsx";
import { useActions, useView } from "../view/app.ts";
import { serverSources } from "../view/server-report.ts";
import { countLines, rowsAsText } from "./copy.ts";
import { indexOfSeq } from "./log-buffer.ts";
import { LogList, type LogListHandle } from "./log-list.tsx";
import { ServerLogBar } from "./server-log-bar.tsx";
import { LogToolbar } from "./log-toolbar.tsx";
import { compileSearch } from "./search.ts";
import { SourceChips } from "./source-chips.tsx";
import { useFeed } from "./use-feed.ts";

const none: readonly string[] = [];

/** The logs of all services and the server of a workspace, in the order they were written. */
export function LogsPage({ project }: { project: Project }) {
  const { workspace } = project;
  const { feed, ended } = useFeed(workspace);
  const { buffer } = feed;
  const { item: environment } = useLive("environment.watch", { workspace });
  const actions = useActions();
  const sources = useView((view) => view.sources[workspace] ?? none);
  const streams = useView((view) => view.streams);
  const level = useView((view) => view.level);
  const onlyMatches = useView((view) => view.onlyMatches);
  const query = useView((view) => view.search);
  const search = useMemo(() => compileSearch(query), [query]);
  const compiled = useDeferredValue(search && "test" in search ? search : null);
  const list = useRef<LogListHandle>(null);
  const [match, setMatch] = useState<number | null>(null);

  useLayoutEffect(() => {
    buffer.setFilter({
      sources,
      streams,
      level: level === "all" ? null : level,
      search: compiled?.test ?? null,
      onlyMatches,
    });
    setMatch(null);
  }, [buffer, sources, streams, level, compiled, onlyMatches]);

  /** To the next match in a direction, from the current one or else from what is in sight; round the ends. */
  const step = (direction: 1 | -1) => {
    const { matches, shown } = buffer;
    if (matches.length === 0) return;
    const seen = list.current?.firstVisible() ?? 0;
    const from = match ?? (shown[seen] ? Math.floor(rowSeq(seen)) : 0);
    const next = direction === 1 ? matches.find((seq) => seq > from) : matches.findLast((seq) => seq < from);
    const target = next ?? (direction === 1 ? matches[0] : matches.at(-1));
    if (target === undefined) return;
    setMatch(target);
    list.current?.reveal(indexOfSeq(shown, target));
  };
  const rowSeq = (index: number): number => {
    const row = buffer.shown[index];
    return row ? ("gap" in row ? row.after : row.seq - 1) : 0;
  };

  const known = useMemo(
    () => [
      ...new Set([
        ...(environment?.services.map((service) => service.name) ?? []),
        "opencode",
        "deckhand",
        ...buffer.sources,
      ]),
    ],
    // New sources show up with the next state of the environment; looking at every line for them would be waste.
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [environment?.services, buffer, buffer.sources.size],
  );

  const copyLast = (count: number) => {
    const rows = buffer.shown.slice(-count);
    void actions.copy(rowsAsText(rows), `the last ${countLines(rows.length)}`);
  };

  return (
    <div className="flex h-full flex-col">
      <h1 className="sr-only">Logs of {project.name}</h1>
      <LogToolbar
        found={compiled ? buffer.matches.length : null}
        place={match === null ? null : buffer.matches.indexOf(match) + 1}
        error={search && "error" in search ? search.error : null}
        onStep={step}
        onCopyLast={copyLast}
        onCopyVisible={() => {
          const rows = list.current?.visibleRows() ?? [];
          void actions.copy(rowsAsText(rows), countLines(rows.length));
        }}
      />
      <SourceChips workspace={workspace} sources={known} chosen={sources} />
      {sources.length > 0 && sources.every((source) => serverSources.some((own) => own === source)) && environment && (
        <ServerLogBar workspace={workspace} server={environment.server ?? stoppedServer} />
      )}
      {ended && (
        <p role="alert" className="shrink-0 bg-busy-wash px-4 py-1.5">
          {ended}
        </p>
      )}
      <LogList
        ref={list}
        feed={feed}
        search={compiled}
        currentMatch={match}
        empty={
          <Empty title={emptyTitle(buffer.size, query, level !== "all")} icon={<ScrollText />}>
            {buffer.size === 0
              ? "What the services and the OpenCode server write appears here as it is written."
              : "Change the filters above to see more lines."}
          </Empty>
        }
      />
    </div>
  );
}

function emptyTitle(held: number, query: string, byLevel: boolean): string {
  if (held === 0) return "No log lines yet";
  if (query) return "No line matches";
  return byLevel ? "No line of this level" : "No line from these sources";
}
