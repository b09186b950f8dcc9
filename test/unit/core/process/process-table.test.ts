import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { findMarker } from "../../../../electron/core/process/marker.ts";
import { parseStat, programOf } from "../../../../electron/core/process/process-table-linux.ts";
import { macProcesses, parseProcessList } from "../../../../electron/core/process/process-table-mac.ts";
import { processesOf, shareSnapshots, systemProcesses } from "../../../../electron/core/process/system-processes.ts";
import { until } from "../../../support/until.ts";
import { parseLsof, listeningInodes, portHolders } from "../../../../electron/core/process/port-holder.ts";
import { listensEverywhere } from "../../../../electron/core/process/wildcard-listener.ts";

test("a child is seen with its group, session, memory, command and marker, and is gone after its end", async () => {
  const source = systemProcesses();
  const child = spawn("sleep", ["600"], {
    detached: true,
    stdio: "ignore",
    env: { DECKHAND_MARKER: "a.b.c", PATH: process.env["PATH"] ?? "" },
  });
  const pid = child.pid ?? 0;
  const table = await source.snapshot();
  expect(table.entries.get(pid)).toMatchObject({ pid, ppid: process.pid, pgid: pid, sid: pid, dead: false });
  expect(table.entries.get(pid)?.startTime).toBe(source.read(pid)?.startTime);
  expect(table.marker(pid)).toBe("a.b.c");
  expect(table.marker(process.pid)).toBeNull();
  expect(source.command(pid)).toBe("sleep 600");
  expect(source.read(process.pid)?.memoryBytes).toBeGreaterThan(10_000_000);
  child.kill("SIGKILL");
  await once(child, "exit");
  expect(source.read(pid)).toBeNull();
  expect((await source.snapshot()).entries.has(pid)).toBe(false);
  expect(source.command(pid)).toBe("");
});

test("a marker is read again when a process runs another program, and not otherwise", async () => {
  const source = systemProcesses();
  const script = "read line; DECKHAND_MARKER=a.b.c exec sleep 600";
  const child = spawn("sh", ["-c", script], {
    stdio: ["pipe", "ignore", "ignore"],
    env: { PATH: process.env["PATH"] },
  });
  const pid = child.pid ?? 0;
  const marker = async () => (await source.snapshot()).marker(pid);
  expect(await marker()).toBeNull();
  expect(await marker()).toBeNull();
  child.stdin.write("go\n");
  await until("the marker of the other program", 5_000, async () => (await marker()) === "a.b.c");
  expect(await marker()).toBe("a.b.c");
  child.kill("SIGKILL");
  await once(child, "exit");
  expect(await marker()).toBeNull();
});

test("the program of a process is told apart by where its environment lies", () => {
  const line = (bounds: string) => `7 (a b) ) S ${Array.from({ length: 46 }, (_, at) => at + 4).join(" ")} ${bounds} 0`;
  expect(programOf(line("1000 1200"))).toBe(programOf(line("1000 1200")));
  expect(programOf(line("1000 1200"))).not.toBe(programOf(line("1004 1200")));
  expect(programOf(line("1000 1200"))).not.toBe(programOf(line("1000 1204")));
});

test("the children of a process are told without a look at all", async () => {
  const source = systemProcesses();
  const parent = spawn("sh", ["-c", "sleep 600 & sleep 601 & echo up; wait"], {
    stdio: ["ignore", "pipe", "ignore"],
    detached: true,
  });
  await once(parent.stdout, "data");
  const pid = parent.pid ?? 0;
  const children = () => source.children?.(pid) ?? [];
  const commands = () => children().map((child) => source.command(child));
  await until("both children", 5_000, () => commands().toSorted().join() === "sleep 600,sleep 601");
  expect(source.children?.(children()[0] ?? 0)).toEqual([]);
  process.kill(-pid, "SIGKILL");
  await once(parent, "exit");
  expect(source.children?.(pid)).toEqual([]);
});

test("a zombie counts as dead, though it can still be signalled", async () => {
  const source = systemProcesses();
  // The child ends at once; its parent never collects it.
  const parent = spawn("sh", ["-c", "sleep 0 & echo $!; exec sleep 600"], { stdio: ["ignore", "pipe", "ignore"] });
  const [text] = (await once(parent.stdout, "data")) as [Buffer];
  const zombie = Number(text.toString());
  const end = performance.now() + 5_000;
  while (source.read(zombie)?.dead !== true && performance.now() < end)
    await new Promise((done) => setTimeout(done, 10));
  expect(process.kill(zombie, 0)).toBe(true);
  expect(source.read(zombie)?.dead).toBe(true);
  expect((await source.snapshot()).entries.has(zombie)).toBe(false);
  parent.kill("SIGKILL");
  await once(parent, "exit");
});

