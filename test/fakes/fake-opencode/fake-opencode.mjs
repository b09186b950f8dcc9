#!/usr/bin/env node
/**
 * A stand-in for `opencode serve` for faults the real one cannot be brought to. The file it lies in (see fake-opencode.ts)
 * says which: `{version, lines, serve, exit}`. No dependencies; runs on any Node.
 */
import { createServer } from "node:http";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const fault = JSON.parse(readFileSync(fileURLToPath(import.meta.url).replace(/opencode$/, "fault.json"), "utf8"));

if (process.argv.includes("--version")) {
  process.stdout.write(`${fault.version ?? "1.18.33"}\n`);
  process.exit(0);
}
if (fault.ignoreTerm) process.on("SIGTERM", () => undefined);

const password = process.env.OPENCODE_SERVER_PASSWORD ?? "";
const expected = `Basic ${Buffer.from(`${process.env.OPENCODE_SERVER_USERNAME}:${password}`).toString("base64")}`;

const server = createServer((request, response) => {
  const path = new URL(request.url, "http://127.0.0.1").pathname;
  const json = (status, body) => {
    response.writeHead(status, { "content-type": "application/json" });
    response.end(JSON.stringify(body));
  };
  if (fault.serve === "hang") return;
  if (fault.serve === "redirect") return response.writeHead(302, { location: "http://127.0.0.1:1/" }).end();
  const authorized = request.headers.authorization === expected;
  if (fault.serve !== "open" && (!authorized || fault.serve === "refuse")) return response.writeHead(401).end();
  if (fault.serve === "page") {
    response.writeHead(200, { "content-type": "text/html" });
    return response.end("<!doctype html><title>a page</title>");
  }
  if (path === "/global/health") return json(200, { healthy: true, version: fault.version ?? "1.18.33" });
  if (path === "/global/event") {
    response.writeHead(200, { "content-type": "text/event-stream" });
    if (fault.serve === "silent") return;
    response.write(`data: ${JSON.stringify({ payload: { type: "server.connected", properties: {} } })}\n\n`);
    if (fault.crashAfterMs !== undefined) setTimeout(() => process.exit(fault.exit ?? 0), fault.crashAfterMs);
    return;
  }
  if (path === "/global/dispose") return json(200, true);
  if (path === "/session/status") return json(200, {});
  return json(200, []);
});

/** Writes a line as told: whole, byte by byte, with colours. */
async function say(line) {
  const text = line.replaceAll("PORT", String(server.address().port));
  if (!fault.byteByByte) return process.stdout.write(text);
  for (const byte of Buffer.from(text)) {
    await new Promise((resolve) => process.stdout.write(Buffer.from([byte]), resolve));
  }
}

if (fault.stderr) process.stderr.write(fault.stderr);
if (fault.dieAtOnce) process.exit(fault.exit ?? 1);
server.listen(0, "127.0.0.1", async () => {
  for (const line of fault.lines ?? ["opencode server listening on http://127.0.0.1:PORT\n"]) await say(line);
  if (fault.dieAfterLine) process.exit(fault.exit ?? 1);
});
