import { parseMarker, type Marker } from "./marker.ts";
import type { ProcessEntry, ProcessSource, ProcessTable } from "./process-table.ts";

/**
 * Theory of operation. What a service started is found in four ways, each of which something escapes and which together
 * leave no gap that we know of:
 *
 * - descent: the children of a member, while their parent lives (orphans are handed to pid 1);
 * - process group and session: survive the parent's end, lost by setsid;
 * - the marker in the environment: survives both, lost by a process that scrubs its environment;
 * - what was seen to belong once stays a member, by pid and start time.
 *
 * A process that scrubbed the marker and left the session before anyone looked is not provably ours and never signalled.
 * A session is only ever joined by being forked into it, so all of a member's session and group belong to it too, except
 * in our own session, where the terminal's other programs live.
 */
export interface Seed {
  readonly pid: number;
  readonly startTime: string;
}

export interface SetQuery {
  readonly table: ProcessTable;
  /** Members for certain, if they still are who they were. */
  readonly seeds: Iterable<Seed>;
  readonly carries: (marker: Marker) => boolean;
  /** Not looked at for the marker: started earlier than this. A marked process is younger than its lease. */
  readonly since: number;
  /** Never members. Ourselves, our ancestors, and pids 0 and 1 never are either. */
  readonly exclude: ReadonlySet<number>;
  /** Our own pid. */
  readonly self: number;
}

export interface CollectedSet {
  readonly members: readonly ProcessEntry[];
  /** Groups with somebody in them who is never a member: not to be signalled as a whole. */
  readonly sharedGroups: ReadonlySet<number>;
}

/** Pure: the members of the set in one snapshot. */
export function collectSet(query: SetQuery): CollectedSet {
  const { entries } = query.table;
  const { pids: forbidden, sessions, groups } = ownSurroundings(query);
  const byParent = new Map<number, ProcessEntry[]>();
  const byGroup = new Map<number, ProcessEntry[]>();
  const bySession = new Map<number, ProcessEntry[]>();
  const members = new Map<number, ProcessEntry>();
  const queue: ProcessEntry[] = [];
  const add = (entry: ProcessEntry) => {
    if (entry.pid <= 1 || forbidden.has(entry.pid) || members.has(entry.pid)) return;
    members.set(entry.pid, entry);
    queue.push(entry);
  };

  for (const entry of entries.values()) {
    file(byParent, entry.ppid, entry);
    if (!groups.has(entry.pgid)) file(byGroup, entry.pgid, entry);
    if (!sessions.has(entry.sid)) file(bySession, entry.sid, entry);
  }
  for (const seed of query.seeds) {
    const entry = entries.get(seed.pid);
    if (entry !== undefined && entry.startTime === seed.startTime) add(entry);
  }
  for (const entry of entries.values()) {
    if (entry.startOrder < query.since || forbidden.has(entry.pid)) continue;
    const marker = query.table.marker(entry.pid);
    const parsed = marker === null ? null : parseMarker(marker);
    if (parsed !== null && query.carries(parsed)) add(entry);
  }
  for (let entry = queue.pop(); entry !== undefined; entry = queue.pop()) {
    for (const child of byParent.get(entry.pid) ?? []) add(child);
    if (entry.pgid > 1) for (const peer of byGroup.get(entry.pgid) ?? []) add(peer);
    if (entry.sid > 1) for (const peer of bySession.get(entry.sid) ?? []) add(peer);
  }
  return { members: [...members.values()], sharedGroups: groups };
}

/** Ourselves, our ancestors and who is excluded, with their groups and sessions. */
function ownSurroundings({ table, exclude, self }: SetQuery) {
  const ancestors = new Set<number>();
  for (let pid = self; pid > 0 && !ancestors.has(pid); pid = table.entries.get(pid)?.ppid ?? 0) ancestors.add(pid);
  const pids = new Set([...ancestors, ...exclude]);
  const groups = new Set<number>();
  const sessions = new Set<number>();
  for (const pid of pids) {
    const entry = table.entries.get(pid);
    if (entry === undefined) continue;
    groups.add(entry.pgid);
    sessions.add(entry.sid);
  }
  return { pids, groups, sessions };
}

