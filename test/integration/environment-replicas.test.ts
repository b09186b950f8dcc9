/** Several of one service: their names and ports, their common address, and how many there are as a person asks for more or fewer. */
import { get } from "node:http";
import { describe, expect, test } from "vitest";
import { WebSocket, type RawData } from "ws";
import { environmentStage, script, shell, type ShellOptions } from "../support/environment-stage.ts";
import { freePort, listen, madeProject } from "../support/environment-world.ts";
import { until } from "../support/until.ts";

const stage = environmentStage();

/** Answers every request with the number of its replica. */
const SERVER = `require("node:http").createServer((q, a) => a.end(process.env.DECKHAND_REPLICA + " " + q.headers["x-forwarded-for"])).listen(process.env.PORT, "127.0.0.1")`;
const times = (replicas: number): ShellOptions => ({ rules: { replicas } });
const names = () => stage.world.environment.status().services.map(({ name }) => name);

function ask(url: string): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((resolve, reject) => {
    get(url, { agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part: string) => (text += part));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
    }).on("error", reject);
  });
}

describe("environment case 15: scale", () => {
  const sleeper = (name: string) => shell(name, "exec sleep 600", times(2));

  test("four states for two services of two, named -0 and -1", async () => {
    const outcome = await stage.run(sleeper("process1"), sleeper("process2"));
    expect(outcome.outcome).toBe("ready");
    expect(names()).toEqual(["process1-0", "process1-1", "process2-0", "process2-1"]);
    expect(new Set(stage.world.environment.status().services.map(({ pid }) => pid)).size).toBe(4);
  });

  test("ten of one: twelve states, their names with two digits; then one: three; and five of the other: six", async () => {
    await stage.run(sleeper("process1"), sleeper("process2"));
    const { environment } = stage.world;
    const untouched = stage.world.service("process2-0").pid;

    const { runId } = environment.scale("process1", 10);
    expect((await stage.settled(runId ?? "")).outcome).toBe("ready");
    await until("twelve", 10_000, () => names().length === 12);
    expect(names()).toEqual([
      ...Array.from({ length: 10 }, (_, index) => `process1-0${index}`),
      "process2-0",
      "process2-1",
    ]);

    await stage.settled(environment.scale("process1", 1).runId ?? "");
    await until("three", 10_000, () => names().length === 3);
    expect(names()).toEqual(["process1", "process2-0", "process2-1"]);

    await stage.settled(environment.scale("process2", 5).runId ?? "");
    await until("six", 10_000, () => names().length === 6);
    expect(names().slice(1)).toEqual(["process2-0", "process2-1", "process2-2", "process2-3", "process2-4"]);
    // Those that were there, and are still called so, are left alone.
    expect(stage.world.service("process2-0").pid).toBe(untouched);
    expect(stage.world.keeper.list().filter(({ kind }) => kind === "service")).toHaveLength(6);
  });

  test("none at all, a part, too many, an unknown one, and one that can only be once are refused", async () => {
    const port = await freePort();
    await stage.run(sleeper("process1"), script("fixed", SERVER, { port, env: null, probe: null }));
    const { environment } = stage.world;
    for (const count of [0, -1, 1.5, 101, Number.NaN]) {
      expect(() => environment.scale("process1", count)).toThrow("it can be 1 to 100");
    }
    expect(() => environment.scale("nobody", 2)).toThrow("No service is called nobody");
    expect(() => environment.scale("fixed", 2)).toThrow(`its command fixes port ${port}`);
    expect(names()).toEqual(["process1-0", "process1-1", "fixed"]);
  });

  test("what is not wanted is only counted, and begins with the next start", async () => {
    const services = [sleeper("process1")];
    await stage.run(...services);
    await stage.world.environment.stop();
    expect(stage.world.environment.scale("process1", 3)).toEqual({ runId: null });
    expect(names()).toHaveLength(3);
    await stage.settled(stage.begin(services));
    expect(Object.values(stage.phases())).toEqual(["running", "running", "running"]);
  });

  test("environment case 35: TestScaleWithDepsCases, who depends on a service depends on all of it, and its name means all of it", async () => {
    await stage.run(
      { ...shell("web", "echo web >> order.txt; exec sleep 600"), needs: { api: "service_healthy" } },
      shell("api", "sleep 0.2; echo api >> order.txt; echo up; exec sleep 600", {
        ...times(2),
        probe: { kind: "log", pattern: "up" },
      }),
    );
    expect(stage.lines()).toEqual(["api", "api", "web"]);
    await stage.world.environment.stop(["api"]);
    expect(stage.phases()).toEqual({ web: "running", "api-0": "stopped", "api-1": "stopped" });
    await stage.settled(stage.world.environment.restart(["api"]).runId);
    expect(stage.phases()).toEqual({ web: "running", "api-0": "running", "api-1": "running" });
  });

  test("environment case 35: TestScaleWithDepsCases, a number asked for one leaves what it needs as many as it is, and as it runs", async () => {
    await stage.run({ ...sleeper("back"), needs: { db: "service_started" } }, sleeper("db"));
    const scale = async (service: string, count: number) => {
      await stage.settled(stage.world.environment.scale(service, count).runId ?? "");
    };
    const databases = () => ["db-0", "db-1", "db-2"].map((name) => stage.world.service(name).pid);
    await scale("db", 3);
    const before = databases();
    for (const [count, backs] of [
      [3, ["back-0", "back-1", "back-2"]],
      [1, ["back"]],
    ] as const) {
      await scale("back", count);
      await until("as many as asked", 10_000, () => names().length === backs.length + 3);
      expect(names()).toEqual([...backs, "db-0", "db-1", "db-2"]);
      // The file says two of them.
      expect(databases()).toEqual(before);
    }
  });

  test("a name that is taken is a problem, and one of the service runs", async () => {
    const services = [sleeper("api"), shell("api-1", "exec sleep 600")];
    await stage.run(...services);
    expect(names()).toEqual(["api", "api-1"]);
    expect(stage.world.environment.status().problems).toMatchObject([
      { code: "value_invalid", message: expect.stringContaining("there is a service api-1 already") },
    ]);
  });
});

