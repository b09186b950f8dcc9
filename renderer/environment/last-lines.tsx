import { ChevronRight } from "lucide-react";
import { useState } from "react";
import type { Failure } from "#shared/failure.ts";
import { lastOutput } from "#shared/last-output.ts";
import { SgrText } from "../ui/sgr-text.tsx";

/** What the process said last, folded away until it is asked for. Nothing where the failure has none of it. */
export function LastLines({ failure, open: atFirst = false }: { failure: Failure; open?: boolean }) {
  const [open, setOpen] = useState(atFirst);
  const { stdout, stderr, mixed } = lastOutput(failure);
  const parts = [
    { name: "stderr", lines: stderr },
    { name: "stdout", lines: stdout },
    { name: "output", lines: mixed },
  ].filter(({ lines }) => lines.length > 0);
  if (parts.length === 0) return null;
  return (
    <section aria-label="What it said last" className="mt-1.5">
      <button
        type="button"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
        className="-ml-1 flex items-center gap-1 rounded-sm px-1 text-sm text-muted hover:text-text"
      >
        <ChevronRight
          className={`size-3.5 text-faint transition-transform duration-150 ${open ? "rotate-90" : ""}`}
          aria-hidden="true"
        />
        What it said last
      </button>
      {open &&
        parts.map(({ name, lines }) => (
          <div key={name} className="mt-1">
            {parts.length > 1 && <p className="text-xs text-muted">{name}</p>}
            {/* It scrolls, so it must be reachable by keyboard. */}
            <div
              tabIndex={0}
              role="group"
              aria-label={`Last lines of ${name}`}
              className="focus-inside max-h-60 overflow-auto rounded-md bg-sunken px-2.5 py-2 font-mono text-sm whitespace-pre inset-ring inset-ring-line"
            >
              {lines.map((line, index) => (
                // Lines of one output have no identity but their place.
                // eslint-disable-next-line react/no-array-index-key
                <div key={index}>
                  <SgrText text={line || " "} />
                </div>
              ))}
            </div>
          </div>
        ))}
    </section>
  );
}
