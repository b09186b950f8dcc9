import type { ReactNode } from "react";
import type { PlanDifference } from "#shared/schema/environment.ts";
import { ProblemList } from "./problems.tsx";

/** `1 service`, `12 services`. */
export const countServices = (count: number): string => `${count} ${count === 1 ? "service" : "services"}`;

/** What runs is what is wanted. */
export function isEmpty({ start, stop, restart }: PlanDifference): boolean {
  return start.length === 0 && stop.length === 0 && restart.length === 0;
}

/** What would be started, stopped and restarted, each by name, and what is left alone by number. */
export function DifferenceList({ difference }: { difference: PlanDifference }) {
  const { start, stop, restart, unchanged, problems } = difference;
  return (
    <div className="flex flex-col gap-2">
      {!isEmpty(difference) && (
        <dl className="grid grid-cols-[72px_minmax(0,1fr)] gap-y-1 rounded-lg bg-sunken px-3 py-2 inset-ring inset-ring-line">
          {start.length > 0 && <Line name="Start">{start.join(", ")}</Line>}
          {stop.length > 0 && <Line name="Stop">{stop.join(", ")}</Line>}
          {restart.length > 0 && (
            <Line name="Restart">
              {restart.map(({ name, changed }) => (
                <span key={name} className="block">
                  {name} <span className="text-muted">for {changed.join(", ")}</span>
                </span>
              ))}
            </Line>
          )}
        </dl>
      )}
      {unchanged.length > 0 && <p className="text-muted">{countServices(unchanged.length)} left as they are.</p>}
      {problems.length > 0 && <ProblemList problems={problems} />}
    </div>
  );
}

function Line({ name, children }: { name: string; children: ReactNode }) {
  return (
    <>
      <dt className="text-muted">{name}</dt>
      <dd className="min-w-0 break-words">{children}</dd>
    </>
  );
}
