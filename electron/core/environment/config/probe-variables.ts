/** Whether a check speaks only of variables that its service has. */
import { interpolateExcept } from "../detect/interpolate.ts";
import { inside, type Spot } from "./form.ts";
import type { ProbeConfig } from "./probe-form.ts";
import type { ServiceConfig } from "./service-form.ts";
import { unknownName, wrongText } from "./stated-variables.ts";

const probeKeys = [
  "healthcheck",
  "readiness",
  "readiness_probe",
  "readinessProbe",
  "liveness",
  "liveness_probe",
  "livenessProbe",
  "startup",
  "startup_probe",
  "startupProbe",
] as const;

/** Reports the others. They are replaced at the start, so that no secret of a header stands in the plan. */
export function checkProbeVariables(config: ServiceConfig, isGiven: (name: string) => boolean, spot: Spot): void {
  for (const key of probeKeys) {
    const { path, report } = inside(spot, key);
    for (const text of textsOf(config[key])) {
      const read = interpolateExcept(text, new Map(), isGiven);
      if (!read.ok) report(path, `${wrongText(text, read.reason)} It is left as it is.`);
      else for (const name of read.missing) report(path, `${unknownName(name)} It is empty.`, "warning");
    }
  }
}

function textsOf(probe: ProbeConfig | undefined): string[] {
  const target = probe?.target ?? null;
  if (target === null || target === "none" || target.kind !== "http") return [];
  return [target.url, ...Object.values(target.headers ?? {})].filter((text) => text.includes("$"));
}
