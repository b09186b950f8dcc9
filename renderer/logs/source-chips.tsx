import { useState } from "react";
import type { WorkspaceId } from "#shared/schema/id.ts";
import { useApp } from "../view/app.ts";

/** Beyond so many sources a field to narrow them down is of more use than a longer row. */
const CHIPS = 24;

/** Which sources are shown: all, or the pressed ones. */
export function SourceChips({
  workspace,
  sources,
  chosen,
}: {
  workspace: WorkspaceId;
  sources: readonly string[];
  chosen: readonly string[];
}) {
  const { view } = useApp();
  const [part, setPart] = useState("");
  const choose = (next: readonly string[]) =>
    view.set((state) => ({ sources: { ...state.sources, [workspace]: next } }));
  const fitting = sources.filter(
    (source) => chosen.includes(source) || source.toLowerCase().includes(part.toLowerCase()),
  );
  const listed = [...new Set([...chosen, ...fitting])].slice(0, Math.max(CHIPS, chosen.length));
  return (
    <div
      role="group"
      aria-label="Sources"
      className="flex h-9 shrink-0 items-center gap-1 overflow-x-auto border-b border-line px-4 pb-2 [scrollbar-width:none]"
    >
      {sources.length > CHIPS && (
        <input
          aria-label="Narrow down sources"
          value={part}
          onChange={(event) => setPart(event.target.value)}
          placeholder={`${sources.length} sources`}
          className="mr-1 h-6 w-28 shrink-0 rounded-md bg-sunken px-2 text-sm inset-ring inset-ring-line focus-inside"
        />
      )}
      <Chip label="All sources" short="All" pressed={chosen.length === 0} onClick={() => choose([])} />
      {(sources.length > CHIPS ? listed : sources).map((source) => (
        <Chip
          key={source}
          label={source}
          short={source}
          pressed={chosen.includes(source)}
          onClick={() =>
            choose(chosen.includes(source) ? chosen.filter((name) => name !== source) : [...chosen, source])
          }
        />
      ))}
      {sources.length > CHIPS && fitting.length > listed.length && (
        <span className="shrink-0 px-1 text-xs text-faint tabular-nums">{fitting.length - listed.length} more</span>
      )}
    </div>
  );
}

function Chip({
  label,
  short,
  pressed,
  onClick,
}: {
  label: string;
  short: string;
  pressed: boolean;
  onClick: () => void;
}) {
  return (
    <button
      type="button"
      aria-label={label}
      aria-pressed={pressed}
      onClick={onClick}
      className="focus-inside h-6 shrink-0 rounded-md px-2 text-sm text-muted hover:bg-hover hover:text-text aria-pressed:bg-selected aria-pressed:font-medium aria-pressed:text-link"
    >
      {short}
    </button>
  );
}
