import { X } from "lucide-react";
import { useLive } from "../ipc/live.ts";
import { IconButton } from "../ui/button.tsx";
import type { Look } from "../ui/state.ts";
import { StateShape } from "../ui/state-mark.tsx";
import { useActions } from "../view/app.ts";

const looks: Record<"info" | "warning" | "error", Look> = {
  info: { shape: "ring", tone: "quiet", word: "Note" },
  warning: { shape: "alert", tone: "busy", word: "Warning" },
  error: { shape: "alert", tone: "bad", word: "Error" },
};

/** What the person should know about the host itself, until it is dismissed. */
export function Notices() {
  const { item: host } = useLive("host.watch", {});
  const actions = useActions();
  if (!host || host.notices.length === 0) return null;
  return (
    <section aria-label="Notices" className="shrink-0 border-b border-line">
      <ul>
        {host.notices.map((notice) => (
          <li key={notice.id} className="flex items-center gap-2 bg-sunken py-1 pr-2 pl-4">
            <StateShape look={looks[notice.severity]} />
            <p className="min-w-0 flex-1">
              <span className="sr-only">{looks[notice.severity].word}: </span>
              {notice.message} {notice.next && <span className="text-muted">{notice.next}</span>}
            </p>
            <IconButton label="Dismiss notice" onClick={() => void actions.dismissNotice(notice.id)}>
              <X />
            </IconButton>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Always on screen while the model is scripted, so that nobody takes its words for a model's. */
export function DemoStrip() {
  const { item: host } = useLive("host.watch", {});
  if (!host?.demo) return null;
  return (
    <section
      aria-label="Demo"
      className="flex h-6 shrink-0 items-center justify-center gap-2 bg-accent px-4 text-sm text-on-accent"
    >
      {host.demo}
    </section>
  );
}
