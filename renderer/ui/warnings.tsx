import { ShieldAlert } from "lucide-react";

/** What a person should know of a command before it runs; nothing where there is nothing. */
export function Warnings({ of, warnings }: { of: string; warnings: readonly string[] }) {
  if (warnings.length === 0) return null;
  return (
    <ul className="flex flex-wrap gap-1.5" aria-label={`Warnings about ${of}`}>
      {warnings.map((warning) => (
        <li
          key={warning}
          className="inline-flex items-center gap-1 rounded-sm bg-busy-wash px-1.5 text-sm font-medium text-busy"
        >
          <ShieldAlert className="size-3" aria-hidden="true" /> {warning}
        </li>
      ))}
    </ul>
  );
}
