import { Menu } from "@base-ui/react/menu";
import { ChevronDown, ChevronUp, Clock, Copy, Filter, Search, WrapText } from "lucide-react";
import { useEffect, useRef } from "react";
import type { LogLine } from "#shared/schema/log.ts";
import { IconButton } from "../ui/button.tsx";
import { formatCount } from "../ui/format.ts";
import { Segments } from "../ui/segments.tsx";
import { useApp, useView } from "../view/app.ts";
import { LevelPicker } from "./level-picker.tsx";

type StreamChoice = "all" | LogLine["stream"];

/** Search, stream filter, and how lines are shown and copied. */
export function LogToolbar({
  found,
  place,
  error,
  onStep,
  onCopyLast,
  onCopyVisible,
}: {
  /** Matching lines; null while nothing is searched for. */
  found: number | null;
  /** The current match, counted from one. */
  place: number | null;
  error: string | null;
  onStep: (direction: 1 | -1) => void;
  onCopyLast: (count: number) => void;
  onCopyVisible: () => void;
}) {
  const { view } = useApp();
  const query = useView((state) => state.search);
  const asked = useView((state) => state.searchAsked);
  const onlyMatches = useView((state) => state.onlyMatches);
  const wrap = useView((state) => state.wrap);
  const timestamps = useView((state) => state.timestamps);
  const stream = useView((state) => state.streams[0] ?? "all");
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (asked === 0) return;
    field.current?.focus();
    field.current?.select();
  }, [asked]);
  const nothing = found === null || found === 0;

  return (
    <div
      role="toolbar"
      aria-label="Logs"
      className="flex min-h-11 shrink-0 flex-wrap items-center gap-x-2 gap-y-1 px-4 py-2"
    >
      <div
        className={`flex h-7 max-w-105 min-w-36 grow basis-60 items-center gap-2 rounded-md bg-sunken pl-2.5 inset-ring focus-within:outline-2 focus-within:outline-focus ${error ? "inset-ring-bad" : "inset-ring-line"}`}
      >
        <Search className="size-3.5 shrink-0 text-faint" aria-hidden="true" />
        <input
          ref={field}
          type="text"
          role="searchbox"
          aria-label="Find in logs"
          aria-invalid={error !== null}
          title={error ?? undefined}
          value={query}
          spellCheck={false}
          placeholder="Find, or /expression/"
          onChange={(event) => view.set({ search: event.target.value })}
          onKeyDown={(event) => {
            if (event.key === "Enter") onStep(event.shiftKey ? -1 : 1);
            else if (event.key === "Escape" && query) view.set({ search: "" });
            else if (event.key === "Escape") event.currentTarget.blur();
          }}
          className="h-full min-w-0 flex-1 bg-transparent outline-none"
        />
        {query && (
          <span role="status" aria-label="Matches" className="shrink-0 text-xs text-muted tabular-nums">
            {error
              ? "not an expression"
              : found === null
                ? ""
                : place
                  ? `${formatCount(place)} of ${formatCount(found)}`
                  : `${formatCount(found)} found`}
          </span>
        )}
        <span className="mr-0.5 flex">
          <IconButton label="Previous match" disabled={nothing} onClick={() => onStep(-1)}>
            <ChevronUp />
          </IconButton>
          <IconButton label="Next match" disabled={nothing} onClick={() => onStep(1)}>
            <ChevronDown />
          </IconButton>
          <IconButton
            label="Show matching lines only"
            aria-pressed={onlyMatches}
            onClick={() => view.set({ onlyMatches: !onlyMatches })}
          >
            <Filter />
          </IconButton>
        </span>
      </div>
      <div className="ml-auto flex items-center gap-1">
        <Segments<StreamChoice>
          label="Stream"
          value={stream}
          options={[
            { value: "all", label: "All" },
            { value: "stdout", label: "stdout" },
            { value: "stderr", label: "stderr" },
            { value: "note", label: "Notes" },
          ]}
          onChange={(choice) => view.set({ streams: choice === "all" ? [] : [choice] })}
        />
        <LevelPicker />
        <span className="w-1" />
        <IconButton label="Show times" aria-pressed={timestamps} onClick={() => view.set({ timestamps: !timestamps })}>
          <Clock />
        </IconButton>
        <IconButton label="Wrap long lines" aria-pressed={wrap} onClick={() => view.set({ wrap: !wrap })}>
          <WrapText />
        </IconButton>
        <Menu.Root>
          <Menu.Trigger render={<IconButton label="Copy lines" />}>
            <Copy />
          </Menu.Trigger>
          <Menu.Portal>
            <Menu.Positioner align="end" sideOffset={4} className="z-30">
              <Menu.Popup className="pop min-w-44 rounded-lg bg-raised p-1 shadow-pop outline-none inset-ring inset-ring-line">
                <CopyItem label="Copy the last 100 lines" onClick={() => onCopyLast(100)} />
                <CopyItem label="Copy the last 1,000 lines" onClick={() => onCopyLast(1_000)} />
                <CopyItem label="Copy the lines in sight" onClick={onCopyVisible} />
              </Menu.Popup>
            </Menu.Positioner>
          </Menu.Portal>
        </Menu.Root>
      </div>
    </div>
  );
}

function CopyItem({ label, onClick }: { label: string; onClick: () => void }) {
  return (
    <Menu.Item
      onClick={onClick}
      className="flex h-7 items-center rounded-md px-2 outline-none data-[highlighted]:bg-selected"
    >
      {label}
    </Menu.Item>
  );
}
