/**
 * A long run of the headless host: one real server, a turn every 5 s (a scripted model answers), a new session every ten
 * turns, the event stream cut every minute. Sampled every 10 s, after a garbage collection. What must hold: memory does not
 * grow after the warm-up, no file descriptor is lost, no turn fails.
 *
 * The warm-up is the same for a third of that time, half an hour at most, but one turn after the other and a cut every 5 s: a
 * thousand turns and more. V8 optimises what was called often, and at the slow pace it would still be at it after an hour: of
 * what the heap grew by there, four fifths were code (two snapshots, compared). DECKHAND_SOAK_MINUTES (60) says how long; from an
 * hour on the plot goes to docs/images/soak.svg, else beside the samples in out/bench. DECKHAND_SOAK_HEAP=PREFIX also writes two
 * heap snapshots of the host, after the warm-up and at the end, for whoever looks for what grew.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { plot } from "../soak/plot.ts";
import { summarizeSoak, type Sample } from "../soak/samples.ts";
import { Turns } from "../soak/turns.ts";
import { round, say } from "./figures.ts";
import { openHostWorld } from "./host-world.ts";
import { costOf, opencodeBinary, pause, processesOf, top } from "./machine.ts";
import { askProxy, PROXY_MODE, runProxy, writeProxyBinary } from "./opencode-proxy.ts";

const MINUTES = Number(process.env["DECKHAND_SOAK_MINUTES"] ?? 60);
const SAMPLE_MS = 10_000;
const TURN_MS = 5_000;
const CUT_MS = 60_000;
const WARM_UP_MINUTES = Math.min(30, MINUTES / 3);
const WARM_UP_CUT_MS = 5_000;
const MB = 1024 * 1024;

async function soak(): Promise<void> {
  const host = await openHostWorld();
  const samples: Sample[] = [];
  let cuts = 0;
  const turns = new Turns(host.client);
  try {
    const binary = join(host.folder, "opencode");
    writeProxyBinary(binary);
    await host.client.call("settings.change", { opencodeBinary: binary });
    const { workspace } = await host.openProject("soak");
    const { url } = await host.client.call("server.start", { workspace });
    if (url === null) throw new Error("a running server has no address");
    turns.watch(workspace);
    const begun = performance.now();
    const warm = begun + WARM_UP_MINUTES * 60_000;
    const end = warm + MINUTES * 60_000;
    const next = { turn: begun, cut: begun + WARM_UP_CUT_MS, sample: begun };
    const heap = process.env["DECKHAND_SOAK_HEAP"];
    let early = heap === undefined ? Infinity : warm;
    while (performance.now() < end) {
      if (performance.now() >= early) {
        early = Infinity;
        await host.snapshotHeap(`${heap}-start.heapsnapshot`);
      }
      const now = performance.now();
      if (now < warm) {
        await turns.take({ quickly: true });
        next.turn = performance.now();
      } else if (now >= next.turn) {
        next.turn += TURN_MS;
        await turns.take();
      }
      if (now >= next.cut) {
        next.cut += now < warm ? WARM_UP_CUT_MS : CUT_MS;
        await askProxy(url, "break");
        cuts += 1;
      }
      if (now >= next.sample) {
        next.sample += SAMPLE_MS;
        const server = processesOf(host.folder, opencodeBinary, "serve").find((pid) => !isProxy(pid));
        const look = await host.look();
        samples.push({
          minute: (performance.now() - begun) / 60_000,
          hostMb: look.rss / MB,
          heapMb: look.heapUsed / MB,
          externalMb: look.external / MB,
          fds: costOf(host.pid).fds,
          serverMb: server === undefined ? 0 : costOf(server).rssBytes / MB,
          cpuMs: costOf(host.pid).cpuMs,
          turns: turns.done,
          snapshots: turns.snapshots,
        });
        if (samples.length % 30 === 0) say(`${samples.length} samples, ${turns.done} turns, ${turns.failed} failed`);
      }
      const wait = Math.min(next.turn, next.cut, next.sample) - performance.now();
      if (wait > 0) await pause(wait);
    }
    if (heap !== undefined) await host.snapshotHeap(`${heap}-end.heapsnapshot`);
  } finally {
    turns.close();
    await host.close();
  }
  write(samples);
  summarizeSoak(samples, WARM_UP_MINUTES, { turns: turns.done, failed: turns.failed, cuts, resyncs: turns.resyncs });
}

/** The proxy's own command line names the real binary too. */
function isProxy(pid: number): boolean {
  return processesOf("", PROXY_MODE).includes(pid);
}

function write(samples: readonly Sample[]): void {
  const folder = join(top, "out", "bench");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "soak.json"), `${JSON.stringify(samples)}\n`);
  const image = MINUTES >= 60 ? join(top, "docs", "images", "soak.svg") : join(folder, "soak.svg");
  const column = (pick: (sample: Sample) => number) => samples.map(pick);
  const panels = [
    {
      title: "Host",
      unit: "MB",
      curves: [
        { label: "resident", colour: "#2563eb", values: column((sample) => sample.hostMb) },
        { label: "heap after collection", colour: "#16a34a", values: column((sample) => sample.heapMb) },
      ],
    },
    {
      title: "Host",
      unit: "open files",
      curves: [{ label: "descriptors", colour: "#9333ea", values: column((sample) => sample.fds) }],
    },
    {
      title: "OpenCode server",
      unit: "MB",
      curves: [{ label: "resident", colour: "#ea580c", values: column((sample) => sample.serverMb) }],
    },
  ];
  const heading = `A turn every 5 s, the event stream cut every minute, after ${round(WARM_UP_MINUTES, 1)} minutes of as fast as it goes`;
  writeFileSync(
    image,
    plot(
      heading,
      column((sample) => sample.minute),
      panels,
    ),
  );
  say(`Samples in ${join(folder, "soak.json")}, plot in ${image}.`);
}

if (process.argv[2] === PROXY_MODE) runProxy(process.argv.slice(3));
else await soak();
