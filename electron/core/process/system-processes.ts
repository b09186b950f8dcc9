import { linuxProcesses } from "./process-table-linux.ts";
import { macProcesses } from "./process-table-mac.ts";
import type { ProcessSource, ProcessTable } from "./process-table.ts";

let shared: ProcessSource | null = null;

/**
 * Looks at the processes of this machine; one for all who ask, since it keeps a file descriptor in reserve.
 *
 * @throws Error on a system that is neither Linux nor macOS.
 */
export function systemProcesses(): ProcessSource {
  shared ??= shareSnapshots(processesOf(process.platform));
  return shared;
}

/** @throws Error on a system that is neither Linux nor macOS, or where its own tools are missing. */
export function processesOf(platform: NodeJS.Platform): ProcessSource {
  if (platform === "linux") return linuxProcesses();
  if (platform === "darwin") return macProcesses();
  throw new Error(`Processes cannot be watched on ${platform}; Linux and macOS are supported.`);
}

/**
 * Many stops poll at the same time. A snapshot is handed to all who accept its age, counted from when it was begun: one
 * begun before a signal says nothing about what came after it. It is begun in the next turn of the event loop, so that all
 * who ask in this one share it, and twenty of them never hold up the loop with a look each.
 */
export function shareSnapshots(source: ProcessSource): ProcessSource {
  let last: { readonly begun: number; readonly table: Promise<ProcessTable> } | null = null;
  let next: Promise<ProcessTable> | null = null;
  const begin = () => {
    next = null;
    last = { begun: performance.now(), table: source.snapshot() };
    // A failed one must not be handed on.
    last.table.catch(() => (last = null));
    return last.table;
  };
  return {
    bootId: source.bootId,
    read: (pid) => source.read(pid),
    ...(source.children === undefined ? {} : { children: source.children }),
    ...(source.newcomers === undefined ? {} : { newcomers: once(source.newcomers) }),
    command: (pid) => source.command(pid),
    snapshot(maxAgeMs = 0) {
      if (last !== null && performance.now() - last.begun <= maxAgeMs) return last.table;
      next ??= new Promise<void>((resolve) => setImmediate(resolve)).then(begin);
      return next;
    },
  };
}

/** Whoever is told that nobody was there at two looks is told the truth, whenever the second one was: one will do for all. */
function once(look: (earlier: ProcessTable) => ProcessTable): (earlier: ProcessTable) => ProcessTable {
  const looks = new WeakMap<ProcessTable, ProcessTable>();
  return (earlier) => {
    const known = looks.get(earlier);
    if (known !== undefined) return known;
    const table = look(earlier);
    looks.set(earlier, table);
    return table;
  };
}
