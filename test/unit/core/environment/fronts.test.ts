/** When the common address of several of one service is there, and when it is not. */
import { get } from "node:http";
import { afterEach, expect, test } from "vitest";
import { Fronts } from "../../../../electron/core/environment/fronts.ts";
import type { ReplicaGroup } from "../../../../electron/core/environment/replicas.ts";
import type { Service } from "../../../../electron/core/service/service.ts";
import { freePort, listen, madeProject } from "../../../support/environment-world.ts";
import { until } from "../../../support/until.ts";

let fronts: Fronts | null = null;
afterEach(() => fronts?.close());

const members = ["api-0", "api-1"];

/** Two of one service, of which the test says whether they live. */
function make(port: number, more: { http?: boolean } = {}) {
  const definition = [...madeProject("/", [{ name: "api", port }]).services.values()][0]!;
  const group: ReplicaGroup = { name: "api", definition: { ...definition, http: more.http ?? true }, members };
  const living = new Set<string>();
  const notes: string[] = [];
  const handedOver: string[] = [];
  const made = new Fronts({
    find: (name) => ({ live: living.has(name), ready: false, ports: [] }) as unknown as Service,
    portsOf: ({ detected }) => detected.plan.ports,
    handOver: (name) => handedOver.push(name),
    note: (text) => notes.push(text),
  });
  fronts = made;
  made.adopt(new Map([["api", group]]));
  return { made, living, notes, handedOver };
}

const answers = (port: number) =>
  new Promise<number | null>((resolve) => {
    get({ host: "127.0.0.1", port, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    }).on("error", () => resolve(null));
  });

test("it is there while one of them lives, and its port is let go first", async () => {
  const port = await freePort();
  const { made, living, handedOver, notes } = make(port);
  made.settle();
  expect(await answers(port)).toBeNull();
  living.add("api-1");
  made.settle();
  made.settle();
  await until("the front", 2_000, async () => (await answers(port)) === 503);
  expect(handedOver).toEqual(["api"]);
  expect(made.before("api-0")?.live).toBe(true);
  expect(made.before("other")).toBeNull();
  living.clear();
  made.settle();
  await until("its end", 2_000, async () => (await answers(port)) === null);
  expect(notes).toEqual([]);
});

test("a port that cannot be listened on is told once, and tried again only when it is needed anew", async () => {
  const port = await freePort();
  const stranger = await listen(port);
  const { made, living, handedOver, notes } = make(port);
  living.add("api-0");
  for (let change = 0; change < 20; change += 1) {
    made.settle();
    await new Promise((resolve) => setImmediate(resolve));
  }
  await until("the note", 2_000, () => notes.length > 0);
  made.settle();
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(notes).toEqual([expect.stringContaining(`api has no common address on port ${port}: `)]);
  expect(handedOver).toEqual(["api"]);

  await new Promise((resolve) => stranger.close(resolve));
  living.clear();
  made.settle();
  living.add("api-0");
  made.settle();
  await until("the front", 2_000, async () => (await answers(port)) === 503);
});

test("what does not speak HTTP has none: each of them is reached by itself", async () => {
  const { made, living } = make(await freePort(), { http: false });
  living.add("api-0");
  made.settle();
  expect([made.all, made.of(members), made.before("api-0")]).toEqual([[], [], null]);
});

test("one whose last member ended while it was still to be opened stays closed", async () => {
  const port = await freePort();
  const { made, living, handedOver } = make(port);
  living.add("api-0");
  made.settle();
  living.clear();
  await made.close();
  expect(handedOver).toEqual([]);
  expect(await answers(port)).toBeNull();
});
