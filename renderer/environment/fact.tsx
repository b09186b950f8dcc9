import type { ReactNode } from "react";

/** The list of what is known about one thing. */
export function Facts({ children }: { children: ReactNode }) {
  return <dl className="mt-3 grid grid-cols-[88px_minmax(0,1fr)] gap-y-1.5">{children}</dl>;
}

export function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <>
      <dt className="text-muted">{name}</dt>
      <dd className="min-w-0">{children}</dd>
    </>
  );
}

export const Absent = () => <span className="text-faint">none</span>;