test("a snapshot is shared only with those who accept its age", async () => {
  const source = systemProcesses();
  const first = await source.snapshot();
  expect(await source.snapshot(60_000)).toBe(first);
  await new Promise((done) => setTimeout(done, 5));
  expect(await source.snapshot()).not.toBe(first);
});

test.skipIf(process.platform !== "linux")(
  "an earlier look is brought up to now by those who came and those who went",
  async () => {
    const source = systemProcesses();
    const begin = (lease: string) =>
      spawn("/bin/sleep", ["600"], { stdio: "ignore", env: { DECKHAND_MARKER: `a.b.${lease}` } });
    const [stays, goes] = [begin("stays"), begin("goes")];
    const pidOf = (child: ReturnType<typeof begin>) => child.pid ?? 0;
    const earlier = await source.snapshot();
    const gone = once(goes, "exit");
    goes.kill("SIGKILL");
    await gone;
    const comes = begin("comes");
    const now = source.newcomers?.(earlier);
    const marker = now?.marker(pidOf(comes));
    for (const child of [stays, comes]) child.kill("SIGKILL");
    await Promise.all([stays, comes].map((child) => once(child, "exit")));
    expect([stays, goes, comes].map((child) => now?.entries.has(pidOf(child)))).toEqual([true, false, true]);
    expect(marker).toBe("a.b.comes");
    expect(now?.entries.get(pidOf(stays))).toBe(earlier.entries.get(pidOf(stays)));
    // One look for all who have seen the same.
    expect(source.newcomers?.(earlier)).toBe(now);
  },
);

test("a name with spaces and brackets does not move the fields of /proc/PID/stat", () => {
  const line = `77 (a) b (c) ) S 1 76 75 0 -1 4194560 1 2 3 4 150 50 7 8 20 0 3 0 9999 1000000 25 18446744073709551615 1 1 0 0 0 0 0 16386 4`;
  expect(parseStat(line, { pageBytes: 4_096, ticksPerSecond: 100 })).toEqual({
    pid: 77,
    ppid: 1,
    pgid: 76,
    sid: 75,
    startOrder: 9_999,
    startTime: "9999",
    dead: false,
    memoryBytes: 25 * 4_096,
    cpuMs: 2_000,
    ignoredSignals: 16_386,
  });
  expect(parseStat("", { pageBytes: 1, ticksPerSecond: 1 })).toBeNull();
  expect(parseStat("7 (cut", { pageBytes: 1, ticksPerSecond: 1 })).toBeNull();
});

test("a process whose first thread has ended lives while others run", () => {
  const stat = (state: string, threads: number) =>
    `7 (x) ${state} 1 7 7 0 -1 0 0 0 0 0 0 0 0 0 20 0 ${threads} 0 5 0 0`;
  const units = { pageBytes: 1, ticksPerSecond: 1 };
  expect(parseStat(stat("Z", 1), units)?.dead).toBe(true);
  expect(parseStat(stat("Z", 4), units)?.dead).toBe(false);
  expect(parseStat(stat("T", 1), units)?.dead).toBe(false);
});

// As `ps -axwwE -o pid=,ppid=,pgid=,state=,rss=,time=,lstart=,command=` prints it on macOS, by its manual.
const macList = `    1     0     1 Ss    21344   2:01.55 Tue Nov  4 08:00:01 2026     /sbin/launchd
  812   700   812 S+    91232   0:03.07 Fri Nov 21 07:30:12 2026     node server.js --port 3000 TERM=xterm DECKHAND_MARKER=aa.bb.cc PATH=/usr/bin
  813   812   812 Z         0   0:00.00 Fri Nov 21 07:30:13 2026     (node)
  814     1   814 R      4096 1-02:03:04.50 Fri Nov 21 07:30:14 2026     /usr/bin/yes DECKHAND_MARKER is text here
`;

test("the process list of macOS is understood", () => {
  const { entries, marker } = parseProcessList(macList);
  expect([...entries.keys()]).toEqual([1, 812, 814]);
  expect(entries.get(812)).toEqual({
    pid: 812,
    ppid: 700,
    pgid: 812,
    sid: 0,
    startOrder: Date.UTC(2026, 10, 21, 7, 30, 12) / 1_000,
    startTime: "Fri Nov 21 07:30:12 2026",
    dead: false,
    memoryBytes: 91_232 * 1_024,
    cpuMs: 3_070,
  });
  expect(entries.get(814)?.cpuMs).toBe((86_400 + 2 * 3_600 + 3 * 60 + 4) * 1_000 + 500);
  expect(marker(812)).toBe("aa.bb.cc");
  expect(marker(814)).toBeNull();
});

