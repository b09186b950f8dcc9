#!/usr/bin/env node
/**
 * A stand-in for `opencode serve` for faults the real one cannot be brought to. What it does wrong stands in `fault.json`
 * in its own folder, and can be changed while it runs over `control.sock` there; fake-opencode.ts has the types and says
 * what each field means. No dependencies; runs on any Node.
 */
import { createServer } from "node:http";
import { readFileSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createGzip } from "node:zlib";

const beside = (name) => fileURLToPath(import.meta.url).replace(/opencode$/, name);
const readFault = () => JSON.parse(readFileSync(beside("fault.json"), "utf8"));
let fault = readFault();

if (process.argv.includes("--version")) {
  process.stdout.write(`${fault.version ?? "1.18.33"}\n`);
  process.exit(0);
}
if (!process.argv.includes("serve") || fault.noServe) {
  process.stderr.write("Unknown command: serve\n");
  process.exit(1);
}

let terms = 0;
if (fault.ignoreTerm) {
  process.on("SIGTERM", () => {
    terms += 1;
    if (fault.ignoreTerm !== true && terms > fault.ignoreTerm) process.exit(143);
  });
}

const password = process.env.OPENCODE_SERVER_PASSWORD ?? "";
const expected = `Basic ${Buffer.from(`${process.env.OPENCODE_SERVER_USERNAME}:${password}`).toString("base64")}`;
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** How often each path was asked with the right password; without it, under `stranger`. */
const seen = {};
const count = (what) => (seen[what] = (seen[what] ?? 0) + 1);
/** The open event streams, and how many there ever were. */
const streams = new Set();
let opened = 0;

const health = () => ({ healthy: true, version: fault.version ?? "1.18.33" });
const connected = { payload: { type: "server.connected", properties: {} } };
const usual = {
  "/global/health": () => ({ json: health() }),
  "/global/dispose": () => ({ json: true }),
  "/session/status": () => ({ json: {} }),
};

/** The old names of some answers. */
const served = {
  hang: { hang: true },
  redirect: { status: 302, location: "http://127.0.0.1:1/" },
  refuse: { status: 401 },
  page: { type: "text/html", text: "<!doctype html><title>a page</title>" },
};

async function answer(request, response, told) {
  if (told.hang) return;
  if (told.afterMs) await pause(told.afterMs);
  if (told.destroy) return request.socket.destroy();
  if (told.raw !== undefined) return request.socket.end(Buffer.from(told.raw, "base64"));
  const headers = { "content-type": told.type ?? "application/json" };
  if (told.realm !== undefined) headers["www-authenticate"] = `Basic realm="${told.realm}"`;
  if (told.location !== undefined) headers.location = told.location;
  if (told.headerBytes !== undefined) headers["x-large"] = "x".repeat(told.headerBytes);
  if (told.gzipBytes !== undefined) {
    response.writeHead(told.status ?? 200, { ...headers, "content-encoding": "gzip" });
    return bomb(response, told.gzipBytes);
  }
  response.writeHead(told.status ?? 200, headers);
  response.end(told.text ?? (told.json === undefined ? "" : JSON.stringify(told.json)));
}

/** So many bytes once they are unpacked; about a thousandth of that on the wire. */
async function bomb(response, bytes) {
  const gzip = createGzip();
  gzip.pipe(response);
  const block = Buffer.alloc(1 << 16, "x");
  for (let sent = 0; sent < bytes && !response.destroyed; sent += block.length) await written(gzip, block);
  gzip.end();
}

/** Writes with back-pressure; a reader who went away ends the wait too. */
function written(stream, data) {
  if (stream.destroyed || stream.write(data)) return undefined;
  return new Promise((resolve) => {
    const done = () => {
      stream.off("drain", done);
      stream.off("close", done);
      resolve();
    };
    stream.once("drain", done);
    stream.once("close", done);
  });
}

const frame = (event) => `data: ${JSON.stringify(event)}\n\n`;

/** One step of what an event stream sends; see `StreamStep`. */
async function step(response, told) {
  if (told.text !== undefined) await written(response, told.text);
  if (told.bytes !== undefined) await written(response, Buffer.from(told.bytes, "base64"));
  if (told.connected) await written(response, frame(connected));
  if (told.event !== undefined) await written(response, frame(told.event));
  if (told.beatMs !== undefined)
    repeat(response, told.beatMs, frame({ payload: { type: "server.heartbeat", properties: {} } }));
  if (told.commentMs !== undefined) repeat(response, told.commentMs, ": hb\n\n");
  if (told.chunks !== undefined) {
    const { text, size } = told.chunks;
    const all = Buffer.from(text);
    for (let at = 0; at < all.length && !response.destroyed; at += size) {
      await written(response, all.subarray(at, at + size));
    }
  }
  if (told.large !== undefined) {
    const { bytes, chunk, end } = told.large;
    await written(response, 'data: {"payload":{"type":"large","properties":{"text":"');
    const block = Buffer.alloc(chunk, "x");
    for (let sent = 0; sent < bytes && !response.destroyed; sent += chunk) await written(response, block);
    if (end !== false) await written(response, '"}}}\n\n');
  }
  if (told.flood !== undefined) {
    const { count: wanted, perSecond, event } = told.flood;
    const began = performance.now();
    const batch = Math.max(1, Math.ceil(perSecond / 200));
    for (let sent = 0; sent < wanted && !response.destroyed; sent += batch) {
      let text = "";
      for (let at = sent; at < Math.min(wanted, sent + batch); at += 1) {
        text += frame({
          ...event,
          payload: { ...event.payload, properties: { ...event.payload.properties, number: at } },
        });
      }
      await written(response, text);
      const ahead = ((sent + batch) / perSecond) * 1_000 - (performance.now() - began);
      if (ahead > 1) await pause(ahead);
    }
  }
  if (told.raw !== undefined) response.socket?.write(Buffer.from(told.raw, "base64"));
  if (told.waitMs !== undefined) await pause(told.waitMs);
  if (told.crash !== undefined) process.exit(told.crash);
  if (told.destroy) response.socket?.destroy();
  if (told.close) response.end();
}

