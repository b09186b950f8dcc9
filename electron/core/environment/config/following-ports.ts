/** A check after the ports of its service were edited: of the same port as before, by its name. Pure. */
import type { ProbeSpec, ServicePort } from "#shared/schema/service.ts";

/** Null: the port it is of is there no more. */
export function followingPorts(
  spec: ProbeSpec,
  before: readonly ServicePort[],
  after: readonly ServicePort[],
): ProbeSpec | null {
  if (spec.kind === "tcp") {
    const port = portNow(spec.port, before, after);
    return port === null ? null : { ...spec, port };
  }
  if (spec.kind !== "http") return spec;
  const [whole, start = "", port = ""] =
    /^(http:\/\/(?:localhost|127\.0\.0\.1|\[::1\]):)(\d+)(?=$|[/?#])/i.exec(spec.url) ?? [];
  if (whole === undefined) return spec;
  const now = portNow(Number(port), before, after);
  return now === null ? null : { ...spec, url: `${start}${now}${spec.url.slice(whole.length)}` };
}

/** One that was none of its ports is somebody else's, and stays. */
function portNow(port: number, before: readonly ServicePort[], after: readonly ServicePort[]): number | null {
  const index = before.findIndex((one) => one.port === port);
  const old = before[index];
  if (old === undefined) return port;
  const same = after.find(({ name }) => name === old.name);
  // A name that was typed anew in its place is the same port.
  const renamed = before.length === after.length && !before.some(({ name }) => name === after[index]?.name);
  return (same ?? (renamed ? after[index] : undefined))?.port ?? null;
}
