import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { startApiServer, type ApiServer } from "../../../electron/api/api-server.ts";
import { silentLogger } from "../../../electron/core/lib/logger.ts";
import type { Channel } from "../../../electron/ipc/channel.ts";

const token = "t".repeat(64);
let page = "";
let server: ApiServer;
let channels: Channel[] = [];

beforeEach(async () => {
  page = mkdtempSync(join(tmpdir(), "deckhand-page-"));
  writeFileSync(join(page, "index.html"), '<meta property="csp-nonce" nonce="__CSP_NONCE__">');
  channels = [];
  server = await startApiServer({
    port: 0,
    token,
    page,
    logger: silentLogger,
    notReady: () => null,
    onChannel: (channel) => channels.push(channel),
  });
});
afterEach(async () => {
  await server.close();
  rmSync(page, { recursive: true, force: true });
});

/** Sends bytes as they are and returns the status line: HTTP clients would not send most of these. */
function rawStatus(request: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(server.port, "127.0.0.1", () => socket.write(request));
    let text = "";
    socket.setTimeout(5_000, () => socket.destroy(new Error("no answer")));
    socket.on("data", (data) => (text += String(data)));
    socket.on("error", reject);
    socket.on("close", () => resolve(text.split("\r\n")[0] ?? ""));
  });
}

const get = (path: string, headers: readonly string[]) =>
  rawStatus(`GET ${path} HTTP/1.1\r\n${headers.join("\r\n")}\r\nConnection: close\r\n\r\n`);

function openSocket(options: {
  protocols: string[];
  headers?: Record<string, string>;
  path?: string;
}): Promise<number> {
  return new Promise((resolve) => {
    const socket = new WebSocket(`ws://127.0.0.1:${server.port}${options.path ?? "/rpc"}`, options.protocols, {
      headers: options.headers ?? {},
    });
    socket.on("open", () => {
      socket.close();
      resolve(101);
    });
    socket.on("unexpected-response", (_, response) => {
      response.destroy();
      resolve(response.statusCode ?? 0);
    });
    socket.on("error", () => undefined);
  });
}

describe("the loopback server", () => {
  it("answers health without a token, and the page with a policy that names only its own socket", async () => {
    const base = `http://127.0.0.1:${server.port}`;
    expect(await (await fetch(`${base}/healthz`)).json()).toEqual({ status: "ok" });
    expect((await fetch(`${base}/ready`)).status).toBe(200);
    const answer = await fetch(`${base}/`);
    const policy = answer.headers.get("content-security-policy") ?? "";
    const nonce = /'nonce-([^']+)'/.exec(policy)?.[1];
    expect(await answer.text()).toBe(`<meta property="csp-nonce" nonce="${nonce}">`);
    expect(policy).toContain(`connect-src ws://127.0.0.1:${server.port}`);
    expect(answer.headers.get("access-control-allow-origin")).toBeNull();
  });

  it.each([
    ["a foreign name", ["Host: evil.example"]],
    ["a name that starts like ours", ["Host: 127.0.0.1.evil.example"]],
    ["localhost", ["Host: localhost:PORT"]],
    ["our address without its port", ["Host: 127.0.0.1"]],
    ["another port", ["Host: 127.0.0.1:1"]],
    ["an IPv6 name", ["Host: [::1]:PORT"]],
    ["all interfaces", ["Host: 0.0.0.0:PORT"]],
    ["nothing", ["Host:"]],
    ["a trailing dot", ["Host: 127.0.0.1.:PORT"]],
  ])("refuses a Host that is %s", async (_, headers) => {
    const status = await get(
      "/healthz",
      headers.map((header) => header.replace("PORT", String(server.port))),
    );
    expect(status).toMatch(/ 40[03] /);
  });

  it("refuses two Hosts and none at all", async () => {
    expect(await get("/healthz", [`Host: 127.0.0.1:${server.port}`, "Host: evil.example"])).toMatch(/ 40[03] /);
    expect(await get("/healthz", [])).toMatch(/ 400 /);
  });

  it.each([
    "http://evil.example",
    "null",
    "http://localhost:3000",
    "http://127.0.0.1:PORT.evil.example",
    "https://127.0.0.1:PORT",
    "http://127.0.0.1",
  ])("refuses the Origin %s, on a request and on a socket with the right token", async (origin) => {
    const exact = origin.replace("PORT", String(server.port));
    expect(await get("/healthz", [`Host: 127.0.0.1:${server.port}`, `Origin: ${exact}`])).toMatch(/ 403 /);
    expect(await openSocket({ protocols: ["deckhand", `token.${token}`], headers: { Origin: exact } })).toBe(403);
    expect(channels).toEqual([]);
  });

  it.each(["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])("has nothing to offer to %s", async (method) => {
    const answer = await fetch(`http://127.0.0.1:${server.port}/healthz`, { method });
    expect(answer.status).toBe(405);
    expect(await answer.json()).toMatchObject({ error: "method_not_allowed", timestamp: expect.any(String) });
  });

  it.each(["/../package.json", "/..%2f..%2fetc/passwd", "/%2e%2e/x.js", "/a%00.html", "/..%5c..%5cx.html"])(
    "does not lead out of the page's folder by %s",
    async (path) => {
      expect(await get(path, [`Host: 127.0.0.1:${server.port}`])).toMatch(/ 40[04] /);
    },
  );

  it("lets a socket in only with the token, and only at its own path", async () => {
    expect(await openSocket({ protocols: ["deckhand", `token.${token}`] })).toBe(101);
    expect(await openSocket({ protocols: ["deckhand"] })).toBe(401);
    expect(await openSocket({ protocols: ["deckhand", "token.wrong"] })).toBe(401);
    expect(await openSocket({ protocols: ["deckhand", `token.${token}x`] })).toBe(401);
    expect(await openSocket({ protocols: ["deckhand", `token.${token}`], path: "/other" })).toBe(404);
    expect(await openSocket({ protocols: ["deckhand"], path: `/rpc?token=${token}` })).toBe(404);
    await expect.poll(() => channels.length).toBe(1);
  });

  it("listens on loopback alone", async () => {
    const outside = Object.values(networkInterfaces())
      .flat()
      .find((address) => address !== undefined && !address.internal && address.family === "IPv4");
    if (outside === undefined) return; // A machine without a network has nothing to prove here.
    const refused = await new Promise((resolve) => {
      const socket = connect(server.port, outside.address, () => {
        socket.destroy();
        resolve(false);
      });
      socket.on("error", () => resolve(true));
    });
    expect(refused).toBe(true);
  });

  it("names the port that is taken", async () => {
    const second = startApiServer({
      port: server.port,
      token,
      page: null,
      logger: silentLogger,
      notReady: () => null,
      onChannel: () => undefined,
    });
    await expect(second).rejects.toMatchObject({ code: "port_in_use" });
  });
});