function repeat(response, ms, text) {
  const timer = setInterval(() => response.write(text), ms);
  response.once("close", () => clearInterval(timer));
}

async function play(response, steps) {
  for (const told of steps) if (!response.destroyed) await step(response, told);
}

function script() {
  if (fault.serve === "silent") return [];
  if (fault.streams === undefined) return [{ connected: true }, { beatMs: 10_000 }];
  return fault.streams[Math.min(opened, fault.streams.length) - 1] ?? [];
}

function openStream(request, response) {
  opened += 1;
  const opening = fault.opening ?? {};
  if (opening.hang || opening.raw !== undefined || opening.destroy || (opening.status ?? 200) !== 200) {
    return answer(request, response, opening);
  }
  const headers = { "content-type": opening.type ?? "text/event-stream" };
  if (opening.headerBytes !== undefined) headers["x-large"] = "x".repeat(opening.headerBytes);
  if (opening.gzipBytes !== undefined) {
    response.writeHead(200, { ...headers, "content-encoding": "gzip" });
    return bomb(response, opening.gzipBytes);
  }
  response.writeHead(200, headers);
  response.flushHeaders();
  streams.add(response);
  response.once("close", () => streams.delete(response));
  void play(response, script());
  if (fault.crashAfterMs !== undefined) setTimeout(() => process.exit(fault.exit ?? 0), fault.crashAfterMs);
  return undefined;
}

const server = createServer({ maxHeaderSize: 1 << 20 }, (request, response) => {
  const path = new URL(request.url, "http://127.0.0.1").pathname;
  const whole = served[fault.serve];
  if (whole?.hang || whole?.location) return answer(request, response, whole);
  const authorized = request.headers.authorization === expected;
  if (!authorized && fault.serve !== "open") {
    count("stranger");
    return answer(request, response, fault.strangers ?? { status: 401, realm: "Secure Area" });
  }
  count(path);
  const told = fault.answers?.[path] ?? (path === "/global/event" ? undefined : fault.answers?.["*"]) ?? whole;
  if (told !== undefined) return answer(request, response, told);
  if (path === "/global/event") return openStream(request, response);
  return answer(request, response, usual[path]?.() ?? { json: [] });
});

/** Writes a line as told: whole, byte by byte, with colours. */
async function say(line) {
  const text = line.replaceAll("PORT", String(server.address().port));
  if (!fault.byteByByte) return process.stdout.write(text);
  for (const byte of Buffer.from(text)) {
    await new Promise((resolve) => process.stdout.write(Buffer.from([byte]), resolve));
  }
}

/** The way a test reaches a fake that runs; works whatever the fake does to others. */
function openControl() {
  const path = beside("control.sock");
  rmSync(path, { force: true });
  createServer((request, response) => {
    let text = "";
    request.on("data", (chunk) => (text += chunk));
    request.on("end", () => {
      if (request.url === "/fault") fault = readFault();
      if (request.url === "/emit") for (const each of streams) void play(each, JSON.parse(text));
      response.end(JSON.stringify({ seen, streams: streams.size, opened, terms, pid: process.pid }));
      if (request.url === "/exit") setImmediate(() => process.exit(Number(text)));
      if (request.url === "/abort") setImmediate(() => process.abort());
    });
  }).listen(path);
}

if (fault.stderr) process.stderr.write(fault.stderr);
if (fault.dieAtOnce) process.exit(fault.exit ?? 1);
openControl();
if (fault.readyAfterMs) await pause(fault.readyAfterMs);
const option = (name) => process.argv[process.argv.indexOf(name) + 1];
server.once("error", (error) => {
  process.stderr.write(`Error: Failed to start server. ${error.message}\n`);
  process.exit(1);
});
server.listen(fault.port ?? Number(option("--port")), fault.bind ?? option("--hostname"), async () => {
  for (const line of fault.lines ?? ["opencode server listening on http://127.0.0.1:PORT\n"]) await say(line);
  if (fault.dieAfterLine) process.exit(fault.exit ?? 1);
});