/** What macOS's `ps` and `sysctl` answer, by what they were asked. */
function mac(answers: { readonly [asked: string]: string }, list: () => Promise<string> = () => Promise.resolve("")) {
  const asked: string[] = [];
  const source = macProcesses({
    now(file, args) {
      asked.push([file, ...args].join(" "));
      return Object.entries(answers).find(([end]) => asked.at(-1)?.endsWith(end))?.[1] ?? "";
    },
    soon(file, args) {
      asked.push([file, ...args].join(" "));
      return list();
    },
  });
  return { source, asked };
}

test("macOS is asked for one process, its command and all processes by the columns of its manual", async () => {
  const columns = "pid=,ppid=,pgid=,state=,rss=,time=,lstart=";
  const [, line = "", zombie = ""] = macList.split("\n");
  const { source, asked } = mac(
    {
      "kern.bootsessionuuid": "0A1B2C3D-0000-4000-8000-0123456789AB\n",
      [`${columns} -p 812`]: `${line.slice(0, line.indexOf("     node"))}\n`,
      [`${columns} -p 813`]: `${zombie}\n`,
      "command= -p 812": `node server.js ${"x".repeat(300)}\n`,
    },
    () => Promise.resolve(macList),
  );
  expect(source.bootId).toBe("0A1B2C3D-0000-4000-8000-0123456789AB");
  expect(source.read(812)).toMatchObject({ pid: 812, pgid: 812, startTime: "Fri Nov 21 07:30:12 2026", dead: false });
  expect(source.read(813)?.dead).toBe(true);
  expect(source.read(999)).toBeNull();
  expect(source.command(812)).toHaveLength(200);
  expect(source.command(999)).toBe("");
  const table = await source.snapshot();
  expect([...table.entries.keys()]).toEqual([1, 812, 814]);
  expect(table.entries.get(812)?.startTime).toBe(source.read(812)?.startTime);
  expect(table.marker(812)).toBe("aa.bb.cc");
  expect(asked.filter((text) => text.includes("-ax"))).toEqual([`/bin/ps -axwwE -o ${columns},command=`]);
  // Its children cannot be told without a look at all.
  expect(source.children).toBeUndefined();
});

test("macOS without a session id is known by the time of its start; one that tells neither is refused", () => {
  const boottime = "{ sec = 1763683200, usec = 0 } Fri Nov 21 00:00:00 2026";
  expect(mac({ "kern.boottime": `${boottime}\n` }).source.bootId).toBe(boottime);
  expect(() => mac({})).toThrow("neither kern.bootsessionuuid nor kern.boottime");
});

test("a list of macOS that fails is an error, and not an empty machine", async () => {
  const { source } = mac({ "kern.boottime": "then" }, () => Promise.reject(new Error("ps: too many")));
  await expect(source.snapshot()).rejects.toThrow("ps: too many");
});

test.skipIf(process.platform !== "linux")("macOS's own programs are asked where there are none in vain", () => {
  expect(() => processesOf("darwin")).toThrow("sysctl tells neither");
});

test("a system that is neither Linux nor macOS is refused by name", () => {
  expect(() => processesOf("win32")).toThrow("on win32; Linux and macOS");
});

test("the marker is found only as a variable of its own", () => {
  expect(findMarker(Buffer.from("A=1\0DECKHAND_MARKER=a.b.c\0B=2\0"))).toBe("a.b.c");
  expect(findMarker(Buffer.from("DECKHAND_MARKER=a.b.c"))).toBe("a.b.c");
  expect(findMarker(Buffer.from("NOT_DECKHAND_MARKER=a.b.c\0"))).toBeNull();
  expect(findMarker(Buffer.from("DECKHAND_MARKER=\0"))).toBeNull();
  expect(findMarker(Buffer.from("DECKHAND_MARKER=a b\0X=1"))).toBe("a");
  expect(findMarker(Buffer.alloc(0))).toBeNull();
});

