/** One attempt of each kind of probe, on real sockets. */
import { createServer as createHttpServer, type IncomingHttpHeaders } from "node:http";
import { createServer, type AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { httpProbe, LogProbe, tcpProbe } from "../../../../electron/core/service/probe-attempts.ts";

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});
const signal = () => new AbortController().signal;

type Question = { status?: number; headers?: Record<string, string>; signal?: AbortSignal };
const ask = (url: string, more: Question = {}) =>
  httpProbe({ url, status: more.status ?? null, headers: more.headers ?? {} })(more.signal ?? signal());

/** Its port. A number: the status it answers with; null: it never answers. */
async function server(answer: (headers: IncomingHttpHeaders) => number | null, host = "127.0.0.1"): Promise<number> {
  const http = createHttpServer((request, response) => {
    const status = answer(request.headers);
    if (status === null) return;
    response.writeHead(status, { location: "http://127.0.0.1:1/" });
    response.end("x".repeat(100_000));
  });
  await new Promise<void>((resolve) => http.listen(0, host, resolve));
  closers.push(() => {
    http.closeAllConnections();
    return new Promise((resolve) => http.close(resolve));
  });
  return (http.address() as AddressInfo).port;
}

describe("attempts", () => {
  test.each(["127.0.0.1", "::1"])("tcp finds a listener on %s", async (host) => {
    const tcp = createServer();
    await new Promise<void>((resolve) => tcp.listen(0, host, resolve));
    closers.push(() => new Promise((resolve) => tcp.close(resolve)));
    const { port } = tcp.address() as AddressInfo;
    expect(await tcpProbe(port)(signal())).toEqual({ ok: true });
  });

  test("asks the address that answered alone, and both again when it does no more: the server may have moved", async () => {
    const asked: string[] = [];
    const listen = (host: string, port: number) =>
      new Promise<ReturnType<typeof createServer>>((resolve) => {
        const tcp = createServer((socket) => {
          asked.push(host);
          socket.destroy();
        }).listen(port, host, () => resolve(tcp));
      });
    const end = (tcp: ReturnType<typeof createServer>) => new Promise<void>((resolve) => tcp.close(() => resolve()));
    const first = await listen("127.0.0.1", 0);
    const { port } = first.address() as AddressInfo;
    const attempt = tcpProbe(port);
    expect((await attempt(signal())).ok).toBe(true);
    const second = await listen("::1", port);
    for (let count = 0; count < 3; count += 1) expect((await attempt(signal())).ok).toBe(true);
    await end(first);
    for (let count = 0; count < 2; count += 1) expect((await attempt(signal())).ok).toBe(true);
    await end(second);
    expect((await attempt(signal())).ok).toBe(false);
    expect(asked.filter((host) => host === "127.0.0.1")).toHaveLength(4);
    expect(asked.filter((host) => host === "::1")).toHaveLength(2);
  });

  test("tcp says that nobody listens", async () => {
    expect(await tcpProbe(1)(signal())).toEqual({ ok: false, reason: "Nobody listens on port 1" });
  });

  test.each([
    [200, true],
    [204, true],
    [302, true],
    [404, false],
    [503, false],
  ])("http %s is %s, without following anything", async (status, ok) => {
    const port = await server(() => status);
    const answer = await ask(`http://127.0.0.1:${port}/healthz`);
    expect(answer.ok).toBe(ok);
    if (!answer.ok) expect(answer.reason).toContain(String(status));
  });

  test("http on localhost reaches a server on ::1 alone", async () => {
    const port = await server(() => 200, "::1");
    expect((await ask(`http://localhost:${port}/`)).ok).toBe(true);
  });

  test("http on a server that never answers ends with its signal", async () => {
    const port = await server(() => null);
    const controller = new AbortController();
    const answer = ask(`http://127.0.0.1:${port}/`, { signal: controller.signal });
    setTimeout(() => controller.abort(), 50);
    expect((await answer).ok).toBe(false);
  });

  test("log matches a line without its colours, and remembers it", () => {
    const probe = new LogProbe("ready in \\d+ ms");
    probe.feed("starting");
    expect(probe.attempt()).toEqual({ ok: false, reason: "No line matched /ready in \\d+ ms/" });
    probe.feed("\u001b[32mready\u001b[0m in \u001b[1m20\u001b[0m ms");
    probe.feed("something else");
    expect(probe.attempt()).toEqual({ ok: true });
  });
});

describe("http, as its author wants it", () => {
  test("exactly the status, and with its headers", async () => {
    const port = await server(({ authorization }) => (authorization === "Bearer x" ? 418 : 401));
    const url = `http://127.0.0.1:${port}/`;
    expect(await ask(url)).toEqual({ ok: false, reason: `${url} answers 401` });
    expect(await ask(url, { headers: { authorization: "Bearer x" }, status: 418 })).toEqual({ ok: true });
    expect(await ask(url, { status: 200 })).toMatchObject({ ok: false });
  });

  test.each(["127.0.0.1", "::1"])(
    "an address of this machine means both families; %s alone is enough",
    async (host) => {
      const port = await server(() => 200, host);
      for (const name of ["127.0.0.1", "[::1]", "localhost"]) {
        expect(await ask(`http://${name}:${port}/`), name).toEqual({ ok: true });
      }
    },
  );

  test("one that answers wrongly on one family says so, also where the other is closed", async () => {
    const port = await server(() => 503, "::1");
    expect(await ask(`http://127.0.0.1:${port}/`)).toMatchObject({ reason: expect.stringContaining("answers 503") });
  });

  test("what is no http address can never be well", async () => {
    for (const url of ["", "ftp://127.0.0.1/", "127.0.0.1:80"]) expect(await ask(url)).toMatchObject({ final: true });
  });
});

test.each([
  ["ready (pid", "server is ready (pid 3)", true],
  ["+++ up", "+++ up", true],
  ["+++ up", "up", false],
  ["li(n|m)e", "the lime", true],
])("the pattern %j finds %j: %s", (pattern, line, found) => {
  const probe = new LogProbe(pattern);
  expect(probe.feed(line)).toBe(found);
  expect([probe.seen, probe.attempt().ok]).toEqual([found, found]);
});
