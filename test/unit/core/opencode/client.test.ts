import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { afterEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { systemClock } from "../../../../electron/core/lib/clock.ts";
import { OpencodeClient, route } from "../../../../electron/core/opencode/client.ts";

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** A client of a server that answers by `handler`. */
async function clientOf(handler: Handler): Promise<OpencodeClient> {
  const server = createServer(handler);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return new OpencodeClient({
    url: `http://127.0.0.1:${port}`,
    password: "pässword",
    directory: "/a b/ü",
    clock: systemClock,
  });
}

const answers =
  (status: number, body: unknown, type = "application/json"): Handler =>
  (_, response) => {
    response.writeHead(status, { "content-type": type });
    response.end(typeof body === "string" ? body : JSON.stringify(body));
  };

const ask = (client: OpencodeClient, deadlineMs = 5_000, signal?: AbortSignal) =>
  client.call({ method: "GET", path: "/thing", answer: z.object({ ok: z.boolean() }), deadlineMs, signal });

describe("a call", () => {
  it("carries password, folder and body", async () => {
    const seen: unknown[] = [];
    const client = await clientOf(async (request, response) => {
      let body = "";
      for await (const chunk of request) body += String(chunk);
      const url = new URL(request.url ?? "", "http://x");
      seen.push(request.method, url.pathname, url.searchParams.get("directory"), url.searchParams.get("limit"), body);
      seen.push(Buffer.from((request.headers.authorization ?? "").replace("Basic ", ""), "base64").toString());
      answers(200, { ok: true })(request, response);
    });
    const path = route`/session/${"a/../b?c"}/x`;
    await client.call({ method: "POST", path, query: { limit: "3" }, body: { a: 1 }, answer: null });
    expect(seen).toEqual(["POST", "/session/a%2F..%2Fb%3Fc/x", "/a b/ü", "3", '{"a":1}', "opencode:pässword"]);
  });

  it.each<[string, Handler, string, string]>([
    ["a refused password", answers(401, ""), "opencode_auth", "refused our password"],
    [
      "an unknown session",
      answers(404, { name: "NotFoundError", data: { message: "Session not found: s" } }),
      "session_missing",
      "Session not found: s",
    ],
    [
      "a permission that is gone",
      answers(404, { _tag: "PermissionNotFoundError", message: "x" }),
      "not_found",
      "no longer waiting",
    ],
    [
      "a question that is gone",
      answers(404, { _tag: "QuestionNotFoundError", message: "x" }),
      "not_found",
      "no longer waiting",
    ],
    [
      "a broken configuration",
      answers(400, { name: "ConfigJsonError", data: { path: "/p/opencode.json", message: "bad" } }),
      "opencode_config",
      "/p/opencode.json: bad",
    ],
    [
      "a bad request",
      answers(400, { name: "BadRequest", data: { message: "no", kind: "Payload" } }),
      "opencode_error",
      "no (400)",
    ],
    ["an error without a reason", answers(500, "oops", "text/plain"), "opencode_error", "oops (500)"],
    ["a page instead of data", answers(200, "<!doctype html>", "text/html"), "opencode_error", "text/html"],
    ["what is no JSON", answers(200, "{"), "opencode_error", "not valid JSON"],
    ["another shape", answers(200, { ok: 1 }), "opencode_error", "unexpected shape"],
    ["nothing", (_, response) => response.writeHead(204).end(), "opencode_error", "no content type"],
    ["a connection that is cut", (request) => request.socket.destroy(), "opencode_unreachable", "does not answer"],
    ["garbage", (request) => request.socket.end("no http at all\r\n\r\n"), "opencode_unreachable", "does not answer"],
  ])("tells %s as what it is", async (_, handler, code, message) => {
    const error = await ask(await clientOf(handler)).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code, message: expect.stringContaining(message) as string });
  });

  it("does not follow a redirect, which would carry the password away", async () => {
    let asked = 0;
    const client = await clientOf((request, response) => {
      asked += 1;
      if (request.url?.startsWith("/thing")) response.writeHead(302, { location: "/elsewhere" }).end();
      else answers(200, { ok: true })(request, response);
    });
    await expect(ask(client)).rejects.toMatchObject({ code: "opencode_error" });
    expect(asked).toBe(1);
  });

  it("gives up a server that accepts and says nothing, or never ends", async () => {
    const silent = await clientOf(() => undefined);
    await expect(ask(silent, 100)).rejects.toMatchObject({
      code: "opencode_unreachable",
      message: expect.stringContaining("100 ms") as string,
    });
    const endless = await clientOf((_, response) => {
      response.writeHead(200, { "content-type": "application/json" });
      response.write('{"ok":');
    });
    await expect(ask(endless, 100)).rejects.toMatchObject({ code: "opencode_unreachable" });
  });

  it("refuses an answer that is too large, also one that only grows when it is unpacked", async () => {
    const bomb = gzipSync(Buffer.alloc(80 * 1024 * 1024, 0x20));
    const client = await clientOf((_, response) => {
      response.writeHead(200, { "content-type": "application/json", "content-encoding": "gzip" });
      response.end(bomb);
    });
    await expect(ask(client, 20_000)).rejects.toMatchObject({
      code: "opencode_error",
      message: expect.stringContaining("64 MB") as string,
    });
  });

  it("ends when its caller gives up", async () => {
    const controller = new AbortController();
    const pending = ask(await clientOf(() => controller.abort()), 5_000, controller.signal);
    await expect(pending).rejects.toMatchObject({ name: "AbortError" });
  });

  it("tells a port where nobody listens", async () => {
    const client = await clientOf(() => undefined);
    const [server] = servers.splice(0);
    await new Promise((resolve) => server?.close(resolve));
    await expect(ask(client)).rejects.toMatchObject({
      code: "opencode_unreachable",
      message: expect.stringContaining("ECONNREFUSED") as string,
    });
  });
});

describe("refusesStrangers", () => {
  it.each<[number, boolean]>([
    [401, true],
    [200, false],
    [204, false],
    [302, false],
    [500, false],
  ])("status %i: %s", async (status, expected) => {
    const client = await clientOf((request, response) => {
      expect(request.headers.authorization).toBeUndefined();
      response.writeHead(status, { location: "/x" }).end();
    });
    expect(await client.refusesStrangers(AbortSignal.timeout(5_000))).toBe(expected);
  });
});
