import { PackageOpen } from "lucide-react";
import type { EnvironmentStatus } from "#shared/schema/environment.ts";
import { Empty } from "../ui/empty.tsx";
import { ProblemList } from "./problems.tsx";

/** Nothing to run was found: say where was looked, and what stood in the way. */
export function NoServices({ environment }: { environment: EnvironmentStatus }) {
  const broken = environment.problems.filter((problem) => problem.code !== "no_services");
  return (
    <div className="min-h-0 flex-1 overflow-y-auto">
      {broken.length > 0 ? (
        <section aria-label="Problems" className="mx-auto mt-10 max-w-140 px-4">
          <h2 className="font-semibold">The services of this folder cannot be read</h2>
          <p className="mt-1 mb-3 text-muted">Mend what is named here; it is read again at the next start.</p>
          <ProblemList problems={broken} />
        </section>
      ) : (
        <Empty title="No services found" icon={<PackageOpen />}>
          Deckhand looks for <code className="font-mono text-sm">dev</code> and{" "}
          <code className="font-mono text-sm">start</code> scripts in package.json, a compose file, or a Procfile. Add
          one and press Start. The OpenCode server runs without any.
        </Empty>
      )}
    </div>
  );
}
