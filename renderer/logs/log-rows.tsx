import { memo, useState } from "react";
import type { LogLine } from "#shared/schema/log.ts";
import { formatClock, formatCount } from "../ui/format.ts";
import { plainText } from "../ui/sgr.ts";
import { SgrText } from "../ui/sgr-text.tsx";
import { useActions } from "../view/app.ts";
import { failureOf } from "../view/actions.ts";
import { countLines } from "./copy.ts";
import { missing, type Gap, type Row } from "./log-buffer.ts";
import type { Search } from "./search.ts";

/** Characters of a line that are drawn. Longer lines are rare and slow; copying gives all of it. */
const DRAWN_CHARACTERS = 4_000;

const streamNames: Record<LogLine["stream"], string> = { stdout: "stdout", stderr: "stderr", note: "note of Deckhand" };

type LineProperties = {
  line: LogLine;
  search: Search | null;
  current: boolean;
  selected: boolean;
  wrap: boolean;
  timestamps: boolean;
  onSelect: (row: Row, extend: boolean) => void;
};

export const LineRow = memo(function LineRow({
  line,
  search,
  current,
  selected,
  wrap,
  timestamps,
  onSelect,
}: LineProperties) {
  const actions = useActions();
  const text = line.text.length > DRAWN_CHARACTERS ? line.text.slice(0, DRAWN_CHARACTERS) : line.text;
  const marked = search ? search.ranges(plainText(text)) : undefined;
  return (
    <div
      data-seq={line.seq}
      className={`group flex pr-4 pl-4 leading-5 hover:bg-hover ${selected ? "bg-selected" : ""} ${current ? "current-match bg-selected" : ""}`}
    >
      {/* The gutter picks whole lines; the keys for it are those of the list (select all, copy). */}
      <span
        className={`flex shrink-0 border-r-2 text-faint select-none ${line.stream === "stderr" ? "border-busy" : "border-transparent"}`}
        title={`${line.source}, ${streamNames[line.stream]}, line ${line.seq}. Click to select, Shift-click to extend`}
        onClick={(event) => onSelect(line, event.shiftKey)}
      >
        {timestamps && <span className="w-[13ch] tabular-nums">{formatClock(line.at)}</span>}
        <span className="w-[11ch] truncate pr-1 text-muted">{line.source}</span>
      </span>
      <span
        className={`min-w-0 flex-1 pl-2 ${wrap ? "break-words whitespace-pre-wrap" : "whitespace-pre"} ${line.stream === "note" ? "text-muted italic" : ""}`}
      >
        {marked ? <SgrText text={text} marked={marked} /> : <SgrText text={text} />}
        {text !== line.text && (
          <span className="text-faint"> … {formatCount(line.text.length - text.length)} more characters</span>
        )}
        {line.cut && <span className="text-faint"> ⏎</span>}
      </span>
      <button
        type="button"
        tabIndex={-1}
        aria-label={`Copy line ${line.seq}`}
        title="Copy line"
        onClick={() => void actions.copy(plainText(line.text), "1 line")}
        className="sticky right-2 hidden size-5 shrink-0 items-center justify-center rounded-sm bg-raised text-muted inset-ring inset-ring-line group-hover:inline-flex hover:text-text"
      >
        <span className="copy-glyph size-3" aria-hidden="true" />
      </button>
    </div>
  );
});

/** Lines that are not here: how many, and the way to get them. */
export function GapRow({ gap, onLoad }: { gap: Gap; onLoad: () => Promise<void> }) {
  const load = useLoading(onLoad);
  const count = countLines(missing(gap)).replace(/^\d+/, (digits) => formatCount(Number(digits)));
  return (
    <div className="sticky left-0 flex h-5 w-fit items-center gap-2 px-4 font-sans leading-5 text-muted">
      {gap.lost ? `${count} are no longer kept` : `${count} skipped`}
      {!gap.lost && (
        <button
          type="button"
          disabled={load.pending}
          onClick={load.start}
          className="rounded-sm font-medium text-link hover:underline disabled:opacity-60"
        >
          Load {missing(gap) > 5_000 ? "5,000" : "them"}
        </button>
      )}
      {load.error && <span className="text-bad">{load.error}</span>}
    </div>
  );
}

export function EarlierRow({ onLoad }: { onLoad: () => Promise<void> }) {
  const load = useLoading(onLoad);
  return (
    <div className="sticky left-0 flex h-6 w-fit items-center gap-2 px-4 font-sans">
      <button
        type="button"
        disabled={load.pending}
        onClick={load.start}
        className="rounded-sm text-link hover:underline disabled:opacity-60"
      >
        Load earlier lines
      </button>
      {load.error && <span className="text-bad">{load.error}</span>}
    </div>
  );
}

function useLoading(onLoad: () => Promise<void>) {
  const [pending, setPending] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const start = async () => {
    setPending(true);
    setError(null);
    try {
      await onLoad();
    } catch (trouble) {
      setError(failureOf(trouble).message);
    } finally {
      setPending(false);
    }
  };
  return { pending, error, start: () => void start() };
}
