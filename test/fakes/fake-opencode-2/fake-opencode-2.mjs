#!/usr/bin/env node
/**
 * A stand-in for `opencode serve` of OpenCode 2, as its public source describes it: start lines, password, routes, events
 * with comments as heartbeats, the registration file of `--service`. No dependencies; runs on any Node. It proves that our
 * adapter does what the description says, not that a real OpenCode 2 does.
 *
 * OPENCODE_FAKE is JSON: `health` (its one health route, or null), `doc` (whether it describes itself), `beatMs`,
 * `questions` (false: the release without that route), `broken` (every route of sessions fails).
 * What a message makes it do: `#ask` asks for a permission, `#question` asks a question, `#stall` stops in the middle of a
 * word, `#fail` fails, anything else is answered with its own words.
 */
import { createServer } from "node:http";
import { randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";

const VERSION = "2.0.12";
const fake = {
  health: "/api/info",
  doc: true,
  beatMs: 15_000,
  questions: true,
  ...JSON.parse(process.env.OPENCODE_FAKE ?? "{}"),
};

if (process.argv.includes("--version")) {
  process.stdout.write(`${VERSION}\n`);
  process.exit(0);
}

const given = process.env.OPENCODE_SERVER_PASSWORD ?? "";
const password = given === "" ? randomBytes(16).toString("hex") : given;
const expected = `Basic ${Buffer.from(`opencode:${password}`).toString("base64")}`;

const sessions = new Map();
const messages = new Map();
const active = new Map();
const permissions = new Map();
const questions = new Map();
const positions = new Map();
const listeners = new Set();
let counter = 0;

const id = (prefix) => `${prefix}_${String((counter += 1)).padStart(8, "0")}`;
const send = (event) => {
  for (const response of listeners) response.write(`event: message\ndata: ${JSON.stringify(event)}\n\n`);
};
/** An event that is not kept: a piece of text. */
const tell = (session, type, data) =>
  send({
    id: id("evt"),
    type,
    created: Date.now(),
    location: session.location,
    data: { sessionID: session.id, ...data },
  });
/** An event of the session's log, with its place in it. */
const record = (session, type, data) => {
  const seq = (positions.get(session.id) ?? -1) + 1;
  positions.set(session.id, seq);
  const durable = { aggregateID: session.id, seq, version: 1 };
  send({
    id: id("evt"),
    type,
    created: Date.now(),
    durable,
    location: session.location,
    data: { sessionID: session.id, ...data },
  });
};

function begin(session, prompt) {
  const user = { id: id("msg"), type: "user", text: prompt, time: { created: Date.now() } };
  messages.get(session.id).push(user);
  record(session, "session.input.admitted", { inputID: user.id, input: { type: "user", payload: { text: prompt } } });
  const turn = { message: null };
  active.set(session.id, turn);
  record(session, "session.execution.started", {});
  const model = session.model ?? { providerID: "fake", id: "m2" };
  const agent = session.agent ?? "build";
  const message = { id: id("msg"), type: "assistant", agent, model, content: [], time: { created: Date.now() } };
  turn.message = message;
  messages.get(session.id).push(message);
  record(session, "session.step.started", { assistantMessageID: message.id, agent, model });
  if (prompt.startsWith("#fail")) return fail(session);
  if (prompt.startsWith("#ask")) return ask(session, message);
  if (prompt.startsWith("#question")) return question(session);
  say(session, message, prompt);
}

function say(session, message, text) {
  const part = { type: "text", text: "" };
  message.content.push(part);
  const ordinal = message.content.filter((content) => content.type === "text").length - 1;
  const at = { assistantMessageID: message.id, ordinal };
  record(session, "session.text.started", at);
  for (const word of text.split(/(?<= )/)) tell(session, "session.text.delta", { ...at, delta: word });
  if (text.startsWith("#stall")) return;
  part.text = text;
  record(session, "session.text.ended", { ...at, text });
  finish(session, message);
}

function ask(session, message) {
  const callID = id("call");
  const at = { assistantMessageID: message.id, callID };
  const tool = {
    type: "tool",
    id: callID,
    name: "shell",
    state: { status: "running", input: { command: "date" }, metadata: {} },
    time: { created: Date.now() },
  };
  message.content.push(tool);
  record(session, "session.tool.input.started", { ...at, name: "shell" });
  record(session, "session.tool.called", { ...at, input: { command: "date" }, executed: false });
  const request = {
    id: id("per").replace("per_", "per_x"),
    sessionID: session.id,
    action: "shell",
    resources: ["date"],
    save: ["date *"],
    metadata: { command: "date" },
  };
  permissions.set(request.id, { request, session, message, tool, at });
  tell(session, "permission.v2.asked", request);
}

function settle(waiting, reply) {
  const { session, message, tool, at } = waiting;
  permissions.delete(waiting.request.id);
  tell(session, "permission.v2.replied", { requestID: waiting.request.id, reply });
  if (reply === "reject") {
    tool.state = { status: "error", input: tool.state.input, error: { type: "rejected", message: "Not allowed." } };
    record(session, "session.tool.failed", { ...at, error: tool.state.error, executed: false });
  } else {
    const content = [{ type: "text", text: "Saturday" }];
    tell(session, "session.tool.progress", { ...at, content: [{ type: "text", text: "Satur" }], metadata: {} });
    tool.state = { status: "completed", input: tool.state.input, content, metadata: { exit: 0 } };
    record(session, "session.tool.success", { ...at, content, metadata: { exit: 0 }, executed: true });
  }
  say(session, message, "It is done.");
}

function question(session) {
  const request = {
    id: id("que"),
    sessionID: session.id,
    questions: [{ header: "Colour", question: "Which?", options: [{ label: "Blue", description: "" }] }],
  };
  questions.set(request.id, { request, session });
  tell(session, "question.v2.asked", request);
}

function finish(session, message) {
  message.time.completed = Date.now();
  const usage = { cost: 0.5, tokens: { input: 3, output: 4, reasoning: 0, cache: { read: 0, write: 0 } } };
  Object.assign(message, usage, { finish: "stop" });
  record(session, "session.step.ended", { assistantMessageID: message.id, finish: "stop", ...usage });
  active.delete(session.id);
  record(session, "session.execution.succeeded", {});
}

function fail(session) {
  const error = { type: "provider.auth", message: "no key" };
  const { message } = active.get(session.id);
  Object.assign(message, { error });
  message.time.completed = Date.now();
  record(session, "session.step.failed", { assistantMessageID: message.id, error });
  active.delete(session.id);
  record(session, "session.execution.failed", { error });
}

function interrupt(session, reason) {
  const turn = active.get(session.id);
  if (turn === undefined) return false;
  active.delete(session.id);
  record(session, "session.execution.interrupted", { reason });
  return true;
}

const routes = [
  [
    "GET",
    "/api/session/active",
    () => ({ data: Object.fromEntries([...active.keys()].map((key) => [key, { type: "running" }])) }),
  ],
  [
    "GET",
    "/api/session",
    ({ url }) => ({
      data: [...sessions.values()].filter(
        (session) => session.location.directory === url.searchParams.get("directory"),
      ),
      cursor: {},
    }),
  ],
  [
    "POST",
    "/api/session",
    ({ body }) => {
      const now = Date.now();
      const session = {
        id: id("ses"),
        projectID: "p",
        cost: 0,
        tokens: { input: 0, output: 0, reasoning: 0, cache: { read: 0, write: 0 } },
        time: { created: now, updated: now },
        title: body.title ?? "",
        location: { directory: body.location?.directory ?? process.cwd() },
      };
      sessions.set(session.id, session);
      messages.set(session.id, []);
      record(session, "session.created", {});
      return { data: session };
    },
  ],
  ["GET", "/api/session/:id", ({ session }) => ({ data: session })],
  [
    "DELETE",
    "/api/session/:id",
    ({ session }) => {
      sessions.delete(session.id);
      record(session, "session.deleted", {});
      return null;
    },
  ],
  [
    "POST",
    "/api/session/:id/model",
    ({ session, body }) => {
      session.model = body.model;
      return null;
    },
  ],
  [
    "POST",
    "/api/session/:id/agent",
    ({ session, body }) => {
      session.agent = body.agent;
      return null;
    },
  ],
  [
    "POST",
    "/api/session/:id/prompt",
    ({ session, body }) => {
      setImmediate(() => begin(session, body.text));
      return { data: { type: "user", payload: { text: body.text }, delivery: body.delivery } };
    },
  ],
  ["POST", "/api/session/:id/interrupt", ({ session }) => ({ interrupted: interrupt(session, "user") })],
  [
    "GET",
    "/api/session/:id/message",
    ({ session, url }) => {
      const all = messages.get(session.id).toReversed();
      const from = Number(url.searchParams.get("cursor") ?? 0);
      const limit = Number(url.searchParams.get("limit") ?? 50);
      if (limit > 200) return [400, { _tag: "InvalidRequestError", message: "limit" }];
      const next = from + limit < all.length ? { next: String(from + limit) } : {};
      return { data: all.slice(from, from + limit), cursor: next };
    },
  ],
  [
    "GET",
    "/api/permission/request",
    ({ url }) => ({
      location: {},
      data: [...permissions.values()]
        .filter(({ session }) => session.location.directory === url.searchParams.get("location[directory]"))
        .map(({ request }) => request),
    }),
  ],
  [
    "POST",
    "/api/session/:id/permission/:request/reply",
    ({ request, body }) => {
      const waiting = permissions.get(request);
      if (waiting === undefined) return [404, { _tag: "PermissionNotFoundError", message: "no such request" }];
      settle(waiting, body.reply);
      return null;
    },
  ],
  [
    "GET",
    "/api/question/request",
    () =>
      fake.questions
        ? { data: [...questions.values()].map(({ request }) => request) }
        : [404, { message: "not found" }],
  ],
  [
    "POST",
    "/api/session/:id/question/:request/:how",
    ({ request, how, body }) => {
      const waiting = questions.get(request);
      if (waiting === undefined) return [404, { _tag: "QuestionNotFoundError", message: "no such request" }];
      questions.delete(request);
      tell(waiting.session, how === "reject" ? "question.v2.rejected" : "question.v2.replied", {
        requestID: request,
        answers: body.answers,
      });
      const turn = active.get(waiting.session.id);
      say(waiting.session, turn.message, how === "reject" ? "As you like." : `So it is ${body.answers[0].join(", ")}.`);
      return null;
    },
  ],
  [
    "GET",
    "/api/model",
    () => ({
      data: [
        { id: "m2", providerID: "fake", name: "Model two", enabled: true },
        { id: "off", providerID: "fake", name: "", enabled: false },
      ],
    }),
  ],
];

function dispatch(method, url, body) {
  if (url.pathname === fake.health)
    return method === "GET" ? { version: VERSION, pid: process.pid, urls: [], healthy: true } : [405, {}];
  if (fake.doc && url.pathname === "/doc")
    return { openapi: "3.1.0", info: { version: VERSION }, paths: { "/api/event": {} } };
  const parts = url.pathname.split("/");
  for (const [verb, pattern, run] of routes) {
    const names = pattern.split("/");
    if (verb !== method || names.length !== parts.length) continue;
    const found = {};
    const fits = names.every((name, index) => {
      if (!name.startsWith(":")) return name === parts[index];
      found[name.slice(1)] = decodeURIComponent(parts[index]);
      return true;
    });
    if (!fits) continue;
    if (fake.broken) return [500, { _tag: "UnknownError", message: "broken" }];
    if (found.id === undefined) return run({ url, body });
    const session = sessions.get(found.id);
    if (session === undefined) return [404, { _tag: "SessionNotFoundError", message: "Session not found" }];
    return run({ ...found, session, url, body });
  }
  return undefined;
}

const server = createServer((request, response) => {
  if (request.headers.authorization !== expected) return response.writeHead(401, { "www-authenticate": "Basic" }).end();
  const url = new URL(request.url, "http://127.0.0.1");
  if (url.pathname === "/api/event") {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(
      `event: message\ndata: ${JSON.stringify({ id: id("evt"), type: "server.connected", data: {} })}\n\n`,
    );
    listeners.add(response);
    const beat = setInterval(() => response.write(": heartbeat\n\n"), fake.beatMs);
    response.once("close", () => {
      clearInterval(beat);
      listeners.delete(response);
    });
    return;
  }
  let text = "";
  request.setEncoding("utf8").on("data", (chunk) => (text += chunk));
  request.once("end", () => {
    const answer = dispatch(request.method, url, text === "" ? {} : JSON.parse(text));
    // Whatever it does not know is the web page.
    if (answer === undefined) return response.writeHead(200, { "content-type": "text/html" }).end("<!doctype html>");
    if (answer === null) return response.writeHead(204).end();
    const [status, body] = Array.isArray(answer) ? answer : [200, answer];
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  });
});

process.on("SIGTERM", () => {
  for (const key of active.keys()) interrupt(sessions.get(key), "shutdown");
  process.exit(0);
});

server.listen(0, "127.0.0.1", () => {
  const url = `http://127.0.0.1:${server.address().port}`;
  if (process.argv.includes("--service")) {
    const state = process.env.XDG_STATE_HOME ?? join(homedir(), ".local", "state");
    const file = join(state, "opencode", "service.json");
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, JSON.stringify({ id: "1", version: VERSION, url, pid: process.pid, password }), {
      mode: 0o600,
    });
  }
  process.stdout.write(`server listening on ${url}\n`);
  if (given === "" && !process.argv.includes("--service")) process.stdout.write(`server password ${password}\n`);
});
