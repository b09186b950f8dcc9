/** Adapter 1 and the handshake, against answers made up route by route. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { SessionId } from "#shared/schema/id.ts";
import { systemClock } from "../../../../electron/core/lib/clock.ts";
import { isUnknownRoute, OpencodeClient } from "../../../../electron/core/opencode/client.ts";
import { handshake } from "../../../../electron/core/opencode/protocol/handshake.ts";
import { protocolV1 } from "../../../../electron/core/opencode/protocol/v1.ts";

const id = "ses_a" as SessionId;
const { signal } = new AbortController();
/** Status and body by path; whatever is missing is the web page. */
let answers: Map<string, [number, unknown]>;
let asked: string[];
let server: Server;
let client: OpencodeClient;
const { sessions } = protocolV1;

beforeEach(async () => {
  answers = new Map();
  asked = [];
  server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "", "http://x");
    let text = "";
    request.on("data", (chunk: Buffer) => (text += chunk.toString()));
    request.on("end", () => {
      asked.push(`${request.method} ${pathname} ${text}`.trim());
      const [status, body] = answers.get(pathname) ?? [200, undefined];
      response.writeHead(status, { "content-type": body === undefined ? "text/html" : "application/json" });
      response.end(body === undefined ? "<!doctype html>" : JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  client = new OpencodeClient({ url, password: "p", directory: "/d", clock: systemClock });
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

describe("the handshake", () => {
  it("meets OpenCode 1 by its health, with and without a ready line", async () => {
    answers.set("/global/health", [200, { healthy: true, version: "1.18.33" }]);
    expect(await handshake(client, signal, null)).toEqual({ protocol: protocolV1, version: "1.18.33" });
    expect(await handshake(client, signal, protocolV1)).toMatchObject({ version: "1.18.33" });
  });

  it("goes by the description where no health is known: its event route decides", async () => {
    answers.set("/doc", [200, { info: {}, paths: { "/global/event": {}, "/api/event": {} } }]);
    expect(await handshake(client, signal, null)).toEqual({ protocol: protocolV1, version: "unknown" });
    for (const paths of [{}, { "/pets": {} }]) {
      answers.set("/doc", [200, { info: { version: "1" }, paths }]);
      await expect(handshake(client, signal, null)).rejects.toMatchObject({ code: "opencode_error" });
    }
  });

  it("takes no page and no missing route for a server", async () => {
    await expect(handshake(client, signal, null)).rejects.toMatchObject({ code: "opencode_error" });
    for (const path of ["/global/health", "/api/info", "/api/status", "/api/health", "/doc"])
      answers.set(path, [404, {}]);
    await expect(handshake(client, signal, null)).rejects.toMatchObject({ code: "opencode_error" });
  });

  it.each([
    [401, "opencode_auth"],
    [500, "opencode_error"],
  ])("ends at an answer of %d, which is no other generation", async (status, code) => {
    answers.set("/global/health", [status, {}]);
    await expect(handshake(client, signal, null)).rejects.toMatchObject({ code });
    expect(asked).toHaveLength(1);
    answers.set("/global/health", [404, {}]);
    for (const path of ["/api/info", "/api/status", "/api/health"]) answers.set(path, [404, {}]);
    answers.set("/doc", [status, {}]);
    await expect(handshake(client, signal, null)).rejects.toMatchObject({ code });
  });
});

describe("the probe of OpenCode 1", () => {
  it("takes a broken configuration for life and a dead core for none", async () => {
    answers.set("/session/status", [200, {}]);
    await protocolV1.probe(client);
    answers.set("/session/status", [400, { name: "ConfigJsonError", data: { path: "/d/opencode.json" } }]);
    await protocolV1.probe(client);
    for (const status of [500, 503]) {
      answers.set("/session/status", [status, {}]);
      await expect(protocolV1.probe(client)).rejects.toMatchObject({ code: "opencode_error" });
    }
  });

  it("disposes by one call", async () => {
    answers.set("/global/dispose", [200, true]);
    await protocolV1.dispose(client, 1_000);
    expect(asked).toEqual(["POST /global/dispose"]);
  });
});

describe("a frame of OpenCode 1", () => {
  it("gives its event, and of the second copy only the position", () => {
    const read = (payload: unknown) => protocolV1.readEvent(JSON.stringify({ directory: "/d", payload }));
    expect(read({ type: "session.idle", properties: { sessionID: id } })).toMatchObject({ position: null });
    expect(read({ type: "sync", syncEvent: { seq: 3, aggregateID: id, data: {} } })).toEqual({
      directory: "/d",
      type: "sync",
      properties: undefined,
      position: { session: id, number: 3 },
    });
    expect(read({ type: "sync" })).toBeNull();
    expect(read({ type: "sync", syncEvent: { seq: "3" } })).toBeNull();
    expect(sessions.changes({ directory: "/d", type: "sync", properties: undefined, position: null })).toEqual([]);
    const disposed = { directory: "/d", type: "server.instance.disposed", properties: {}, position: null };
    expect(sessions.isReset(disposed)).toBe(true);
  });
});

describe("the session routes of OpenCode 1", () => {
  it("send what a person chose", async () => {
    answers.set(`/session/${id}/prompt_async`, [200, true]);
    await sessions.prompt(client, id, { text: "hi", model: "a/b/c", agent: "plan" });
    expect(asked.at(-1)).toBe(
      `POST /session/${id}/prompt_async {"parts":[{"type":"text","text":"hi"}],"model":{"providerID":"a","modelID":"b/c"},"agent":"plan"}`,
    );
    for (const model of ["nothing", "/b", "a/"])
      await expect(sessions.prompt(client, id, { text: "hi", model })).rejects.toMatchObject({ code: "bad_input" });
    answers.set(`/session/${id}/abort`, [200, true]);
    answers.set(`/session/${id}`, [200, true]);
    await sessions.abort(client, id);
    await sessions.remove(client, id);
    answers.set("/permission/per_1/reply", [200, true]);
    await sessions.replyPermission(client, null, "per_1" as never, "reject", "no");
    expect(asked.slice(-3)).toEqual([
      `POST /session/${id}/abort`,
      `DELETE /session/${id}`,
      'POST /permission/per_1/reply {"reply":"reject","message":"no"}',
    ]);
  });

  it("list the models with the default: the configuration's, else the first provider's", async () => {
    const model = { name: "One" };
    const providers = [
      { id: "a", models: { one: model, two: {} } },
      { id: "b", name: "Bee", models: { "x/y": model } },
    ];
    const expectDefault = async (defaults: object, config: object, expected: string | null) => {
      answers.set("/config/providers", [200, { providers, default: defaults }]);
      answers.set("/config", [200, config]);
      const list = await sessions.models(client);
      expect(list.models.map(({ id: name }) => name)).toEqual(["a/one", "a/two", "b/x/y"]);
      expect(list.models.map(({ provider }) => provider)).toEqual(["a", "a", "Bee"]);
      expect(list.default).toBe(expected);
    };
    await expectDefault({ b: "x/y" }, {}, "b/x/y");
    await expectDefault({ b: "x/y" }, { model: "a/two" }, "a/two");
    await expectDefault({ b: "x/y" }, { model: "gone/gone" }, "b/x/y");
    await expectDefault({}, {}, null);
  });

  it("pass over what cannot be read", async () => {
    answers.set("/session", [200, [{ junk: true }]]);
    answers.set("/session/status", [200, { [id]: { type: "busy" }, ses_b: { type: "idle" }, ses_c: 7 }]);
    answers.set("/permission", [200, [{}]]);
    answers.set("/question", [200, [{}]]);
    const facts = await sessions.readChat(client);
    expect([facts.sessions, facts.permissions, facts.questions]).toEqual([[], [], []]);
    expect(Array.from(facts.statuses.keys())).toEqual([id, "ses_b"]);
    answers.set(`/session/${id}/message`, [200, [{ info: {}, parts: [] }]]);
    expect(await sessions.readMessages(client, id, 3)).toEqual([]);
    answers.set(`/session/${id}`, [200, { no: "session" }]);
    await expect(sessions.readOwn(client, id, "/d")).rejects.toMatchObject({ code: "session_missing" });
  });
});

describe("an unknown route", () => {
  it("is a 404 or the web page, and no other trouble", async () => {
    const error = await protocolV1.health(client).catch((thrown: unknown) => thrown);
    expect(isUnknownRoute(error)).toBe(true);
    expect(isUnknownRoute(new Error("404"))).toBe(false);
  });
});
