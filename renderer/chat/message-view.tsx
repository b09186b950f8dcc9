import { ChevronRight, FileDiff } from "lucide-react";
import { memo, useState } from "react";
import type { WorkspaceId } from "#shared/schema/id.ts";
import { Button } from "../ui/button.tsx";
import { FailureLine } from "../ui/failure-line.tsx";
import { StateShape } from "../ui/state-mark.tsx";
import { useActions, usePending } from "../view/app.ts";
import { Markdown } from "./markdown.tsx";
import type { MessageRef } from "./session-store.ts";
import { ToolCard } from "./tool-card.tsx";
import { useMessageInfo, usePart } from "./use-session.ts";

/** One message: the person's on a ground of its own, the agent's as the page. Each part re-renders by itself. */
export const MessageView = memo(function MessageView({
  workspace,
  message,
  last,
}: {
  workspace: WorkspaceId;
  message: MessageRef;
  last: boolean;
}) {
  const user = message.role === "user";
  return (
    <article
      aria-label={user ? "You" : "Agent"}
      className={user ? "rounded-lg bg-sunken px-3 py-2 inset-ring inset-ring-line" : "flex flex-col gap-2"}
    >
      {message.partIds.map((id) => (
        <PartView key={id} id={id} user={user} />
      ))}
      <MessageError id={message.id} />
      <Interrupted workspace={workspace} id={message.id} last={last} />
    </article>
  );
});

function PartView({ id, user }: { id: string; user: boolean }) {
  const part = usePart(id);
  switch (part?.type) {
    case "text":
      // Text that OpenCode adds for the model is not the person's words.
      if (part.text === "" || part.synthetic) return null;
      return user ? (
        <p className="break-words whitespace-pre-wrap">{part.text}</p>
      ) : (
        <Markdown text={part.text} done={part.done} />
      );
    case "reasoning":
      return part.text.trim() === "" ? null : <Reasoning text={part.text} done={part.done} />;
    case "tool":
      return <ToolCard part={part} />;
    case "patch":
      return part.files.length === 0 ? null : (
        <p className="flex items-center gap-2 text-sm text-muted">
          <FileDiff className="size-3.5 shrink-0" aria-hidden="true" />
          <span className="truncate" title={part.files.join("\n")}>
            Changed {part.files.map((file) => file.split("/").at(-1)).join(", ")}
          </span>
        </p>
      );
    case undefined:
      return null;
  }
}

function Reasoning({ text, done }: { text: string; done: boolean }) {
  const [open, setOpen] = useState(false);
  return (
    <section>
      <button
        type="button"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
        className="-ml-1 flex items-center gap-1 rounded-sm px-1 text-muted hover:text-text"
      >
        <ChevronRight
          className={`size-3.5 text-faint transition-transform duration-150 ${open ? "rotate-90" : ""}`}
          aria-hidden="true"
        />
        {done ? "Reasoning" : "Reasoning…"}
      </button>
      {open && (
        <div className="mt-1 border-l-2 border-line pl-3 text-muted">
          <Markdown text={text} done={done} />
        </div>
      )}
    </section>
  );
}

/** The turn was cut off: why, and the way on while nothing was said after it. */
function Interrupted({ workspace, id, last }: { workspace: WorkspaceId; id: string; last: boolean }) {
  const actions = useActions();
  const info = useMessageInfo(id);
  const pending = usePending(`continue:${info?.sessionId ?? ""}`);
  if (!info?.interrupted) return null;
  return (
    <div role="group" aria-label="Interrupted turn" className="flex items-center gap-3 text-muted">
      <StateShape look={{ shape: "ring", tone: "quiet", word: "" }} />
      <p className="min-w-0 flex-1">Cut off: {info.interrupted}</p>
      {last && (
        <Button small pending={pending} onClick={() => void actions.continueTurn(workspace, info.sessionId)}>
          Continue
        </Button>
      )}
    </div>
  );
}

function MessageError({ id }: { id: string }) {
  const info = useMessageInfo(id);
  const error = info?.error;
  // What OpenCode says of a turn that our line explains would only repeat it.
  if (!error || info?.interrupted) return null;
  if (error.name === "MessageAbortedError") return <p className="text-sm text-muted">Stopped.</p>;
  return (
    <FailureLine failure={{ code: "turn_failed", message: error.message || error.name, next: null, details: {} }} />
  );
}
