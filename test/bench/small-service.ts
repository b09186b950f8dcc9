/**
 * The service of the environment's benchmarks: a few lines of Perl, because a hundred programs of Node's would measure nothing
 * but how long two cores take to start a hundred Nodes. It tells what it does by datagrams to {@link openBeats}, so that
 * every manager is timed by the same clock and by what its child really did, not by what the manager says.
 */
import { createSocket } from "node:dgram";
import { writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { findProgram } from "./peers.ts";

/**
 * What a service leaves to be ended: a child; a child of a child; one in a session of its own; a grandchild that ignores
 * SIGTERM. `plain` has nobody, `fails` ends with 1 at once.
 */
export type Shape = "plain" | "child" | "grandchild" | "setsid" | "stubborn" | "fails";
export const treeShapes = ["child", "grandchild", "setsid", "stubborn"] as const satisfies readonly Shape[];

export interface SmallService {
  readonly name: string;
  /** It opens this port after the delay. */
  readonly port: number;
  readonly delayMs: number;
  readonly shape: Shape;
  /** Services whose port must be open before it is started. */
  readonly needs: readonly string[];
}

const program = `
use strict; use Socket;
my ($name, $beats, $port, $delay, $shape) = @ARGV;
socket(my $out, PF_INET, SOCK_DGRAM, 0) or die;
my $to = sockaddr_in($beats, INADDR_LOOPBACK);
sub beat { send($out, "$name $$ $_[0]", 0, $to) }
beat("up");
exit 1 if $shape eq "fails";
sub idle { exec "sleep", "600" }
if ($shape eq "child") { fork or idle }
if ($shape eq "grandchild") { fork or do { fork or idle; idle } }
if ($shape eq "setsid") { fork or do { require POSIX; POSIX::setsid(); idle } }
if ($shape eq "stubborn") { fork or do { fork or do { $SIG{TERM} = "IGNORE"; idle }; idle } }
$SIG{TERM} = sub { exit 0 };
select(undef, undef, undef, $delay / 1000);
socket(my $listener, PF_INET, SOCK_STREAM, 0) or die;
setsockopt($listener, SOL_SOCKET, SO_REUSEADDR, 1);
bind($listener, sockaddr_in($port, INADDR_LOOPBACK)) or die;
listen($listener, 128) or die;
beat("open");
my $caller;
while (1) { accept($caller, $listener) and close $caller }
`;

/** Writes the program into a folder. Answers with what runs a service. @throws Error where there is no Perl. */
export function writeSmallService(
  folder: string,
  beatsPort: number,
): (service: SmallService) => readonly [string, ...string[]] {
  const perl = findProgram("perl");
  if (perl === null) throw new Error("The benchmarks of the environment need perl on the PATH.");
  const file = join(folder, "small-service.pl");
  writeFileSync(file, program);
  return ({ name, port, delayMs, shape }) => [
    perl,
    file,
    name,
    String(beatsPort),
    String(port),
    String(delayMs),
    shape,
  ];
}

export interface Beat {
  readonly name: string;
  readonly pid: number;
  readonly what: "up" | "open";
  /** `performance.now()` of its arrival. */
  readonly at: number;
}

export interface Beats {
  readonly port: number;
  /** All since the last `forget`, in order. */
  readonly seen: readonly Beat[];
  forget(): void;
  /** The first that fits, of those since `forget`. @throws Error after 60 s. */
  first(fits: (beat: Beat) => boolean): Promise<Beat>;
  /** When the last of so many services opened its port. */
  allOpen(count: number): Promise<number>;
  close(): Promise<void>;
}

const WAIT_MS = 60_000;

export async function openBeats(): Promise<Beats> {
  const socket = createSocket("udp4");
  let seen: Beat[] = [];
  socket.on("message", (message) => {
    const at = performance.now();
    const [name = "", pid, what] = message.toString("utf8").split(" ");
    seen.push({ name, pid: Number(pid), what: what === "open" ? "open" : "up", at });
  });
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  const waitFor = async <Value>(what: string, look: () => Value | undefined): Promise<Value> => {
    for (const end = performance.now() + WAIT_MS; performance.now() < end; await sleep(2)) {
      const value = look();
      if (value !== undefined) return value;
    }
    throw new Error(`waited ${WAIT_MS} ms in vain for ${what}`);
  };
  return {
    port: socket.address().port,
    get seen() {
      return seen;
    },
    forget() {
      seen = [];
    },
    first: (fits) => waitFor("a service", () => seen.find(fits)),
    allOpen: (count) =>
      waitFor(`${count} open ports`, () => {
        const opened = new Map(seen.filter((beat) => beat.what === "open").map((beat) => [beat.name, beat.at]));
        return opened.size < count ? undefined : Math.max(...opened.values());
      }),
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}

/** Ports below those that the system gives to outgoing connections: none is taken by a probe's own end meanwhile. */
const FIRST_PORT = 20_000;
const LAST_PORT = 30_000;

export async function freePorts(count: number): Promise<number[]> {
  const found: number[] = [];
  const start = FIRST_PORT + Math.floor(Math.random() * (LAST_PORT - FIRST_PORT - 10 * count));
  for (let port = start; found.length < count; port += 1) {
    if (port > LAST_PORT) throw new Error(`no ${count} free ports from ${start} to ${LAST_PORT}`);
    if (await isFree(port)) found.push(port);
  }
  return found;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer().once("error", () => resolve(false));
    server.listen(port, () => server.close(() => resolve(true)));
  });
}

/** From 100 to 500 ms, spread evenly and without a step that fits somebody's pauses between two looks. */
const delayOf = (index: number) => 100 + ((index * 137) % 401);

/**
 * Levels of services, each of which needs all of the level before.
 *
 * @param shapeOf By the number of the service, from 0.
 */
export async function levels(
  count: number,
  depth: number,
  shapeOf: (index: number) => Shape = () => "plain",
): Promise<SmallService[]> {
  const ports = await freePorts(count);
  const width = count / depth;
  const nameOf = (index: number) => `s${String(index).padStart(3, "0")}`;
  return ports.map((port, index) => {
    const level = Math.floor(index / width);
    const before = level === 0 ? [] : Array.from({ length: width }, (_, place) => nameOf((level - 1) * width + place));
    return { name: nameOf(index), port, delayMs: delayOf(index), shape: shapeOf(index), needs: before };
  });
}

/** The longest way through them: what nobody can be quicker than. */
export function criticalPathMs(services: readonly SmallService[]): number {
  const ready = new Map<string, number>();
  for (const service of services) {
    const begun = Math.max(0, ...service.needs.map((name) => ready.get(name) ?? 0));
    ready.set(service.name, begun + service.delayMs);
  }
  return Math.max(...ready.values());
}
