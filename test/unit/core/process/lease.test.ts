import * as fc from "fast-check";
import { expect, test } from "vitest";
import { parseLease, type HoldLease, type ProcessLease } from "../../../../electron/core/process/lease.ts";

const lease: ProcessLease = {
  version: 1,
  id: "0123456789abcdef",
  kind: "service",
  name: "web",
  workspace: "wsp_0000000000000000",
  argv0: "npm",
  pid: 4_000_000,
  pgid: 4_000_000,
  sid: 4_000_000,
  startTime: "123",
  startOrder: 123,
  bootId: "boot",
  ownerPid: 4_000_001,
  ownerStartTime: "100",
  marker: "home.run.0123456789abcdef",
  ports: [3_000],
  stopSignal: "SIGTERM",
  graceMs: 10_000,
  startedAt: 1,
};
const hold: HoldLease = {
  version: 1,
  id: "0123456789abcdef",
  kind: "container",
  name: "compose",
  workspace: "wsp_0000000000000000",
  bootId: "boot",
  ownerPid: 4_000_001,
  ownerStartTime: "100",
  marker: "home.run.0123456789abcdef",
  startedAt: 1,
  release: { argv: ["docker", "compose", "down"], cwd: "/", env: { PATH: "/bin" } },
};
const parse = (value: unknown) => parseLease(JSON.stringify(value));

test("what was written is read back", () => {
  expect(parse(lease)).toEqual(lease);
  expect(parse(hold)).toEqual(hold);
});

test.each([0, -1, 1, -4_000_000, 2 ** 31, 2 ** 22 + 1, 1.5, "7", null, Number.NaN, process.pid])(
  "no lease names the pid %s",
  (pid) => {
    expect(parse({ ...lease, pid, pgid: pid, sid: pid })).toHaveProperty("invalid");
  },
);

test.each([
  ["another group than its own", { pgid: 4_000_002 }],
  ["another session than its own", { sid: 77 }],
  ["its owner as the child", { pid: 4_000_001, pgid: 4_000_001, sid: 4_000_001 }],
  ["a signal that stops nothing", { stopSignal: "SIGCHLD" }],
  ["a marker of another lease", { marker: "home.run.other" }],
  ["another version", { version: 2 }],
  ["an id that is a path", { id: "../../x", marker: "home.run.../../x" }],
  ["a port that is none", { ports: [70_000] }],
  ["a grace without end", { graceMs: "Infinity" }],
])("a lease with %s is refused", (_, change) => {
  expect(parse({ ...lease, ...change })).toHaveProperty("invalid");
});

test.each([
  ["no command", { release: { ...hold.release, argv: [] } }],
  ["a command line instead of arguments", { release: { ...hold.release, argv: "docker compose down" } }],
  ["an environment of other things than texts", { release: { ...hold.release, env: { A: 1 } } }],
  ["the kind of a process", { kind: "service" }],
])("a hold with %s is refused", (_, change) => {
  expect(parse({ ...hold, ...change })).toHaveProperty("invalid");
});

test("no damage makes it throw, or makes a lease that signals somebody else's pid", () => {
  const text = JSON.stringify(lease);
  const damaged = fc.oneof(
    fc.string(),
    fc.json(),
    fc.nat(text.length).map((end) => text.slice(0, end)),
    fc
      .tuple(fc.nat(text.length - 1), fc.string({ minLength: 1, maxLength: 4 }))
      .map(([at, put]) => text.slice(0, at) + put + text.slice(at + put.length)),
    fc
      .tuple(fc.constantFrom(...Object.keys(lease)), fc.anything())
      .map(
        ([key, value]) =>
          JSON.stringify({ ...lease, [key]: value }, (_, inner: unknown) =>
            typeof inner === "bigint" ? String(inner) : inner,
          ) ?? "",
      ),
  );
  fc.assert(
    fc.property(damaged, (content) => {
      const result = parseLease(content);
      if ("invalid" in result || result.kind === "container") return;
      expect(result.pid).toBeGreaterThan(1);
      expect(result.pid).toBeLessThanOrEqual(2 ** 22);
      expect(result.pid).not.toBe(process.pid);
      expect(result.pgid).toBe(result.pid);
    }),
    { numRuns: 3_000 },
  );
});