test("listeners are read from /proc/net/tcp and from lsof", () => {
  const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:0BB8 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 12345 1 0 100 0 0 10 0
   1: 0100007F:0BB8 0100007F:D431 01 00000000:00000000 00:00000000 00000000     0        0 777 1 0 100 0 0 10 0
`;
  expect(listeningInodes(table, new Set([3_000]))).toEqual([["12345", 3_000]]);
  expect(listeningInodes(table, new Set([3_001]))).toEqual([]);
  expect(parseLsof("p812\ncnode\nf21\nn127.0.0.1:3000\nf22\nn[::1]:3000\np9\ncx\nf3\nn*:80\n")).toEqual([
    { port: 3_000, pid: 812, command: "node" },
    { port: 80, pid: 9, command: "x" },
  ]);
});

/** Lets this process open so many more files than it has open, or as many as before. */
function limitFiles(soft: string): void {
  execFileSync("prlimit", ["--pid", String(process.pid), `--nofile=${soft}:`]);
}

test.skipIf(process.platform !== "linux")(
  "a host without a free descriptor still sees and tells its processes",
  async () => {
    const source = processesOf("linux");
    const child = spawn("sleep", ["600"], {
      stdio: "ignore",
      env: { DECKHAND_MARKER: "a.b.c", PATH: process.env["PATH"] },
    });
    const pid = child.pid ?? 0;
    const [soft = ""] = execFileSync(
      "prlimit",
      ["--pid", String(process.pid), "--nofile", "--raw", "--noheadings", "-o", "SOFT"],
      {
        encoding: "utf8",
      },
    ).split("\n");
    // Enough for the program that sets the limit back; they are taken below.
    limitFiles(String(readdirSync("/proc/self/fd").length + 40));
    const taken: number[] = [];
    const takeAll = () => {
      try {
        for (;;) taken.push(openSync("/dev/null", "r"));
      } catch {
        // That was the last one.
      }
    };
    const seen: unknown[] = [];
    try {
      takeAll();
      const table = source.snapshot();
      seen.push(source.read(pid)?.pid, source.command(pid), source.children?.(process.pid).includes(pid));
      const { entries, marker } = await table;
      seen.push(entries.has(pid), marker(pid), source.read(2 ** 22 + 1));
    } finally {
      for (const file of taken) closeSync(file);
      limitFiles(soft.trim());
      child.kill("SIGKILL");
      await once(child, "exit");
    }
    expect(seen).toEqual([pid, "sleep 600", true, true, "a.b.c", null]);
  },
);

test("a program without arguments is told by its name", async () => {
  // A zombie has no command line any more.
  const parent = spawn("sh", ["-c", "sleep 0 & echo $!; exec sleep 600"], { stdio: ["ignore", "pipe", "ignore"] });
  const [text] = (await once(parent.stdout, "data")) as [Buffer];
  const zombie = Number(text.toString());
  const source = systemProcesses();
  await until("the zombie", 5_000, () => source.read(zombie)?.dead);
  expect(source.command(zombie)).toBe("sleep");
  parent.kill("SIGKILL");
  await once(parent, "exit");
});

test("a look that fails is told to those who waited for it, and the next one is a new one", async () => {
  let looks = 0;
  const source = shareSnapshots({
    bootId: "boot",
    read: () => null,
    command: () => "",
    snapshot() {
      looks += 1;
      const table = { entries: new Map(), marker: () => null };
      return looks === 1 ? Promise.reject(new Error("no /proc")) : Promise.resolve(table);
    },
  });
  const both = await Promise.allSettled([source.snapshot(), source.snapshot(1_000)]);
  expect(both.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  expect(looks).toBe(1);
  expect((await source.snapshot(60_000)).entries.size).toBe(0);
  expect(looks).toBe(2);
  expect(source.children).toBeUndefined();
});

test("listeners of macOS are those that lsof names, on the ports that were asked for", async () => {
  const folder = mkdtempSync(join(tmpdir(), "deckhand-lsof-"));
  const lsofPath = join(folder, "lsof");
  const output = "p812\ncnode\nf21\nn127.0.0.1:3000\nf22\nn*:3001\np9\ncx\nf3\nn*:80\n";
  // Like the real one it ends with 1 when one of the ports has no listener.
  writeFileSync(lsofPath, `#!/bin/sh\necho "$@" > '${folder}/asked'\nprintf '${output}'\nexit 1\n`, { mode: 0o755 });
  const system = { platform: "darwin", lsofPath } as const;
  const source = systemProcesses();
  expect(await portHolders(source, [3_000, 4_000], system)).toEqual([{ port: 3_000, pid: 812, command: "node" }]);
  expect(readFileSync(join(folder, "asked"), "utf8")).toBe("-nP -iTCP:3000 -iTCP:4000 -sTCP:LISTEN -Fpcn\n");
  expect(await listensEverywhere(3_001, system)).toBe(true);
  expect(readFileSync(join(folder, "asked"), "utf8")).toBe("-nP -iTCP:3001 -sTCP:LISTEN -Fn\n");
  const none = { platform: "darwin", lsofPath: join(folder, "missing") } as const;
  expect(await portHolders(source, [3_000], none)).toEqual([]);
  expect(await listensEverywhere(3_001, none)).toBe(false);
  expect(await portHolders(source, [], system)).toEqual([]);
  rmSync(folder, { recursive: true, force: true });
});
