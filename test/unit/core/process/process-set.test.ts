import { expect, test } from "vitest";
import { collectSet, type SetQuery } from "../../../../electron/core/process/process-set.ts";
import type { ProcessEntry } from "../../../../electron/core/process/process-table.ts";

interface Given {
  readonly pid: number;
  readonly ppid: number;
  readonly pgid?: number;
  readonly sid?: number;
  readonly start?: number;
  readonly marker?: string;
}

/** We are 100, child of the shell 50 in session 50, child of 1. */
const surroundings: Given[] = [
  { pid: 1, ppid: 0, pgid: 1, sid: 1 },
  { pid: 50, ppid: 1, pgid: 50, sid: 50 },
  { pid: 100, ppid: 50, pgid: 100, sid: 50 },
];

function collect(given: readonly Given[], query: Partial<SetQuery> = {}): number[] {
  const entries = new Map<number, ProcessEntry>();
  const markers = new Map<number, string>();
  for (const { pid, ppid, pgid = pid, sid = pid, start = pid, marker } of [...surroundings, ...given]) {
    entries.set(pid, {
      pid,
      ppid,
      pgid,
      sid,
      startOrder: start,
      startTime: String(start),
      dead: false,
      memoryBytes: 0,
      cpuMs: 0,
    });
    if (marker !== undefined) markers.set(pid, marker);
  }
  const { members } = collectSet({
    table: { entries, marker: (pid) => markers.get(pid) ?? null },
    seeds: [{ pid: 200, startTime: "200" }],
    carries: ({ leaseId }) => leaseId === "lease",
    since: 0,
    exclude: new Set(),
    self: 100,
    ...query,
  });
  return members.map(({ pid }) => pid).sort((a, b) => a - b);
}

const mark = "home.run.lease";

test("descendants, group and session of the leader are members", () => {
  const given = [
    { pid: 200, ppid: 100 },
    { pid: 201, ppid: 200, pgid: 200, sid: 200 },
    { pid: 202, ppid: 1, pgid: 200, sid: 200 },
    { pid: 203, ppid: 1, pgid: 203, sid: 200 },
    { pid: 204, ppid: 203, pgid: 204, sid: 204 },
    { pid: 300, ppid: 1 },
  ];
  expect(collect(given)).toEqual([200, 201, 202, 203, 204]);
});

test("a reused pid is not the leader, and its children are not members", () => {
  expect(
    collect([
      { pid: 200, ppid: 1, start: 999 },
      { pid: 201, ppid: 200, pgid: 200, sid: 200, start: 1_000 },
    ]),
  ).toEqual([]);
});

test("a daemon is found by its marker, with its own session", () => {
  expect(
    collect([
      { pid: 400, ppid: 1, marker: mark },
      { pid: 401, ppid: 1, pgid: 400, sid: 400 },
    ]),
  ).toEqual([400, 401]);
});

test("another lease's marker, and what only looks like a marker, count for nothing", () => {
  const given = ["home.run.other", "home.run", "home.run.lease.x", "", "home.run.lease\n"].map((marker, index) => ({
    pid: 400 + index,
    ppid: 1,
    marker,
  }));
  expect(collect(given)).toEqual([]);
});

test("we, our ancestors and the excluded are never members, even with the marker", () => {
  const given = [
    { pid: 1, ppid: 0, marker: mark },
    { pid: 50, ppid: 1, sid: 50, marker: mark },
    { pid: 100, ppid: 50, sid: 50, marker: mark },
    { pid: 500, ppid: 100, marker: mark },
  ];
  expect(collect(given, { exclude: new Set([500]) })).toEqual([]);
  expect(
    collect([], {
      seeds: [
        { pid: 100, startTime: "100" },
        { pid: 50, startTime: "50" },
        { pid: 1, startTime: "1" },
      ],
    }),
  ).toEqual([]);
});

test("a member in our own session or group does not make the rest of it members", () => {
  const given = [
    { pid: 60, ppid: 50, pgid: 60, sid: 50 },
    { pid: 101, ppid: 1, pgid: 100, sid: 50, marker: mark },
    { pid: 102, ppid: 100, pgid: 100, sid: 50 },
  ];
  expect(collect(given)).toEqual([101]);
});

test("a process older than its lease is not asked for its marker", () => {
  expect(collect([{ pid: 400, ppid: 1, start: 10, marker: mark }], { since: 11 })).toEqual([]);
});

test("a loop of parents ends", () => {
  expect(
    collect([
      { pid: 200, ppid: 201 },
      { pid: 201, ppid: 200 },
    ]),
  ).toEqual([200, 201]);
  expect(
    collect([
      { pid: 50, ppid: 100 },
      { pid: 100, ppid: 50 },
    ]),
  ).toEqual([]);
});
