/** How ports, needs, hooks, watches and limits of a service are written. */
import type { HookRule } from "../../service/service-rules.ts";
import type { Dependency, DetectedService } from "../detect/detected.ts";
import { commandOf, HOOK_DEADLINE_MS } from "./command-form.ts";
import { durationText, sizeText } from "./units.ts";

export function portsText(ports: DetectedService["plan"]["ports"]): ReadonlyMap<string, unknown> {
  const result = new Map<string, unknown>();
  for (const { name, port, env, option, strict } of ports) {
    // Two ports of one name are two entries all the same.
    let free = name;
    for (let count = 2; result.has(free); count += 1) free = `${name}-${count}`;
    const fixed = env === null && option === undefined && strict === undefined;
    const told = option === undefined ? { env } : env === null ? { option } : { env, option };
    result.set(free, fixed ? port : { prefer: port, ...told, ...(strict === undefined ? {} : { strict }) });
  }
  return result;
}

export function needsText(needs: DetectedService["dependencies"]): ReadonlyMap<string, unknown> {
  return new Map([...needs].map(([name, need]) => [name, needText(need)]));
}

function needText({ condition, required, restart }: Dependency): unknown {
  if (required && restart === undefined) return condition;
  return { condition, ...(required ? {} : { required }), ...(restart === undefined ? {} : { restart }) };
}

export function hookText({ argv, deadlineMs }: HookRule): unknown {
  const command = commandOf(argv);
  return deadlineMs === HOOK_DEADLINE_MS ? command : { command, timeout: durationText(deadlineMs) };
}

export function hooksText(hooks: readonly HookRule[]): unknown {
  return hooks.length === 0 ? undefined : hooks.map(hookText);
}

export function watchText(watch: DetectedService["rules"]["watch"]): unknown {
  if (watch === null) return undefined;
  const { paths, ignore, debounceMs } = watch;
  return { paths, ...(ignore.length === 0 ? {} : { ignore }), debounce: durationText(debounceMs) };
}

export function limitsText(limits: DetectedService["rules"]["limits"]): unknown {
  if (limits === null) return undefined;
  const { memoryBytes, cpuPercent, cpuForMs, onExceed } = limits;
  return {
    ...(memoryBytes === null ? {} : { memory: sizeText(memoryBytes) }),
    ...(cpuPercent === null ? {} : { cpu: `${cpuPercent}%`, cpu_for: durationText(cpuForMs) }),
    on_exceed: onExceed,
  };
}

/** `on-failure:3`. */
export function restartText({ mode, maxRetries }: Pick<DetectedService["restart"], "mode" | "maxRetries">): string {
  return maxRetries === null ? mode : `${mode}:${maxRetries}`;
}
