import type { ServiceStatus } from "#shared/schema/service.ts";
import { formatDuration, formatTook } from "../ui/format.ts";
import { useNow } from "../ui/now.ts";
import { tookOf, wayOf } from "./steps.ts";

/** What its latest start took, counting on while it lasts. */
export function Took({ service }: { service: ServiceStatus }) {
  const way = wayOf(service);
  if (way === null) return null;
  if (way.endedAt === null && way.begunAt !== null) return <Running begunAt={way.begunAt} />;
  const took = tookOf(way, 0);
  return took === null ? null : formatTook(took);
}

function Running({ begunAt }: { begunAt: number }) {
  return formatDuration(useNow() - begunAt);
}
