import { useState } from "react";
import type { Settings } from "#shared/schema/settings.ts";
import { useLive } from "../ipc/live.ts";
import { Button } from "../ui/button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { Segments } from "../ui/segments.tsx";
import { useActions, useApp } from "../view/app.ts";
import { inputLook } from "../ui/input-look.ts";
import { Field, SwitchRow } from "./field.tsx";
import { ServerSettingsSection } from "./server-settings.tsx";

/** Settings take effect at once; there is nothing to save. */
export function SettingsDialog() {
  const { view } = useApp();
  const { item: settings } = useLive("settings.watch", {});
  const { item: host } = useLive("host.watch", {});
  const close = () => view.set({ dialog: null });
  return (
    <Dialog
      wide
      title="Settings"
      description="Changes are kept at once."
      onClose={close}
      footer={<Button onClick={close}>Done</Button>}
    >
      {settings && <Fields settings={settings} desktop={host?.kind === "desktop"} />}
      {host && (
        <p className="mt-4 text-xs break-all text-faint">
          Deckhand {host.version} · {host.kind} host, pid {host.pid} · {host.home}
        </p>
      )}
    </Dialog>
  );
}

function Fields({ settings, desktop }: { settings: Settings; desktop: boolean }) {
  const actions = useActions();
  return (
    <div className="flex flex-col gap-5">
      <Field label="Theme" hint="System follows the desktop.">
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
      </Field>
      {desktop && (
        <SwitchRow
          label="Notifications"
          hint="Tell of a service that fails, and of its recovery, while Deckhand is not in front."
          on={settings.notifications}
          onChange={(notifications) => void actions.changeSettings({ notifications })}
        />
      )}
      <ServerSettingsSection
        settings={settings}
        binary={<Binary key={settings.opencodeBinary} binary={settings.opencodeBinary} />}
      />
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
        <span className="mb-1.5 block text-sm text-muted">
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
            className={`${inputLook} min-w-0 flex-1 font-mono`}
          />
          <Button type="submit" disabled={!changed}>
            Use it
          </Button>
        </span>
      </label>
    </form>
  );
}
