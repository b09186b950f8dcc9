/** The way to ready: the line that names the port, who really listens there, and whether it lets us in. */
import { expect } from "vitest";
import { protocolV1 } from "../../electron/core/opencode/protocol/v1.ts";
import type { Fault } from "../fakes/fake-opencode/fake-opencode.ts";
import { faultCase, variantsOf } from "../support/fault-case.ts";
import { openServer, openStranger, startServer } from "../support/fault-server.ts";

const listening = (address: string) => `opencode server listening on ${address}\n`;

faultCase(
  "N01",
  "a server that never names its port is ended after the startup timeout, twice, and told",
  async (stage) => {
    const opencode = openServer(stage, { fault: { lines: ["starting\n"] }, settings: { startupTimeoutSeconds: 30 } });
    let waited = 0;
    const failure = await opencode.failure(() => {
      if (stage.starts.length === waited || !stage.said("stdout").split("\n")[waited]) return;
      waited += 1;
      opencode.clock.jump(29_000);
      expect(opencode.status.state).toBe("waiting_ready");
      opencode.clock.jump(1_000);
    });
    expect(failure).toMatchObject({ code: "opencode_no_port", details: { stdout: ["starting"] } });
    expect(failure.message).toContain("within 30 s");
    expect(failure.next).toBeTruthy();
    expect(opencode.status).toMatchObject({ state: "crashed", pid: null });
    expect(waited).toBe(2);
  },
);

faultCase("N02", "a line that comes byte by byte is read once, whole", async (stage) => {
  const opencode = await startServer(stage, { fault: { byteByByte: true } });
  expect(opencode.status.state).toBe("running");
  expect((await opencode.fake.seen()).seen["stranger"]).toBe(1);
});

faultCase(
  "N03",
  "of two ports the last line counts; a port in other words is no port; a stranger never gets the password",
  async (stage) => {
    const stranger = await openStranger(stage, () => 200);
    const other = `http://127.0.0.1:${stranger.port}`;
    const opencode = await startServer(stage, {
      fault: {
        // In one go: it has moved on before anybody can ask at the first.
        lines: [
          [
            `see ${other} or\n`,
            listening(other),
            listening("http://127.0.0.1:PORT"),
            `opencode server listening on ${other} (not this one)\n`,
            `[info] opencode server listening on ${other}\n`,
          ].join(""),
        ],
      },
    });
    expect(opencode.status.state).toBe("running");
    expect(opencode.status.url).not.toBe(other);
    expect(stranger.asked.filter(({ authorization }) => authorization !== undefined)).toEqual([]);
  },
);

faultCase("N04", "colours, CRLF, a line without end, 1 MB before it: read, or timed out; never slow", async (stage) => {
  const long = "x".repeat(1_000_000);
  const variants: readonly (readonly [Fault, "running" | "crashed"])[] = [
    [{ lines: ["\u001b[1m\u001b[32mopencode server listening on http://127.0.0.1:PORT\u001b[0m\r\n"] }, "running"],
    [{ lines: [`${long}\n`, listening("http://127.0.0.1:PORT")] }, "running"],
    [{ lines: [`${long} opencode server listening on http://127.0.0.1:PORT\n`] }, "crashed"],
    [{ lines: ["opencode server listening on http://127.0.0.1:PORT"] }, "crashed"],
  ];
  for (const [index, [fault, state]] of variantsOf(stage, variants)) {
    const opencode = openServer(stage, { fault }, `opencode-${index}`);
    if (state === "running") await opencode.server.start();
    else {
      const failure = await opencode.failure(() => {
        if (opencode.status.state === "waiting_ready") opencode.clock.jump(30_000);
      });
      expect(failure.code).toBe("opencode_no_port");
    }
    expect(opencode.status.state).toBe(state);
    await opencode.server.close();
  }
  expect(slowestLine(stage.random)).toBeLessThan(10);
});

/** In ms: the best of five tries at each line, so that what is measured is the pattern and not the machine. */
function slowestLine(random: () => number): number {
  const pieces = [
    "opencode server ",
    "listening on ",
    "http://",
    "127.0.0.1",
    ":",
    "9".repeat(400),
    "[",
    "]",
    "\u001b[0m",
    "\u001b[",
    " ",
    "a-".repeat(200),
  ];
  let slowest = 0;
  for (let count = 0; count < 200; count += 1) {
    let line = "opencode server listening on ";
    const length = Math.floor(random() * 65_536);
    while (line.length < length) line += pieces[Math.floor(random() * pieces.length)];
    if (count % 2 === 0) line = line.slice(0, 511);
    let best = Infinity;
    for (let attempt = 0; attempt < 5 && best > 1; attempt += 1) {
      const began = performance.now();
      protocolV1.readyLine(line);
      best = Math.min(best, performance.now() - began);
    }
    slowest = Math.max(slowest, best);
  }
  return slowest;
}