function file(index: Map<number, ProcessEntry[]>, key: number, entry: ProcessEntry): void {
  const list = index.get(key);
  if (list === undefined) index.set(key, [entry]);
  else list.push(entry);
}

/** The set of one or more leases over time: it remembers whom it has seen. */
export class ProcessSet {
  readonly #source: ProcessSource;
  readonly #seeds: readonly Seed[];
  readonly #carries: (marker: Marker) => boolean;
  readonly #since: number;
  readonly #exclude: () => ReadonlySet<number>;
  #known: readonly ProcessEntry[] = [];
  #sharedGroups: ReadonlySet<number> = new Set();

  constructor(options: {
    readonly source: ProcessSource;
    readonly seeds: readonly Seed[];
    readonly carries: (marker: Marker) => boolean;
    readonly since: number;
    readonly exclude: () => ReadonlySet<number>;
  }) {
    this.#source = options.source;
    this.#seeds = options.seeds;
    this.#carries = options.carries;
    this.#since = options.since;
    this.#exclude = options.exclude;
  }

  /** The members of the last `refresh`. */
  get members(): readonly ProcessEntry[] {
    return this.#known;
  }

  /** Whether all it began with have ended, as of the last `refresh`: who is left has nobody who would still end it. */
  get isOrphaned(): boolean {
    const seeds = new Map([...this.#seeds].map(({ pid, startTime }) => [pid, startTime]));
    return this.#known.every(({ pid, startTime }) => seeds.get(pid) !== startTime);
  }

  /** Whether everybody in that group is a member, as of the last `refresh`. */
  ownsGroup(pgid: number): boolean {
    return pgid > 1 && !this.#sharedGroups.has(pgid);
  }

  async refresh(maxAgeMs = 0): Promise<readonly ProcessEntry[]> {
    return this.#collect(await this.#source.snapshot(maxAgeMs));
  }

  /**
   * Whether nobody of it lives. Two looks: while the first walks through the processes, a fork may appear behind it, so the
   * second must be fresh. For that one the newcomers are enough: who was there and did not belong cannot come to belong.
   *
   * @param maxAgeMs Of the first look.
   */
  async isEmpty(maxAgeMs = 0): Promise<boolean> {
    const table = await this.#source.snapshot(maxAgeMs);
    if (this.#collect(table).length > 0) return false;
    const { newcomers } = this.#source;
    return this.#collect(newcomers?.(table) ?? (await this.#source.snapshot())).length === 0;
  }

  #collect(table: ProcessTable): readonly ProcessEntry[] {
    const { members, sharedGroups } = collectSet({
      table,
      seeds: [...this.#seeds, ...this.#known],
      carries: this.#carries,
      since: this.#since,
      exclude: this.#exclude(),
      self: process.pid,
    });
    this.#known = members;
    this.#sharedGroups = sharedGroups;
    return members;
  }

  /**
   * The cheap look: who of the known members lives, with newer figures, and which children they have since. It misses who
   * left its parent in between; the next `refresh` finds those. Where the system offers no such look, it is a `refresh`.
   */
  async follow(maxAgeMs: number): Promise<readonly ProcessEntry[]> {
    const { children } = this.#source;
    if (children === undefined) return this.refresh(maxAgeMs);
    const exclude = this.#exclude();
    const members = new Map<number, ProcessEntry>();
    const queue: number[] = [];
    const add = (pid: number, startTime: string | null) => {
      if (pid <= 1 || pid === process.pid || exclude.has(pid) || members.has(pid)) return;
      const entry = this.#source.read(pid);
      if (entry === null || entry.dead || (startTime !== null && entry.startTime !== startTime)) return;
      members.set(pid, entry);
      queue.push(pid);
    };
    for (const { pid, startTime } of [...this.#seeds, ...this.#known]) add(pid, startTime);
    for (let pid = queue.pop(); pid !== undefined; pid = queue.pop())
      for (const child of children(pid)) add(child, null);
    this.#known = [...members.values()];
    return this.#known;
  }
}
