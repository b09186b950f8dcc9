import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { EnvironmentPlan } from "#shared/schema/plan.ts";
import type { WorkspaceId } from "#shared/schema/id.ts";
import { compareQuery, planQuery } from "../ipc/queries.ts";
import { useLive } from "../ipc/live.ts";
import { Button } from "../ui/button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { FailureLine } from "../ui/failure-line.tsx";
import { Segments } from "../ui/segments.tsx";
import { failureOf } from "../view/actions.ts";
import { useApp } from "../view/app.ts";
import { countServices, DifferenceList, isEmpty } from "./difference.tsx";

/** The profiles of a folder: what each would start, or what it changes of what runs, before anything of it is done. */
export function ProfileDialog({ workspace }: { workspace: WorkspaceId }) {
  const { client, view, actions } = useApp();
  const { item: environment } = useLive("environment.watch", { workspace });
  const { item: settings } = useLive("settings.watch", {});
  const current = environment?.profile ?? "dev";
  const runs = environment !== null && environment.phase !== "stopped";
  const [chosen, setChosen] = useState(current);
  const plan = useQuery(planQuery(client, workspace, chosen));
  const comparison = useQuery({ ...compareQuery(client, workspace, chosen), enabled: runs });
  // The profiles stay in sight while another one's plan is read.
  const [profiles, setProfiles] = useState<readonly string[]>([]);
  if (plan.data && plan.data.profiles !== profiles && plan.data.profiles.join() !== profiles.join())
    setProfiles(plan.data.profiles);
  const error = plan.error ?? comparison.error;
  const nothingNew = runs && comparison.data !== undefined && isEmpty(comparison.data);
  const close = () => view.set({ dialog: null });
  const go = () => {
    close();
    void (runs
      ? actions.applyProfile(workspace, chosen)
      : actions.startProfile(workspace, chosen, settings?.serverWithEnvironment ?? true));
  };
  return (
    <Dialog
      wide
      title="Profile"
      description={
        runs
          ? `The environment runs with ${current}. Only what a profile changes is started, stopped or restarted.`
          : "A profile says which services run and with which settings."
      }
      onClose={close}
      footer={
        <>
          <Button onClick={close}>Cancel</Button>
          <Button
            kind="primary"
            disabled={error !== null || (runs ? comparison.data === undefined || nothingNew : plan.data === undefined)}
            onClick={go}
          >
            {runs ? `Switch to ${chosen}` : `Start with ${chosen}`}
          </Button>
        </>
      }
    >
      {profiles.length > 0 && (
        <div className="mb-3 overflow-x-auto">
          <div className="w-fit">
            <Segments
              label="Profile"
              value={chosen}
              options={profiles.map((name) => ({
                value: name,
                label: name === current && runs ? `${name} (runs)` : name,
              }))}
              onChange={setChosen}
            />
          </div>
        </div>
      )}
      {/* Of steady height, so that the buttons stay where they are while profiles are compared. */}
      <div className="min-h-50" aria-live="polite">
        {error && <FailureLine failure={failureOf(error)} />}
        {!error && !(runs ? comparison.data : plan.data) && <p className="shows-late text-muted">Reading the files…</p>}
        {!error && runs && comparison.data && (
          <>
            {nothingNew && <p className="text-muted">Nothing would change.</p>}
            <DifferenceList difference={comparison.data} />
          </>
        )}
        {!error && !runs && plan.data && <Starts plan={plan.data} />}
      </div>
    </Dialog>
  );
}

function Starts({ plan }: { plan: EnvironmentPlan }) {
  const starts = plan.services.filter((service) => service.starts);
  const rest = plan.services.filter((service) => !service.starts);
  if (starts.length === 0) return <p className="text-muted">This profile starts nothing.</p>;
  const waves = [...new Set(starts.map(({ wave }) => wave ?? 0))].toSorted((one, other) => one - other);
  return (
    <>
      <p className="mb-1 text-muted">Starts {countServices(starts.length)}, in this order:</p>
      <ol className="rounded-lg bg-sunken px-3 py-2 inset-ring inset-ring-line">
        {waves.map((wave) => (
          <li key={wave} className="grid grid-cols-[20px_minmax(0,1fr)] py-0.5">
            <span className="text-xs leading-5 text-faint tabular-nums">{wave + 1}</span>
            <span>
              {starts
                .filter((service) => (service.wave ?? 0) === wave)
                .map(({ name }) => name)
                .join(", ")}
            </span>
          </li>
        ))}
      </ol>
      {rest.length > 0 && <p className="mt-2 text-muted">Left out: {rest.map(({ name }) => name).join(", ")}.</p>}
    </>
  );
}
