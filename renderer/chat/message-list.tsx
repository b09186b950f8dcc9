import { ArrowDown } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import type { WorkspaceId } from "#shared/schema/id.ts";
import { Empty } from "../ui/empty.tsx";
import { FailureLine } from "../ui/failure-line.tsx";
import { useNow } from "../ui/now.ts";
import { useScrollIntent } from "../ui/scroll-intent.ts";
import { StateShape } from "../ui/state-mark.tsx";
import { MessageView } from "./message-view.tsx";
import type { SessionStore } from "./session-store.ts";
import { SessionStoreContext, useRead } from "./use-session.ts";

const AT_END_PX = 32;

/** The messages of a session. It stays at the end while the reader is there, and leaves the text alone otherwise. */
export function MessageList({ workspace, store }: { workspace: WorkspaceId; store: SessionStore }) {
  const messages = useRead(store, "list", store.messages);
  const loaded = useRead(store, "list", store.loaded);
  const truncated = useRead(store, "list", store.truncated);
  const scroller = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const following = useRef(true);
  const lastTop = useRef(0);
  const intent = useScrollIntent();
  const [away, setAway] = useState(false);

  const toEnd = () => {
    const box = scroller.current;
    if (!box) return;
    following.current = true;
    box.scrollTop = box.scrollHeight;
  };

  // Whoever says something wants to see the answer.
  const lastSaid = messages.findLast((message) => message.role === "user")?.id;
  useEffect(() => {
    if (lastSaid === undefined) return;
    following.current = true;
    if (scroller.current) scroller.current.scrollTop = scroller.current.scrollHeight;
  }, [lastSaid]);

  useEffect(() => {
    const box = scroller.current;
    const inner = content.current;
    if (!box || !inner) return undefined;
    const observer = new ResizeObserver(() => {
      if (following.current) box.scrollTop = box.scrollHeight;
    });
    observer.observe(inner);
    observer.observe(box);
    return () => observer.disconnect();
  }, []);

  const onScroll = () => {
    const box = scroller.current;
    if (!box) return;
    const atEnd = box.scrollHeight - box.scrollTop - box.clientHeight < AT_END_PX;
    if (atEnd) following.current = true;
    else if (box.scrollTop < lastTop.current - 1 && intent.isMeant()) following.current = false;
    lastTop.current = box.scrollTop;
    setAway(!following.current);
  };

  return (
    <div className="relative min-h-0 flex-1">
      {/* It scrolls, so it must be reachable by keyboard. */}
      <div
        ref={scroller}
        role="log"
        aria-label="Messages"
        tabIndex={0}
        {...intent.listeners}
        onScroll={onScroll}
        className="focus-inside h-full overflow-y-auto overscroll-contain [overflow-anchor:none]"
      >
        <div ref={content} className="mx-auto flex max-w-190 flex-col gap-4 px-5 py-4">
          {truncated && (
            <p className="text-center text-sm text-faint">Earlier messages of this session are not shown.</p>
          )}
          {loaded && messages.length === 0 && (
            <Empty title="Say what should be done">
              The agent works in this project’s folder. What it has to ask you first appears above the field you write
              in.
            </Empty>
          )}
          <SessionStoreContext value={store}>
            {messages.map((message, index) => (
              <MessageView
                key={message.id}
                workspace={workspace}
                message={message}
                last={index === messages.length - 1}
              />
            ))}
          </SessionStoreContext>
          <Progress store={store} />
        </div>
      </div>
      {away && (
        <button
          type="button"
          onClick={toEnd}
          className="absolute bottom-3 left-1/2 inline-flex h-7 -translate-x-1/2 items-center gap-1.5 rounded-full bg-raised px-3 font-medium shadow-pop inset-ring inset-ring-line-strong hover:bg-hover"
        >
          To the end <ArrowDown className="size-3.5" aria-hidden="true" />
        </button>
      )}
    </div>
  );
}

/** What the turn is doing when no message says it: working, waiting to try again, or why it ended. */
function Progress({ store }: { store: SessionStore }) {
  const session = useRead(store, "session", store.session);
  const error = useRead(store, "session", store.error);
  const status = session?.status ?? { type: "idle" };
  if (status.type === "retry") return <Retry message={status.message} attempt={status.attempt} next={status.next} />;
  if (status.type === "busy") {
    return (
      <p role="status" className="flex items-center gap-2 text-muted">
        <StateShape look={{ shape: "half", tone: "busy", word: "" }} /> Working…
      </p>
    );
  }
  if (!error || error.name === "MessageAbortedError") return null;
  return (
    <FailureLine failure={{ code: "turn_failed", message: error.message || error.name, next: null, details: {} }} />
  );
}

function Retry({ message, attempt, next }: { message: string; attempt: number; next: number }) {
  const seconds = Math.max(0, Math.ceil((next - useNow()) / 1_000));
  return (
    <p role="status" className="flex items-start gap-2 rounded-md bg-busy-wash px-3 py-1.5">
      <span className="mt-1">
        <StateShape look={{ shape: "half", tone: "busy", word: "" }} />
      </span>
      <span className="min-w-0 flex-1">
        The model did not answer: {message}{" "}
        <span className="text-muted tabular-nums">
          Trying again {seconds > 0 ? `in ${seconds}s` : "now"} (attempt {attempt}).
        </span>
      </span>
    </p>
  );
}
