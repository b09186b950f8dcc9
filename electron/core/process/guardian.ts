/**
 * Theory of operation. The guardian is a program of its own, started with the first thing the host owns, in a session of
 * its own and without the marker, so that nothing that ends the host's children ends it. It does nothing but hold the
 * reading end of a pipe. `done` on it: the host has nothing left, the guardian goes. The end of it without that word: the
 * host is dead, and the guardian ends what the host owned, by the leases and by the marker of that run. Within 6 s: up to
 * 1 s until the host's process is gone, 2 s grace, 2 s for SIGKILL to be verified.
 *
 * It imports only Node's own modules and small files of ours: it lives as long as the host and must stay small.
 */
import { systemClock } from "../lib/clock.ts";
import type { GuardianOrders } from "./guardian-duty.ts";
import { watchOwner } from "./guardian-watch.ts";
import { systemProcesses } from "./system-processes.ts";

for (const signal of ["SIGINT", "SIGHUP", "SIGTERM", "SIGQUIT", "SIGUSR2"] as const) {
  // A terminal or a logout that ends the host must not end its guardian with it.
  process.on(signal, () => undefined);
}

const orders = JSON.parse(process.argv[2] ?? "") as GuardianOrders;
void watchOwner({ pipe: process.stdin, orders, source: systemProcesses(), clock: systemClock }).then(process.exit);
