/** D: what is wrong with a project's services, or with what is in their way, is told and never spreads. */
import { writeFileSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { createServer } from "node:net";
import { join } from "node:path";
import { expect } from "vitest";
import { AppError } from "../../electron/core/lib/error.ts";
import { httpProbe } from "../../electron/core/service/probe-attempts.ts";
import { done, shell, writes } from "../support/environment-stage.ts";
import { freePort, linesOf, madeProject, type Made } from "../support/environment-world.ts";
import { faultCase } from "../support/fault-case.ts";
import { environmentOn } from "../support/fault-environment.ts";
import type { Stage } from "../support/fault-stage.ts";

const order = (stage: Stage) => linesOf(join(stage.root, "order.txt"));

faultCase("D05", "one that needs itself, or somebody who is not there, is refused before anything starts", (stage) => {
  const { environment } = environmentOn(stage);
  const begin =
    (...services: Made[]) =>
    () =>
      environment.start({ detected: madeProject(stage.root, services), profile: "dev" });
  expect(begin(writes("own", { own: done }))).toThrow("own waits for itself");
  expect(begin(writes("a", { ghost: done }))).toThrow("a needs ghost, and no service");
  expect(begin(writes("a", { b: "service_log_ready" }), writes("b"))).toThrow("but nobody says which");
  expect(stage.starts).toEqual([]);
  return Promise.resolve();
});

const hostile = [
  "__proto__",
  "constructor",
  "$(touch pwned)",
  ";touch pwned",
  "`touch pwned`",
  "../up",
  "🚀 ship",
  "a b",
];
faultCase("D06", "names are names: each is started once and stopped, and none is carried out", async (stage) => {
  const name = hostile[stage.round % hostile.length] ?? "";
  const staged = environmentOn(stage);
  const status = staged.start(shell(name, "echo up >> order.txt; exec sleep 600"), {
    ...writes("waits"),
    needs: Object.fromEntries([[name, "service_started" as const]]),
  });
  await stage.until("both", () => status("waits").phase === "completed");
  expect(status(name)).toMatchObject({ name, phase: "running" });
  await stage.until("two lines", () => order(stage).length === 2);
  await staged.environment.stop([name]);
  expect(linesOf(join(stage.root, "pwned"))).toEqual([]);
  expect(({} as Record<string, unknown>)["phase"]).toBeUndefined();
  await staged.stop();
});

faultCase(
  "D08",
  "what is not as it was approved is not started, also not by a restart of the policy's",
  async (stage) => {
    let approved = true;
    const staged = environmentOn(stage, {
      speed: 10,
      admit: () =>
        approved
          ? Promise.resolve()
          : Promise.reject(new AppError("not_trusted", "A script has changed since it was approved.")),
    });
    const script = "echo up >> order.txt; while [ ! -e end ]; do sleep 0.02; done; exit 1";
    const status = staged.start(shell("api", script, { rules: {} }));
    await stage.until("its first life", () => order(stage).length === 1);
    approved = false;
    writeFileSync(join(stage.root, "end"), "");
    await stage.until("the refusal", () => status().phase === "blocked");
    expect(status().failure?.code).toBe("not_trusted");
    expect(order(stage)).toHaveLength(1);
  },
);

faultCase("D09", "a port held by a stranger: the owner is named, and lives", async (stage) => {
  const stranger = createServer();
  const port = await new Promise<number>((resolve) =>
    stranger.listen(0, "127.0.0.1", () => resolve((stranger.address() as { port: number }).port)),
  );
  stage.defer(() => new Promise((resolve) => stranger.close(resolve)));
  const staged = environmentOn(stage);
  const status = staged.start(shell("api", "exec sleep 600", { port, env: null }));
  await stage.until("the block", () => status().phase === "blocked");
  expect(status().failure).toMatchObject({ code: "port_in_use", details: { port, holder: { pid: process.pid } } });
  expect(status().failure?.next).toContain("give api another port");
  await staged.stop();
  expect(stranger.listening).toBe(true);
  expect(stage.starts).toEqual([]);
});

faultCase(
  "D10",
  "a check that hangs, sends a megabyte or sends elsewhere ends in time and is followed nowhere",
  async (stage) => {
    let followed = 0;
    const server = createHttpServer((request, response) => {
      if (request.url === "/hangs") return;
      if (request.url === "/elsewhere") response.writeHead(302, { location: "/followed" });
      if (request.url === "/followed") followed += 1;
      response.end("x".repeat(request.url === "/large" ? 1_000_000 : 1));
    });
    const port = await new Promise<number>((resolve) =>
      server.listen(0, "127.0.0.1", () => resolve((server.address() as { port: number }).port)),
    );
    stage.defer(() => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    });
    const ask = (path: string, more: { status?: number } = {}) => {
      const question = { url: `http://127.0.0.1:${port}${path}`, status: more.status ?? null, headers: {} };
      return httpProbe(question)(AbortSignal.timeout(100));
    };
    const began = performance.now();
    expect(await ask("/hangs")).toMatchObject({ ok: false });
    expect(performance.now() - began).toBeLessThan(1_000);
    expect(await ask("/large")).toEqual({ ok: true });
    expect(await ask("/elsewhere")).toEqual({ ok: true });
    expect(await ask("/elsewhere", { status: 200 })).toMatchObject({
      ok: false,
      reason: expect.stringContaining("302"),
    });
    expect(followed).toBe(0);
  },
);

