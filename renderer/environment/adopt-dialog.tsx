import { useQuery } from "@tanstack/react-query";
import { useRef, useState, type InputHTMLAttributes, type Ref } from "react";
import type { Failure } from "#shared/failure.ts";
import type { WorkspaceId } from "#shared/schema/id.ts";
import { sharedServerQuery } from "../ipc/queries.ts";
import { Button } from "../ui/button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { FailureLine } from "../ui/failure-line.tsx";
import { failureOf } from "../view/actions.ts";
import { useApp } from "../view/app.ts";
import { SharedServerOffer } from "./shared-server-offer.tsx";

/** What was pressed: the offer, or the form below it. */
type Way = "shared" | "typed";

/** Address and password of a server that runs already. The password is sent once and kept nowhere on disk. */
export function AdoptDialog({ workspace, url: known }: { workspace: WorkspaceId; url: string }) {
  const { client, view } = useApp();
  const [url, setUrl] = useState(known);
  const [password, setPassword] = useState("");
  const [failed, setFailed] = useState<{ way: Way; failure: Failure } | null>(null);
  const [pending, setPending] = useState<Way | null>(null);
  const shared = useQuery(sharedServerQuery(client, workspace));
  const address = useRef<HTMLInputElement>(null);
  const secret = useRef<HTMLInputElement>(null);
  const close = () => view.set({ dialog: null });
  const failure = failed?.way === "typed" ? failed.failure : null;

  // Not through the actions: what is wrong with the address belongs beside it, not into a toast.
  const adopt = async (way: Way, target: { url: string; password: string | null }) => {
    setPending(way);
    setFailed(null);
    try {
      await client.call("server.adopt", { workspace, ...target });
      close();
    } catch (error) {
      const trouble = failureOf(error);
      if (trouble.code === "not_trusted" || trouble.code === "trust_changed") {
        // Back to this dialog, once the folder's content was approved.
        const again = () => view.set({ dialog: { kind: "adopt", workspace, url: url.trim() } });
        return view.set({ dialog: { kind: "trust", workspace, approved: again } });
      }
      setFailed({ way, failure: trouble });
      if (way === "typed") (trouble.code === "opencode_auth" ? secret : address).current?.focus();
      else void shared.refetch();
    } finally {
      setPending(null);
    }
  };

  return (
    <Dialog
      title="Use a server that runs already"
      description="Deckhand works with it and watches it, and never ends or restarts it."
      onClose={close}
      initialFocus={known === "" ? address : secret}
    >
      {shared.data && (
        <SharedServerOffer
          shared={shared.data}
          failure={failed?.way === "shared" ? failed.failure : null}
          pending={pending === "shared"}
          disabled={pending !== null}
          primary={!url.trim()}
          onUse={(found) => void adopt("shared", { url: found, password: null })}
        />
      )}
      <form
        className="flex flex-col gap-3"
        onSubmit={(event) => {
          event.preventDefault();
          if (url.trim() && pending === null) void adopt("typed", { url: url.trim(), password });
        }}
      >
        <Field
          ref={address}
          label="Address"
          value={url}
          onChange={(event) => setUrl(event.target.value)}
          placeholder="http://127.0.0.1:4096"
          autoComplete="off"
          aria-invalid={failure !== null && failure.code !== "opencode_auth"}
        />
        <Field
          ref={secret}
          label="Password"
          hint="Its OPENCODE_SERVER_PASSWORD. It is kept in memory only."
          type="password"
          value={password}
          onChange={(event) => setPassword(event.target.value)}
          autoComplete="off"
          aria-invalid={failure?.code === "opencode_auth"}
        />
        {failure && <FailureLine failure={failure} />}
        <div className="mt-1 flex justify-end gap-2">
          <Button onClick={close}>Cancel</Button>
          <Button kind="primary" type="submit" pending={pending === "typed"} disabled={!url.trim() || pending !== null}>
            Use it
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

interface FieldProps extends InputHTMLAttributes<HTMLInputElement> {
  readonly label: string;
  readonly hint?: string;
  readonly ref: Ref<HTMLInputElement>;
}

function Field({ label, hint, ...input }: FieldProps) {
  return (
    <label className="block">
      <span className="mb-1 block font-medium">{label}</span>
      <input
        spellCheck={false}
        className="h-8 w-full rounded-md bg-sunken px-2.5 font-mono text-sm inset-ring inset-ring-line-strong aria-invalid:inset-ring-bad"
        {...input}
      />
      {hint && <span className="mt-1 block text-sm text-muted">{hint}</span>}
    </label>
  );
}
