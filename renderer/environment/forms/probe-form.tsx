import { useState } from "react";
import type { CheckKind, ProbeDraft } from "#shared/schema/service-edit.ts";
import { Picker } from "../../ui/picker.tsx";
import { EditForm, type FormOf } from "./edit-form.tsx";
import { TextField, Wrong } from "./field.tsx";
import type { FieldPath } from "./field-problems.ts";
import { isSame } from "./rows.ts";

const kinds: readonly { readonly value: CheckKind; readonly label: string }[] = [
  { value: "none", label: "It runs" },
  { value: "tcp", label: "Its port takes connections" },
  { value: "http", label: "A URL answers" },
  { value: "exec", label: "A command ends with 0" },
  { value: "log", label: "Its log shows a line" },
  { value: "notify", label: "It says so (READY=1)" },
  { value: "compose", label: "Docker says so" },
];

type Time = Exclude<keyof ProbeDraft, "kind" | "tcp" | "url" | "status" | "exec" | "log">;

const times: readonly { readonly field: Time; readonly label: string; readonly at: FieldPath }[] = [
  { field: "interval", label: "Every", at: ["healthcheck", "interval"] },
  { field: "timeout", label: "Of one check at most", at: ["healthcheck", "timeout"] },
  { field: "retries", label: "Failures until unhealthy", at: ["healthcheck", "retries"] },
  { field: "successThreshold", label: "Successes until healthy", at: ["healthcheck", "success_threshold"] },
  { field: "initialDelay", label: "First after", at: ["healthcheck", "initial_delay"] },
  { field: "startInterval", label: "Every, until healthy", at: ["healthcheck", "start_interval"] },
  { field: "startPeriod", label: "Failures count after", at: ["healthcheck", "start_period"] },
  { field: "deadline", label: "Healthy at the latest after", at: ["healthcheck", "deadline"] },
];

const targets = [
  ["healthcheck", "tcp"],
  ["healthcheck", "http"],
  ["healthcheck", "http", "status"],
  ["healthcheck", "exec"],
  ["healthcheck", "log"],
] as const;
const fields: readonly FieldPath[] = [["healthcheck"], ...targets, ...times.map(({ at }) => at)];

/** How it is found out that a service is ready, and whether it still is. */
export function ProbeForm({ draft, container, ...of }: FormOf & { draft: ProbeDraft; container: boolean }) {
  const [probe, setProbe] = useState(draft);
  const change = (part: Partial<ProbeDraft>) => setProbe((old) => ({ ...old, ...part }));
  const timed = probe.kind !== "none";
  return (
    <EditForm
      label={`Health check of ${of.service}`}
      of={of}
      edit={{ probe }}
      fields={fields}
      unchanged={isSame(probe, draft)}
    >
      <Picker
        label="Ready when"
        value={probe.kind}
        choices={kinds.filter(({ value }) => value !== "compose" || container)}
        onChange={(kind) => change({ kind })}
        className="w-full"
      />
      {probe.kind === "tcp" && (
        <TextField
          label="Port, or its name"
          at={targets[0]}
          value={probe.tcp}
          onChange={(tcp) => change({ tcp })}
          autoFocus
        />
      )}
      {probe.kind === "http" && (
        <>
          <TextField
            label="URL"
            at={targets[1]}
            value={probe.url}
            placeholder="http://127.0.0.1:${PORT}/healthz"
            onChange={(url) => change({ url })}
            code
            autoFocus
          />
          <TextField
            label="Status"
            at={targets[2]}
            value={probe.status}
            placeholder="200 to 399"
            onChange={(status) => change({ status })}
          />
        </>
      )}
      {probe.kind === "exec" && (
        <TextField
          label="Shell line"
          at={targets[3]}
          value={probe.exec}
          onChange={(exec) => change({ exec })}
          code
          autoFocus
        />
      )}
      {probe.kind === "log" && (
        <TextField
          label="Regular expression"
          at={targets[4]}
          value={probe.log}
          onChange={(log) => change({ log })}
          code
          autoFocus
        />
      )}
      {timed && (
        <details open={times.some(({ field }) => probe[field] !== "")}>
          <summary className="w-fit rounded-sm text-sm text-muted hover:text-text">Times</summary>
          <div className="mt-1.5 grid grid-cols-2 gap-x-2 gap-y-1.5">
            {times.map(({ field, label, at }) => (
              <TextField
                key={field}
                label={label}
                at={at}
                value={probe[field]}
                placeholder="as usual"
                onChange={(text) => change({ [field]: text })}
              />
            ))}
          </div>
        </details>
      )}
      <Wrong at={fields[0] ?? []} />
    </EditForm>
  );
}
