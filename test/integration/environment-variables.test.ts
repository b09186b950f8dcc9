/** What a deckhand.yaml says with variables, as real programs get it: ports that moved, addresses, checks and dollars. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { detect } from "../../electron/core/environment/detect/detect.ts";
import { environmentStage } from "../support/environment-stage.ts";
import { freePort, listen } from "../support/environment-world.ts";

const stage = environmentStage();

async function startConfig(text: string) {
  const { folder, environment } = stage.world;
  writeFileSync(join(folder, "deckhand.yaml"), text);
  const detected = await detect({ directory: folder, profile: "dev" });
  expect(detected.detection.problems).toEqual([]);
  return stage.settled(environment.start({ detected, profile: "dev" }).runId);
}

test("values and checks speak of the ports that were given, of variables beside them, and of defaults", async () => {
  const port = await freePort();
  const stranger = await listen(port);
  const server = `require("http").createServer((q, a) => {
        a.statusCode = q.url === "/base/up" && q.headers.authorization === "Bearer t$x" ? 200 : 404;
        a.end();
      }).listen(process.env.PORT, "127.0.0.1")`;
  try {
    const outcome = await startConfig(`profiles: { dev: { environment: { EVERYWHERE: "to \${API_PORT}" } } }
services:
  api:
    command: [node, -e, ${JSON.stringify(server)}]
    ports: { http: { prefer: ${port} } }
    environment: { BASE: /base, TOKEN: t$$x }
    healthcheck:
      http: { url: "http://127.0.0.1:\${PORT:-1}\${BASE}/up", headers: { Authorization: "Bearer \${TOKEN}" }, status: 200 }
      retries: 3
      interval: 1s
  tells:
    command: echo "$TARGET $SELF $PRICE $EVERYWHERE \${OURS:-the shell's own}" >> told.txt
    type: task
    depends_on: { api: service_healthy }
    environment:
      TARGET: "http://127.0.0.1:\${API_PORT}\${SUFFIX:-/x}"
      SELF: "<\${TARGET}>"
      PRICE: 5$$
`);
    expect(outcome).toEqual({ outcome: "ready", failures: [] });
    const given = stage.world.service("api").ports[0]?.port;
    expect(given).not.toBe(port);
    const target = `http://127.0.0.1:${given}/x`;
    expect(stage.lines("told.txt")).toEqual([`${target} <${target}> 5$ to ${given} the shell's own`]);
  } finally {
    await new Promise((resolve) => stranger.close(resolve));
  }
});

test("environment case 30: a health check of a file fails when its failures are up, not after a constant", async () => {
  const before = performance.now();
  const outcome = await startConfig(`services:
  fail:
    command: exec sleep 600
    restart: "no"
    healthcheck: { test: "false", interval: 300ms, retries: 3 }
  waits: { command: echo never >> order.txt, type: task, depends_on: { fail: service_healthy } }
`);
  expect(outcome.outcome).toBe("failed");
  expect(performance.now() - before).toBeGreaterThanOrEqual(850);
  expect(performance.now() - before).toBeLessThan(10_000);
  expect(stage.phases()).toEqual({ fail: "failed", waits: "skipped" });
  expect(stage.world.service("fail").failure?.code).toBe("not_ready");
  expect(stage.lines()).toEqual([]);
});
