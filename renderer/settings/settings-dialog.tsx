import { Switch } from "@base-ui/react/switch";
import { useState, type ReactNode } from "react";
import type { Settings } from "#shared/schema/settings.ts";
import { useLive } from "../ipc/live.ts";
import { Button } from "../ui/button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { Segments } from "../ui/segments.tsx";
import { useActions, useApp } from "../view/app.ts";

/** Settings take effect at once; there is nothing to save. */
export function SettingsDialog() {
  const { view } = useApp();
  const { item: settings } = useLive("settings.watch", {});
  const { item: host } = useLive("host.watch", {});
  const close = () => view.set({ dialog: null });
  return (
    <Dialog title="Settings" onClose={close} footer={<Button onClick={close}>Done</Button>}>
      {settings && <Fields settings={settings} />}
      {host && (
        <p className="mt-4 text-xs break-all text-faint">
          Deckhand {host.version} · {host.kind} host, pid {host.pid} · {host.home}
        </p>
      )}
    </Dialog>
  );
}

function Fields({ settings }: { settings: Settings }) {
  const actions = useActions();
  return (
    <div className="flex flex-col gap-4">
      <Row label="Theme" hint="System follows the desktop.">
        <Segments
          label="Theme"
          value={settings.theme}
          options={[
            { value: "system", label: "System" },
            { value: "light", label: "Light" },
            { value: "dark", label: "Dark" },
          ]}
          onChange={(theme) => void actions.changeSettings({ theme })}
        />
      </Row>
      <Row label="Start the OpenCode server with the environment" hint="Otherwise it starts when you ask for it.">
        <Switch.Root
          aria-label="Start the OpenCode server with the environment"
          checked={settings.serverWithEnvironment}
          onCheckedChange={(serverWithEnvironment) => void actions.changeSettings({ serverWithEnvironment })}
          className="flex h-4.5 w-8 shrink-0 items-center rounded-full bg-line-strong p-0.5 data-[checked]:bg-accent"
        >
          <Switch.Thumb className="size-3.5 rounded-full bg-on-accent transition-transform duration-150 data-[checked]:translate-x-3.5" />
        </Switch.Root>
      </Row>
      <Binary key={settings.opencodeBinary} binary={settings.opencodeBinary} />
    </div>
  );
}

function Binary({ binary }: { binary: string | null }) {
  const actions = useActions();
  const [path, setPath] = useState(binary ?? "");
  const changed = path.trim() !== (binary ?? "");
  const save = () => {
    if (changed) void actions.changeSettings({ opencodeBinary: path.trim() || null });
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        save();
      }}
    >
      <label className="block">
        <span className="font-medium">OpenCode binary</span>
        <span className="mb-1.5 block text-muted">
          Absolute path. Empty: the one on PATH, else the one that came with Deckhand.
        </span>
        <span className="flex gap-2">
          <input
            value={path}
            onChange={(event) => setPath(event.target.value)}
            // Whoever types a path and goes on means it, as with the other settings.
            onBlur={save}
            placeholder="Found automatically"
            spellCheck={false}
            className="h-7 min-w-0 flex-1 rounded-md bg-sunken px-2 font-mono text-sm inset-ring inset-ring-line-strong"
          />
          <Button type="submit" disabled={!changed}>
            Use it
          </Button>
        </span>
      </label>
    </form>
  );
}

function Row({ label, hint, children }: { label: string; hint: string; children: ReactNode }) {
  return (
    <div className="flex items-center justify-between gap-6">
      <div>
        <div className="font-medium">{label}</div>
        <div className="text-muted">{hint}</div>
      </div>
      {children}
    </div>
  );
}
