import { expect, test } from "vitest";
import { replicaNames, withReplicas } from "../../../../electron/core/environment/replicas.ts";
import { shell } from "../../../support/environment-stage.ts";
import { madeProject } from "../../../support/environment-world.ts";

const none = new Map<string, number>();
const several = (replicas: number) => ({ rules: { replicas } });

test.each([
  [2, ["api-0", "api-1"]],
  [9, ["api-0", "api-1", "api-2", "api-3", "api-4", "api-5", "api-6", "api-7", "api-8"]],
])("%d of one: as many digits as their number has", (count, names) => {
  expect(replicaNames("api", count)).toEqual(names);
});

test("from ten two digits, from a hundred three", () => {
  expect(replicaNames("api", 10).at(0)).toBe("api-00");
  expect(replicaNames("api", 10).at(-1)).toBe("api-09");
  expect(replicaNames("api", 100).at(7)).toBe("api-007");
});

test("who depends on a service depends on all of it, each with its own number, and the order is made anew", () => {
  const project = madeProject("/", [
    shell("web", "true", { needs: { api: { condition: "service_started", required: false } } }),
    shell("api", "true", several(2)),
  ]);
  const { project: carried, groups } = withReplicas(project, none);
  expect([...carried.services.keys()]).toEqual(["web", "api-0", "api-1"]);
  expect([...(carried.services.get("web")?.dependencies ?? [])]).toEqual([
    ["api-0", { condition: "service_started", required: false }],
    ["api-1", { condition: "service_started", required: false }],
  ]);
  expect(carried.services.get("api-1")?.environment["DECKHAND_REPLICA"]).toBe("1");
  expect(carried.detection.order).toEqual([["api-0", "api-1"], ["web"]]);
  expect(groups.get("api")?.members).toEqual(["api-0", "api-1"]);
});

test("a person's number wins over the author's, also one", () => {
  const project = madeProject("/", [shell("api", "true", several(3))]);
  expect([...withReplicas(project, new Map([["api", 2]])).project.services.keys()]).toEqual(["api-0", "api-1"]);
  expect(withReplicas(project, new Map([["api", 1]])).project).toBe(project);
});

test("a container and a fixed port can only be once: a problem, and one of it runs", () => {
  const project = madeProject("/", [
    shell("db", "true", { ...several(2), more: { run: { kind: "compose", service: "db" } } }),
    shell("api", "true", { ...several(2), port: 4_000, env: null }),
  ]);
  const { project: carried } = withReplicas(project, none);
  expect([...carried.services.keys()]).toEqual(["db", "api"]);
  expect(carried.detection.problems.map(({ message }) => message)).toEqual([
    "db is to run 2 times, but it is a container, and containers are scaled by docker compose. One of it runs.",
    "api is to run 2 times, but its command fixes port 4000; let it take its port from a variable such as PORT. One of it runs.",
  ]);
});
