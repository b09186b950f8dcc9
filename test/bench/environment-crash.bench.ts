/**
 * `kill -9` of a service that has been healthy for a while, until its new process runs: that process says so itself, so all
 * managers are timed alike. All of them run side by side, idle, and lose one service in turn; each of their services is killed
 * once, since a second crash is rightly answered less quickly. Then a child that always fails: how often it is started.
 */
import { join } from "node:path";
import { openStand, type Stand } from "./environment-stand.ts";
import { median, printFigure, round, summarize } from "./figures.ts";
import { pause } from "./machine.ts";
import { findPeers, floorName, type Managed } from "./peers.ts";
import { freePorts, type SmallService } from "./small-service.ts";

const BENCH = "environment-crash";
const ROUNDS = Number(process.env["DECKHAND_BENCH_ROUNDS"] ?? 12);
/** Longer than the ten good seconds after which our first restart is not delayed, and than supervisord's second. */
const UP_MS = 11_000;
const BETWEEN_MS = 300;
const MAX_RATIO = 1.5;
const MAX_STARTS = 6;
/** Our delays until the sixth start add up to 15.5 s, give or take a tenth. */
const FAILING_MS = 25_000;

async function crashes(stand: Stand): Promise<void> {
  const lists = new Map<string, number[]>();
  const notes = new Map<string, string>();
  const managed: Managed[] = [];
  const names: string[] = [];
  // One more, to warm up.
  const servicesOf = async (prefix: string): Promise<SmallService[]> =>
    (await freePorts(ROUNDS + 1)).map((port, index) => ({
      name: `${prefix}-${index}`,
      port,
      delayMs: 0,
      shape: "plain",
      needs: [],
    }));
  const project = await stand.project("crash", await servicesOf("deckhand"), { restart: "always" });
  try {
    await project.start();
    await project.until("everything ready", (status) => status.phase === "ready");
    names.push("deckhand");
    for (const [index, peer] of findPeers().entries()) {
      const prefix = `peer${index}`;
      names.push(prefix);
      notes.set(prefix, peer.name);
      const services = await servicesOf(prefix);
      const folder = join(stand.host.folder, prefix);
      managed.push(await peer.start(stand.jobs(services), folder, `${stand.marker}-crash-${prefix}`));
      for (const service of services)
        await stand.beats.first((beat) => beat.what === "open" && beat.name === service.name);
    }
    await pause(UP_MS);
    for (let index = 0; index <= ROUNDS; index += 1) {
      for (const prefix of names) {
        const name = `${prefix}-${index}`;
        const { pid } = await stand.beats.first((beat) => beat.name === name && beat.what === "open");
        const begun = performance.now();
        process.kill(pid, "SIGKILL");
        const again = await stand.beats.first((beat) => beat.name === name && beat.at > begun && beat.pid !== pid);
        if (index > 0) lists.set(prefix, [...(lists.get(prefix) ?? []), again.at - begun]);
        await pause(BETWEEN_MS);
      }
    }
  } finally {
    await project.stop();
    for (const each of managed) await each.stop();
    await stand.endSurvivors();
  }
  const named = new Map([...lists].map(([prefix, list]) => [notes.get(prefix) ?? prefix, list]));
  const floor = median(named.get(floorName) ?? []);
  for (const [name, list] of named) {
    const ratio = round(median(list) / floor, 2);
    printFigure({
      bench: BENCH,
      name: `${name}: kill -9 to its new process`,
      unit: "ms",
      ...summarize(list, 1),
      ratio,
      ...(name === "deckhand" ? { target: `p50 <= ${MAX_RATIO} x ${floorName}`, met: ratio <= MAX_RATIO } : {}),
    });
  }
}

async function alwaysFailing(stand: Stand): Promise<void> {
  stand.beats.forget();
  const service = (name: string): SmallService => ({ name, port: 0, delayMs: 0, shape: "fails", needs: [] });
  const starts = (name: string) => stand.beats.seen.filter((beat) => beat.name === name).length;
  const project = await stand.project("failing", [service("deckhand")], { restart: "always" });
  const managed: Managed[] = [];
  const peers = findPeers();
  try {
    const begun = performance.now();
    await project.start();
    for (const [index, peer] of peers.entries()) {
      const folder = join(stand.host.folder, `failing${index}`);
      const jobs = stand.jobs([service(`failing${index}`)]);
      const manager = await peer.start(jobs, folder, `${stand.marker}-failing${index}`);
      managed.push(manager);
      // It starts without a pause, and would take a core from the others: a second shows it.
      if (peer.name !== floorName) continue;
      await pause(1_000);
      await manager.stop();
    }
    await pause(FAILING_MS - (performance.now() - begun));
    const phase = (await project.status()).services[0]?.phase ?? "gone";
    printFigure({
      bench: BENCH,
      name: "deckhand: a child that always fails",
      starts: starts("deckhand"),
      seconds: FAILING_MS / 1_000,
      phase,
      target: `<= ${MAX_STARTS} starts, then crash_loop`,
      met: starts("deckhand") <= MAX_STARTS && phase === "crash_loop",
    });
    for (const [index, peer] of peers.entries())
      printFigure({
        bench: BENCH,
        name: `${peer.name}: a child that always fails`,
        starts: starts(`failing${index}`),
        seconds: peer.name === floorName ? 1 : FAILING_MS / 1_000,
      });
  } finally {
    await project.stop();
    for (const each of managed) await each.stop();
    await stand.endSurvivors();
  }
}

const stand = await openStand();
try {
  await crashes(stand);
  await alwaysFailing(stand);
} finally {
  await stand.close();
}
