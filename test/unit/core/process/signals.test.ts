/** Who may be signalled, and who never. */
import { afterEach, expect, test, vi } from "vitest";
import { signalGroup, signalProcess } from "../../../../electron/core/process/signals.ts";
import { systemProcesses } from "../../../../electron/core/process/system-processes.ts";
import { ProcessMachine } from "../../../support/process-machine.ts";

afterEach(() => vi.restoreAllMocks());

/** Every call of kill(2), none of which is carried out; with a code, each fails with it. */
function kills(code?: string) {
  return vi.spyOn(process, "kill").mockImplementation(() => {
    if (code !== undefined) throw Object.assign(new Error(code), { code });
    return true;
  });
}

test.each([0, -0, 1, -1, -2, 1.5, Number.NaN, Infinity, 2 ** 31, 2 ** 32 + 1, process.pid, -process.pid])(
  "neither a process nor a group %s is ever signalled",
  (number) => {
    const kill = kills();
    const machine = new ProcessMachine();
    const entry = { ...machine.add(0), pid: number, pgid: number };
    machine.entries.set(number, entry);
    expect(signalProcess(machine, entry, "SIGKILL")).toBe("refused");
    expect(signalGroup(machine, entry, "SIGKILL")).toBe("refused");
    expect(kill).not.toHaveBeenCalled();
  },
);

test("our own group is never signalled, though another leads it and a child of ours is in it", () => {
  const kill = kills();
  const machine = new ProcessMachine();
  const leader = machine.add(0);
  machine.entries.set(process.pid, { ...machine.add(1), pid: process.pid, pgid: leader.pid });
  const child = machine.add(2, { pgid: leader.pid });
  expect(signalGroup(machine, child, "SIGTERM")).toBe("refused");
  expect(kill).not.toHaveBeenCalled();
  const source = systemProcesses();
  const self = source.read(process.pid);
  expect(self).not.toBeNull();
  if (self !== null) expect(signalGroup(source, { ...self, pid: self.ppid }, "SIGTERM")).toBe("refused");
  expect(kill).not.toHaveBeenCalled();
});

test("who ended, became a zombie or is another by now is gone, and not signalled", () => {
  const kill = kills();
  const machine = new ProcessMachine();
  const entry = machine.add(0);
  for (const change of [{ dead: true }, { startTime: "2" }]) {
    machine.add(0, change);
    expect(signalProcess(machine, entry, "SIGTERM")).toBe("gone");
    expect(signalGroup(machine, entry, "SIGTERM")).toBe("gone");
  }
  machine.add(0, { pgid: entry.pid + 5 });
  expect(signalGroup(machine, entry, "SIGTERM")).toBe("gone");
  machine.entries.clear();
  expect(signalProcess(machine, entry, "SIGTERM")).toBe("gone");
  expect(signalGroup(machine, entry, "SIGTERM")).toBe("gone");
  expect(kill).not.toHaveBeenCalled();
});

test("a process is looked at again just before its signal; its group gets it as a group", () => {
  const kill = kills();
  const machine = new ProcessMachine();
  const entry = machine.add(0);
  expect(signalProcess(machine, entry, "SIGTERM")).toBe("sent");
  expect(machine.reads).toBe(1);
  expect(signalGroup(machine, entry, "SIGHUP")).toBe("sent");
  expect(kill.mock.calls).toEqual([
    [entry.pid, "SIGTERM"],
    [-entry.pid, "SIGHUP"],
  ]);
});

test.each([
  ["ESRCH", "gone"],
  ["EPERM", "refused"],
])("what the system answers is told: %s means %s", (code, result) => {
  kills(code);
  const machine = new ProcessMachine();
  expect(signalProcess(machine, machine.add(0), "SIGTERM")).toBe(result);
});

test("any other answer of the system is an error", () => {
  kills("EINVAL");
  const machine = new ProcessMachine();
  expect(() => signalProcess(machine, machine.add(0), "SIGTERM")).toThrow("EINVAL");
});
