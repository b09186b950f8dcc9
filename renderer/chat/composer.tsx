import { ArrowUp, Square } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import type { Session } from "#shared/schema/chat.ts";
import type { WorkspaceId } from "#shared/schema/id.ts";
import { isServerUp, type ServerStatus } from "#shared/schema/server.ts";
import { Button } from "../ui/button.tsx";
import { useActions, usePending, useView } from "../view/app.ts";
import { keepDraft, readDraft } from "./drafts.ts";
import { ModelPicker, useModel } from "./model-picker.tsx";

const SENDING = "Enter sends, Shift+Enter makes a new line";

/** Where the person writes. Send and Stop share one place; the draft outlives everything but sending it. */
export function Composer({
  workspace,
  session,
  server,
}: {
  workspace: WorkspaceId;
  session: Session | null;
  server: ServerStatus;
}) {
  const actions = useActions();
  const id = session?.id ?? null;
  const [draft, setDraft] = useState(() => readDraft(workspace, id));
  const { model } = useModel(workspace, server);
  const field = useRef<HTMLTextAreaElement>(null);
  const asked = useView((view) => view.composerAsked);
  const sending = usePending(`prompt:${workspace}`);
  const stopping = usePending(`abort:${id ?? ""}`);
  const busy = session !== null && session.status.type !== "idle";
  // Only a person starts such a server again, and on purpose; the draft stays.
  const gaveUp = server.state === "gave_up";
  useEffect(() => {
    if (asked > 0) field.current?.focus();
  }, [asked]);

  const write = (text: string) => {
    setDraft(text);
    keepDraft(workspace, id, text);
  };
  const send = async () => {
    const text = draft.trim();
    if (text === "" || sending || gaveUp) return;
    const sent = await actions.prompt(workspace, id, text, model, (made) => {
      keepDraft(workspace, made, text);
      keepDraft(workspace, null, "");
    });
    // Only what was sent goes; what was typed meanwhile stays.
    if (sent) {
      setDraft((now) => (now.trim() === text ? "" : now));
      if (readDraft(workspace, id).trim() === text) keepDraft(workspace, id, "");
    }
  };

  return (
    <div className="rounded-lg bg-raised inset-ring inset-ring-line-strong focus-within:inset-ring-2 focus-within:inset-ring-focus">
      <textarea
        ref={field}
        aria-label="Message"
        value={draft}
        rows={1}
        placeholder={busy ? "Write on: it is read when this turn is over" : "Ask for a change, a fix, an explanation…"}
        onChange={(event) => write(event.target.value)}
        onKeyDown={(event) => {
          // Enter that ends the composition of a character is not an answer.
          if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
          event.preventDefault();
          void send();
        }}
        className="block max-h-60 w-full resize-none bg-transparent px-3 pt-2.5 pb-1 outline-none [field-sizing:content]"
      />
      <div className="flex items-center gap-2 px-2 pb-2">
        <ModelPicker workspace={workspace} server={server} />
        <span className="ml-auto truncate text-xs text-faint">
          {gaveUp
            ? "Start the server to send"
            : draft !== "" && (isServerUp(server.state) ? SENDING : "Sending starts the server")}
        </span>
        {busy && id !== null ? (
          <Button
            className="w-18"
            aria-label="Stop the turn"
            pending={stopping}
            icon={<Square className="size-3" aria-hidden="true" />}
            onClick={() => void actions.abort(workspace, id)}
          >
            Stop
          </Button>
        ) : (
          <Button
            kind="primary"
            className="w-18"
            aria-label="Send message"
            pending={sending}
            disabled={draft.trim() === "" || gaveUp}
            icon={<ArrowUp className="size-3.5" aria-hidden="true" />}
            onClick={() => void send()}
          >
            Send
          </Button>
        )}
      </div>
    </div>
  );
}