faultCase(
  "D11",
  "a migration that fails midway is not tried again, keeps all behind it from starting, and is still known at the next start",
  async (stage) => {
    const services = [
      shell("migrate", "echo one >> order.txt; echo 'ERROR: no such column' >&2; exit 1", { kind: "task" }),
      { ...writes("seed"), needs: { migrate: done } as const },
      shell("api", "echo api >> order.txt; exec sleep 600", { needs: { seed: done } }),
    ];
    const runsFile = join(stage.home, "runs", "w.json");
    const first = environmentOn(stage, { runsFile });
    const status = first.start(...services);
    await stage.until("the skipped", () => status("api").phase === "skipped");
    expect(status("migrate")).toMatchObject({ phase: "failed", restarts: 0, generation: 1, exit: { code: 1 } });
    expect(status("api").why).toContain("it needs seed, which needs migrate");
    expect(order(stage)).toEqual(["one"]);
    await first.stop();

    const next = environmentOn(stage, { runsFile });
    next.environment.show(madeProject(stage.root, services), "dev");
    const shown = next.environment.status().services.find(({ name }) => name === "migrate");
    expect(shown?.why).toMatch(/^It failed when it last ran, .*no such column/);
    expect(next.environment.history("migrate")).toMatchObject([{ outcome: "failed", exit: { code: 1 } }]);
    expect(order(stage)).toEqual(["one"]);
  },
);

faultCase("D11", "a migration that is killed, or hangs and is stopped, has not completed", async (stage) => {
  const staged = environmentOn(stage);
  const status = staged.start(
    shell("migrate", "kill -9 $$", { kind: "task" }),
    shell("hangs", "exec sleep 600", { kind: "task" }),
    {
      ...writes("api"),
      needs: { migrate: done },
    },
  );
  await stage.until("the skipped", () => status("api").phase === "skipped");
  expect(status("migrate")).toMatchObject({ phase: "failed", exit: { code: null, signal: "SIGKILL" } });
  await stage.until("the other", () => status("hangs").phase === "running");
  await staged.stop();
  expect(status("hangs")).toMatchObject({ phase: "stopped", ready: false });
});

faultCase("D13", "one that ignores its stop is killed in its turn, and the rest is stopped in order", async (stage) => {
  const line = (name: string, more = "") =>
    `${more}trap 'echo ${name} >> order.txt; exit 0' TERM; echo ready; while :; do sleep 0.02; done`;
  const ready = { probe: { kind: "log", pattern: "ready" } } as const;
  const staged = environmentOn(stage);
  const status = staged.start(
    shell("db", line("db"), ready),
    shell("api", "trap '' TERM; echo ready; while :; do sleep 0.02; done", {
      ...ready,
      needs: { db: "service_healthy" },
      more: { graceMs: 150 },
    }),
    shell("web", line("web"), { ...ready, needs: { api: "service_healthy" } }),
  );
  await stage.until("the last", () => status("web").health === "healthy");
  await staged.stop();
  expect(order(stage)).toEqual(["web", "db"]);
  expect(status("api").exit).toEqual({ code: null, signal: "SIGKILL" });
});

faultCase("D16", "a hundred starts at once are one start, with the same answer to all", async (stage) => {
  const port = await freePort();
  const { environment } = environmentOn(stage);
  const detected = madeProject(stage.root, [
    shell("db", "echo db >> order.txt; exec sleep 600", { port, probe: null }),
    { ...writes("web"), needs: { db: "service_started" } },
  ]);
  const answers = await Promise.all(
    Array.from({ length: 100 }, async () => environment.start({ detected, profile: "dev" }).runId),
  );
  expect(new Set(answers).size).toBe(1);
  await stage.until("both", () => order(stage).length === 2);
  expect(stage.starts).toHaveLength(2);
});
