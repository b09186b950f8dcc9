import { ChevronRight } from "lucide-react";
import { useState, type ReactNode } from "react";
import { defaultServerSettings, type ServerSettings, type Settings } from "#shared/schema/settings.ts";
import { Button } from "../ui/button.tsx";
import { Picker } from "../ui/picker.tsx";
import { useActions } from "../view/app.ts";
import { EnvironmentSetting } from "./environment-setting.tsx";
import { Field, Reset, SwitchRow } from "./field.tsx";
import { NumberSetting } from "./number-setting.tsx";
import { advancedNumbers, advancedSwitches, basicNumbers, debugField, takesHint } from "./server-fields.ts";
import { LogFileSetting } from "./log-file-setting.tsx";

/** How OpenCode servers are run: what most people change, and the rest folded away. */
export function ServerSettingsSection({ settings, binary }: { settings: Settings; binary: ReactNode }) {
  const actions = useActions();
  const { server } = settings;
  const changed = changesOf(server);
  return (
    <section aria-labelledby="server-settings" className="flex flex-col gap-4">
      <header>
        <div className="flex h-6 items-center justify-between">
          <h3 id="server-settings" className="font-semibold">
            OpenCode servers
          </h3>
          {changed.length > 0 && (
            <Button
              small
              aria-label="Reset all settings of servers to their defaults"
              onClick={() => void actions.changeSettings({ server: defaultServerSettings })}
            >
              Reset all to default
            </Button>
          )}
        </div>
        <p className="text-sm text-muted">A change counts from a server’s next start on, unless it says “at once”.</p>
      </header>
      {binary}
      <SwitchRow
        label="Start with the environment"
        hint="Otherwise a server starts with your first message, or when you ask for it."
        on={settings.serverWithEnvironment}
        onChange={(serverWithEnvironment) => void actions.changeSettings({ serverWithEnvironment })}
      />
      {basicNumbers.map((field) => (
        <NumberSetting key={field.name} field={field} settings={server} />
      ))}
      <SwitchRow
        label={debugField.label}
        hint={`${debugField.hint} ${takesHint(debugField.takes)}`}
        on={server.debug}
        onChange={(debug) => void actions.changeSettings({ server: { debug } })}
      />
      <EnvironmentSetting variables={server.environment} />
      <Advanced server={server} changed={changed.filter((name) => advancedNames.has(name)).length} />
    </section>
  );
}

const advancedNames: ReadonlySet<string> = new Set([
  "host",
  "logFile",
  ...advancedNumbers.map(({ name }) => name),
  ...advancedSwitches.map(({ name }) => name),
]);

function changesOf(server: ServerSettings): (keyof ServerSettings)[] {
  const names = Object.keys(defaultServerSettings) as (keyof ServerSettings)[];
  return names.filter((name) => JSON.stringify(server[name]) !== JSON.stringify(defaultServerSettings[name]));
}

function Advanced({ server, changed }: { server: ServerSettings; changed: number }) {
  const actions = useActions();
  const [open, setOpen] = useState(false);
  return (
    <section aria-label="Advanced settings of servers">
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
        <span>Advanced{changed > 0 && <span className="text-faint">, {changed} changed</span>}</span>
      </button>
      {open && (
        <div className="mt-3 flex flex-col gap-4">
          <Field
            label="Address"
            hint={`Loopback only: no other machine reaches a server. Default: ${defaultServerSettings.host}.`}
          >
            <Reset
              name="Address"
              shown={server.host !== defaultServerSettings.host}
              onReset={() => void actions.changeSettings({ server: { host: defaultServerSettings.host } })}
            />
            <Picker
              label="Address"
              value={server.host}
              choices={[
                { value: "127.0.0.1", label: "127.0.0.1" },
                { value: "::1", label: "::1" },
                { value: "localhost", label: "localhost" },
              ]}
              onChange={(host) => void actions.changeSettings({ server: { host } })}
              className="w-28"
            />
          </Field>
          {advancedNumbers.map((field) => (
            <NumberSetting key={field.name} field={field} settings={server} />
          ))}
          {advancedSwitches.map((field) => (
            <SwitchRow
              key={field.name}
              label={field.label}
              hint={`${field.hint} ${takesHint(field.takes)}`}
              on={server[field.name]}
              onChange={(on) => void actions.changeSettings({ server: { [field.name]: on } })}
            />
          ))}
          <LogFileSetting logFile={server.logFile} />
        </div>
      )}
    </section>
  );
}
