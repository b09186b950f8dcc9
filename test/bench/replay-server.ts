/**
 * What the event benchmark reads: an HTTP server with one session in it that, when told, writes a turn of so many deltas to
 * its event streams as fast as they are taken. A process of its own, so that writing costs the reader nothing. The frames
 * have the shape and size of those of OpenCode 1.18 (321 bytes a delta on average).
 */
import { createServer, type ServerResponse } from "node:http";

/** First argument of the benchmark's own program when it is run as this server. */
export const REPLAY_MODE = "replay";
export const SESSION = "ses_0f00000000000000000bench";
const MESSAGE = "msg_f000000000000000000000bench";
/** What one `write` takes; OpenCode writes each frame by itself, the kernel joins them to about this. */
const CHUNK_BYTES = 64 * 1024;

/** Runs until its stdin ends; its first line is its address. */
export function runReplay(directory: string, count: number): void {
  const streams = new Set<ServerResponse>();
  const session = { id: SESSION, directory, title: "bench", version: "1.18.33", time: { created: 1, updated: 1 } };
  const answers: Readonly<Record<string, unknown>> = {
    "/session": [session],
    "/session/status": {},
    [`/session/${SESSION}`]: session,
    [`/session/${SESSION}/message`]: [],
    "/permission": [],
    "/question": [],
  };
  let turns = 0;
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://127.0.0.1");
    if (pathname === "/global/event") {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(frame(directory, "server.connected", {}));
      streams.add(response);
      response.once("close", () => streams.delete(response));
      return;
    }
    if (pathname === "/flood") {
      turns += 1;
      const bytes = Buffer.from(turn(directory, turns, count));
      for (const stream of streams) void flood(stream, bytes);
      response.end();
      return;
    }
    const answer = answers[pathname];
    response.writeHead(answer === undefined ? 404 : 200, { "content-type": "application/json" });
    response.end(JSON.stringify(answer ?? null));
  });
  server.listen(0, "127.0.0.1", () => {
    const address = server.address();
    if (typeof address === "object" && address !== null) process.stdout.write(`http://127.0.0.1:${address.port}\n`);
  });
  process.stdin.resume().once("end", () => process.exit());
}

async function flood(stream: ServerResponse, bytes: Buffer): Promise<void> {
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
    if (!stream.write(bytes.subarray(at, at + CHUNK_BYTES))) {
      await new Promise((resolve) => stream.once("drain", resolve));
    }
  }
}

function frame(directory: string, type: string, properties: object): string {
  const payload = { id: "evt_f0000000000000000000000000", type, properties };
  return `data: ${JSON.stringify({ directory, project: "global", payload })}\n\n`;
}

/** A turn as OpenCode tells it, without what surrounds the text. Its last event says that the session is idle. */
function turn(directory: string, number: number, count: number): string {
  const tell = (type: string, properties: object) => frame(directory, type, { sessionID: SESSION, ...properties });
  const messageID = `${MESSAGE}${number}`;
  const partID = `prt_f0000000000000000000000000${number}`;
  const info = {
    id: messageID,
    sessionID: SESSION,
    role: "assistant",
    time: { created: number },
    modelID: "m1",
    providerID: "scripted",
    agent: "build",
    cost: 0,
    tokens: { input: 0, output: 0, reasoning: 0 },
  };
  const part = { id: partID, sessionID: SESSION, messageID, type: "text", text: "", time: { start: number } };
  const deltas = Array.from({ length: count }, (_, index) =>
    tell("message.part.delta", { messageID, partID, field: "text", delta: ` word${index}` }),
  );
  return [
    tell("session.status", { status: { type: "busy" } }),
    tell("message.updated", { info }),
    tell("message.part.updated", { part }),
    ...deltas,
    tell("session.status", { status: { type: "idle" } }),
  ].join("");
}
