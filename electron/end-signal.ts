/**
 * One AbortSignal for all the ways a terminal or a service manager asks a program to end. The second signal changes nothing:
 * the end is under way and bounded.
 */
export function endSignal(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => controller.abort());
  return controller.signal;
}
