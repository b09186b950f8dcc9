/** Who holds a port, with the name that people know a workspace of ours by. */
import type { PortHolder } from "../service/failures.ts";
import type { EnvironmentDependencies } from "./environment-dependencies.ts";

export type HolderNames = Pick<EnvironmentDependencies, "workspaceName"> & {
  readonly keeper: Pick<EnvironmentDependencies["keeper"], "portHolder">;
};

/** Null: nobody, or nobody who can be seen. */
export async function namedHolder({ keeper, workspaceName }: HolderNames, port: number): Promise<PortHolder | null> {
  const holder = await keeper.portHolder(port);
  if (holder === null) return null;
  const { owner } = holder;
  return { ...holder, owner: owner ? { ...owner, workspaceName: workspaceName?.(owner.workspace) ?? null } : null };
}
