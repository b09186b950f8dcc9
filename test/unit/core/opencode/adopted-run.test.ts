import { createServer, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { afterEach, expect, it } from "vitest";
import { systemClock } from "../../../../electron/core/lib/clock.ts";
import { silentLogger } from "../../../../electron/core/lib/logger.ts";
import { meetAdopted } from "../../../../electron/core/opencode/adopted-run.ts";
import { meeting } from "../../../../electron/core/opencode/meeting.ts";
import { protocolV1 } from "../../../../electron/core/opencode/protocol/v1.ts";
import { until } from "../../../support/until.ts";

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

it("ends with its connections, though its server lives on and still owes answers", async () => {
  const asked = new Map<string, Socket>();
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "", "http://x");
    asked.set(pathname, request.socket);
    if (pathname !== "/global/event") return;
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write('data: {"payload":{"type":"server.connected","properties":{}}}\n\n');
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const ignore = () => undefined;
  const run = await meetAdopted(
    {
      url: `http://127.0.0.1:${port}`,
      password: "of theirs",
      directory: "/workspace",
      reconnectBaseMs: 1_000,
      handshake: {
        ...meeting,
        refuseStrangers: () => Promise.resolve(),
        meet: () => Promise.resolve({ protocol: protocolV1, version: "1.18.33" }),
      },
      clock: systemClock,
      logger: silentLogger,
      random: () => 0.5,
    },
    { onSpawned: ignore, onEvent: ignore, onConnected: ignore, onDisconnected: ignore },
    new AbortController().signal,
  );
  const answer = run.client.call({ method: "GET", path: "/owed", answer: null });
  answer.catch(ignore);
  await until("the question", 5_000, () => asked.has("/owed"));
  await run.stop();
  await expect(answer).rejects.toMatchObject({
    code: "opencode_unreachable",
    message: expect.stringContaining("has ended"),
  });
  for (const [path, socket] of asked) await until(`the end of ${path}`, 2_000, () => socket.destroyed);
});
