import type { Problem } from "#shared/schema/environment.ts";
import { StateShape } from "../ui/state-mark.tsx";
import { Words } from "../ui/words.tsx";

/** What detection found wrong, errors first. Below the services, and never more than a third of the page. */
export function Problems({ problems }: { problems: readonly Problem[] }) {
  if (problems.length === 0) return null;
  return (
    <section aria-label="Problems" className="flex max-h-[33%] shrink-0 flex-col border-t border-line">
      <h2 className="px-4 pt-2 pb-1 text-sm font-medium text-muted">
        Problems <span className="text-faint tabular-nums">{problems.length}</span>
      </h2>
      <div className="min-h-0 overflow-y-auto px-4 pb-3">
        <ProblemList problems={problems} />
      </div>
    </section>
  );
}

export function ProblemList({ problems }: { problems: readonly Problem[] }) {
  const ordered = problems.toSorted(
    (one, other) => Number(one.severity === "warning") - Number(other.severity === "warning"),
  );
  return (
    <ul className="@container flex flex-col gap-1.5">
      {ordered.map((problem) => (
        <li key={`${problem.code} ${problem.source} ${problem.message}`} className="flex items-baseline gap-2">
          <span className="translate-y-0.5">
            <StateShape
              look={{ shape: "alert", tone: problem.severity === "error" ? "bad" : "busy", word: problem.severity }}
            />
          </span>
          <span className="sr-only">{problem.severity}:</span>
          {/* In a narrow list the place stands below. */}
          <span className="flex min-w-0 flex-1 flex-wrap items-baseline gap-x-3">
            <span className="grow basis-80 wrap-anywhere @max-2xl:basis-full">
              <Words text={problem.message} />
            </span>
            <span className="font-mono text-xs wrap-anywhere text-faint">{problem.source}</span>
          </span>
        </li>
      ))}
    </ul>
  );
}