describe("the common address", () => {
  test("requests go round those that are ready, and only those", async () => {
    const port = await freePort();
    const tells = shell("tells", "echo $API_PORT $API_URL >> order.txt", {
      kind: "task",
      needs: { api: "service_healthy" },
    });
    await stage.run(script("api", SERVER, { port, ...times(3) }), tells);
    const url = `http://127.0.0.1:${port}/`;
    expect(stage.lines()).toEqual([`${port} http://127.0.0.1:${port}`]);
    expect(stage.world.service("api-1").replica).toEqual({ of: "api", url: `http://127.0.0.1:${port}` });
    const ports = names().flatMap((name) => stage.world.service(name).ports.map((one) => one.port));
    expect(new Set(ports).size).toBe(3);
    expect(ports).not.toContain(port);

    const seen = [];
    for (let turn = 0; turn < 6; turn += 1) seen.push((await ask(url)).text);
    expect(seen.map((text) => text.split(" ")[0]).sort()).toEqual(["0", "0", "1", "1", "2", "2"]);
    expect(seen[0]).toContain("127.0.0.1");

    await stage.world.environment.stop(["api-1"]);
    const left = new Set<string | undefined>();
    for (let turn = 0; turn < 6; turn += 1) left.add((await ask(`http://[::1]:${port}/`)).text.split(" ")[0]);
    expect([...left].sort()).toEqual(["0", "2"]);

    await stage.world.environment.stop();
    await until("a closed front", 5_000, async () => (await ask(url).catch(() => null)) === null);
  });

  test("a WebSocket stays with one of them; while none is ready the answer says so", async () => {
    const port = await freePort();
    const library = JSON.stringify(`${import.meta.dirname}/../../node_modules/ws`);
    const source = `const { WebSocketServer } = require(${library}); const { existsSync } = require("node:fs");
      const look = setInterval(() => { if (!existsSync("go")) return; clearInterval(look);
        new WebSocketServer({ host: "127.0.0.1", port: process.env.PORT }).on("connection", (s) => s.on("message", (m) => s.send(process.env.DECKHAND_REPLICA + ":" + m)));
      }, 20);`;
    const services = [script("live", source, { port, ...times(2) })];
    stage.begin(services);
    await stage.reaches({ "live-0": "running", "live-1": "running" });
    await until("the front", 5_000, () => ask(`http://127.0.0.1:${port}/`).catch(() => null));
    expect(await ask(`http://127.0.0.1:${port}/`)).toEqual({ status: 503, text: "None of live is ready.\n" });
    await stage.settled(stage.begin([...services, shell("go", "touch go", { kind: "task" })]));
    await until("their health", 10_000, () => names().every((name) => stage.world.service(name).ready));
    const socket = new WebSocket(`ws://127.0.0.1:${port}/`);
    const answers: string[] = [];
    socket.on("message", (data: RawData) => answers.push(String(data)));
    await new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject));
    for (const word of ["a", "b", "c"]) socket.send(word);
    await until("three answers", 5_000, () => answers.length === 3);
    expect(new Set(answers.map((answer) => answer[0])).size).toBe(1);
    const closed = new Promise((resolve) => socket.once("close", resolve));
    await stage.world.environment.stop();
    await closed;
  });

  test("where somebody holds the port, the service gets another common one; where it must have it, it is blocked", async () => {
    const port = await freePort();
    const stranger = await listen(port);
    try {
      await stage.run(script("api", SERVER, { port, ...times(2) }));
      const { replica } = stage.world.service("api-0");
      expect(replica?.url).not.toContain(String(port));
      expect((await ask(`${replica?.url}/`)).status).toBe(200);
      await stage.world.environment.stop();
      const ports = [{ name: "http", port, env: "PORT", strict: true }];
      await stage.run({ ...script("api", SERVER, { port, ...times(2) }), plan: { ports } });
      expect(stage.phases()).toEqual({ "api-0": "blocked", "api-1": "blocked" });
      expect(stage.world.service("api-0").why).toContain(`pid ${process.pid}`);
    } finally {
      await new Promise((resolve) => stranger.close(resolve));
    }
  });

  test("a plan without several of anything is the same plan", () => {
    const project = madeProject(stage.world.folder, [shell("one", "true")]);
    stage.world.environment.show(project, "dev");
    expect(names()).toEqual(["one"]);
  });
});