faultCase("N05", "an address that cannot be, or that others reach, is refused", async (stage) => {
  const variants: readonly (readonly [string, string])[] = [
    ["http://127.0.0.1:0", "opencode_no_port"],
    ["http://127.0.0.1:65536", "opencode_no_port"],
    ["http://127.0.0.1:22", "opencode_no_port"],
    ["http://127.0.0.1:4096abc", "opencode_no_port"],
    ["http://127.0.0.1:-1", "opencode_no_port"],
    ["https://127.0.0.1:PORT", "opencode_no_port"],
    ["http://user:word@127.0.0.1:PORT", "opencode_no_port"],
    ["http://example.com:PORT", "opencode_unsafe"],
    ["http://127.0.0.1.example.com:PORT", "opencode_unsafe"],
    ["http://192.168.0.1:PORT", "opencode_unsafe"],
  ];
  for (const [index, [address, code]] of variantsOf(stage, variants)) {
    const opencode = openServer(stage, { fault: { lines: [listening(address)] } }, `opencode-${index}`);
    expect(await opencode.failure(), address).toMatchObject({ code });
    expect(opencode.status).toMatchObject({ state: "crashed", pid: null });
    expect(opencode.states).not.toContain("running");
    expect((await opencode.server.stop()).state).toBe("stopped");
  }
});

faultCase("N06", "a stranger on the port it names is not taken for it", async (stage) => {
  const variants: readonly (readonly [(authorized: boolean) => number, string, boolean])[] = [
    [() => 200, "opencode_unsafe", false],
    [() => 404, "opencode_unsafe", false],
    [() => 401, "opencode_auth", true],
  ];
  for (const [index, [status, code, isAsked]] of variantsOf(stage, variants)) {
    const stranger = await openStranger(stage, status);
    const lines = [listening(`http://127.0.0.1:${stranger.port}`)];
    const opencode = openServer(stage, { fault: { lines } }, `opencode-${index}`);
    expect(await opencode.failure()).toMatchObject({ code });
    expect(opencode.states).not.toContain("running");
    // Who asks for no password is not told ours.
    expect(stranger.asked.some(({ authorization }) => authorization !== undefined)).toBe(isAsked);
    await opencode.server.close();
  }
});

faultCase("N07", "a server that ends right after its line never counts as running", async (stage) => {
  const opencode = openServer(stage, { fault: { dieAfterLine: true, exit: 0, stderr: "Error: it was a trap\n" } });
  expect(await opencode.failure()).toMatchObject({
    code: "opencode_exited",
    details: { code: 0, stderr: ["Error: it was a trap"] },
  });
  expect(opencode.states).toEqual(["stopped", "starting", "waiting_ready", "starting", "waiting_ready", "crashed"]);
});

faultCase(
  "N08",
  "IPv4 only, IPv6 only and localhost are found; whoever listens for other machines is refused",
  async (stage) => {
    const variants: readonly (readonly [Fault, "127.0.0.1" | "::1" | "localhost", "running" | "opencode_unsafe"])[] = [
      [{}, "127.0.0.1", "running"],
      [{}, "::1", "running"],
      [{ bind: "127.0.0.1", lines: [listening("http://localhost:PORT")] }, "localhost", "running"],
      [{ bind: "::1", lines: [listening("http://[::1]:PORT")] }, "::1", "running"],
      [{ bind: "0.0.0.0", lines: [listening("http://0.0.0.0:PORT")] }, "127.0.0.1", "opencode_unsafe"],
      [{ bind: "::", lines: [listening("http://[::]:PORT")] }, "127.0.0.1", "opencode_unsafe"],
      // It says one thing and does another.
      [{ bind: "0.0.0.0", lines: [listening("http://127.0.0.1:PORT")] }, "127.0.0.1", "opencode_unsafe"],
    ];
    for (const [index, [given, host, result]] of variantsOf(stage, variants)) {
      const lines = host === "::1" && given.lines === undefined ? { lines: [listening("http://[::1]:PORT")] } : {};
      const opencode = openServer(stage, { fault: { ...given, ...lines }, settings: { host } }, `opencode-${index}`);
      if (result === "running") expect((await opencode.server.start()).state).toBe("running");
      else {
        expect(await opencode.failure(), JSON.stringify(given)).toMatchObject({ code: result });
        expect(opencode.status).toMatchObject({ state: "crashed", pid: null });
      }
      await opencode.server.close();
    }
  },
);
