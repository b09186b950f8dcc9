import { ChevronRight, FilePen, FileText, Globe, ListTodo, Search, SquareTerminal, Wrench } from "lucide-react";
import { useState, type ComponentType } from "react";
import { formatDuration } from "../ui/format.ts";
import { SgrText } from "../ui/sgr-text.tsx";
import type { Look } from "../ui/state.ts";
import { StateMark } from "../ui/state-mark.tsx";
import { countChanges, parseDiff } from "../ui/diff.ts";
import { DiffView } from "../ui/diff-view.tsx";
import { diffOf, toolSubject, type ToolPart } from "./tool-facts.ts";

const icons: Record<string, ComponentType<{ className?: string }>> = {
  bash: SquareTerminal,
  edit: FilePen,
  write: FilePen,
  read: FileText,
  glob: Search,
  grep: Search,
  webfetch: Globe,
  todowrite: ListTodo,
};

const looks: Record<ToolPart["state"]["status"], Look> = {
  pending: { shape: "ring", tone: "quiet", word: "Preparing" },
  running: { shape: "half", tone: "busy", word: "Running" },
  completed: { shape: "full", tone: "good", word: "Done" },
  error: { shape: "alert", tone: "bad", word: "Failed" },
};

/** Output drawn at once. A tool's output is bounded by OpenCode; this bounds what a page lays out. In characters. */
const DRAWN_OUTPUT = 30_000;

/** What the agent did, as what it was. One line in the history; open where it ran before one’s eyes or failed. */
export function ToolCard({ part }: { part: ToolPart }) {
  const { state, tool } = part;
  const [chosen, setChosen] = useState<boolean | null>(null);
  const diff = diffOf(state.metadata);
  // What opened while it ran stays open: nothing folds away under the eye of the reader.
  const [live] = useState(state.status === "pending" || state.status === "running");
  const telling = tool === "bash" ? state.output !== null : diff !== null;
  const open = chosen ?? (state.status === "error" || (live && telling));
  const Icon = icons[tool] ?? Wrench;
  const took = state.startedAt !== null && state.endedAt !== null ? state.endedAt - state.startedAt : null;
  const subject = toolSubject(part);
  return (
    <section aria-label={`Tool ${tool}: ${subject}`} className="overflow-hidden rounded-lg inset-ring inset-ring-line">
      <button
        type="button"
        aria-expanded={open}
        onClick={() => setChosen(!open)}
        className="focus-inside flex h-8 w-full items-center gap-2 rounded-lg px-2.5 text-left hover:bg-hover"
      >
        <ChevronRight
          className={`size-3.5 shrink-0 text-faint transition-transform duration-150 ${open ? "rotate-90" : ""}`}
          aria-hidden="true"
        />
        <Icon className="size-3.5 shrink-0 text-muted" aria-hidden="true" />
        <span className="shrink-0 font-medium">{tool}</span>
        <span className="min-w-0 flex-1 truncate font-mono text-sm text-muted" title={subject}>
          {subject}
        </span>
        {diff && <Changes diff={diff} />}
        {took !== null && took >= 1_000 && (
          <span className="shrink-0 text-xs text-faint tabular-nums">{formatDuration(took)}</span>
        )}
        <StateMark look={looks[state.status]} />
      </button>
      {open && (
        <div className="flex flex-col gap-2 border-t border-line px-2.5 py-2">
          <Input part={part} />
          {diff && <DiffView diff={diff} />}
          {state.error && <p className="break-words whitespace-pre-wrap text-bad">{state.error}</p>}
          {state.output && !diff && <Output text={state.output} />}
          {!state.output && !state.error && !diff && (
            <p className="text-muted">{state.status === "completed" ? "No output." : "No output yet."}</p>
          )}
        </div>
      )}
    </section>
  );
}

function Changes({ diff }: { diff: string }) {
  const { added, removed } = countChanges(parseDiff(diff));
  return (
    <span className="shrink-0 text-xs tabular-nums">
      <span className="text-good">+{added}</span> <span className="text-bad">−{removed}</span>
    </span>
  );
}

function Input({ part }: { part: ToolPart }) {
  const { input, metadata } = part.state;
  if (Object.keys(input).length === 0) return null;
  if (part.tool === "bash" && typeof input.command === "string") {
    return (
      <pre className="overflow-x-auto font-mono text-sm break-words whitespace-pre-wrap">
        <span className="text-faint select-none">$ </span>
        {input.command}
      </pre>
    );
  }
  // An edit's change says more than its arguments.
  if (diffOf(metadata)) return null;
  return (
    <pre className="max-h-50 overflow-auto font-mono text-sm break-words whitespace-pre-wrap text-muted">
      {JSON.stringify(input, null, 2)}
    </pre>
  );
}

function Output({ text }: { text: string }) {
  const [whole, setWhole] = useState(false);
  const drawn = whole || text.length <= DRAWN_OUTPUT ? text : text.slice(-DRAWN_OUTPUT);
  return (
    <div>
      {drawn !== text && (
        <button type="button" className="mb-1 rounded-sm text-link hover:underline" onClick={() => setWhole(true)}>
          Show all of the output
        </button>
      )}
      {/* It scrolls, so it must be reachable by keyboard. */}
      <pre
        tabIndex={0}
        aria-label="Output"
        className="focus-inside max-h-75 overflow-auto rounded-md bg-sunken px-2.5 py-2 font-mono text-sm break-words whitespace-pre-wrap inset-ring inset-ring-line"
      >
        <SgrText text={drawn.replace(/\n$/, "")} />
      </pre>
    </div>
  );
}
