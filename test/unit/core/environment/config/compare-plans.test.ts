import { afterEach, describe, expect, test } from "vitest";
import { comparePlans } from "../../../../../electron/core/environment/config/compare-plans.ts";
import { detect } from "../../../../../electron/core/environment/detect/detect.ts";
import { detectIn, folderWith, removeFolders } from "../../../../support/detect-folder.ts";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

afterEach(removeFolders);

const yaml = `profiles: { dev: {}, test: { environment: { NODE_ENV: test } } }
services:
  db: { command: ./db, profiles: [dev, test] }
  api: { command: ./api, depends_on: [db] }
  seed: { command: ./seed, type: task, profiles: [test] }
  mail: { command: ./mail, profiles: [dev] }
  off: { command: ./off, disabled: true }
`;

async function plans(before: [string, string], after: [string, string]) {
  const directory = folderWith({});
  const read = async ([text, profile]: [string, string]) => {
    writeFileSync(join(directory, "deckhand.yaml"), text);
    return (await detect({ directory, profile })).services;
  };
  return { before: await read(before), after: await read(after) };
}

describe("another profile", () => {
  test("shows what is started, stopped, and restarted because its environment differs", async () => {
    const { before, after } = await plans([yaml, "dev"], [yaml, "test"]);
    expect(comparePlans({ before, after })).toEqual({
      start: ["seed"],
      stop: ["mail"],
      restart: [
        { name: "db", changed: ["its environment"] },
        { name: "api", changed: ["its environment"] },
      ],
      unchanged: [],
    });
  });

  test("what does not run now is started, and never restarted", async () => {
    const { before, after } = await plans([yaml, "dev"], [yaml, "dev"]);
    expect(comparePlans({ before, after, running: new Set(["db", "gone"]) })).toEqual({
      start: ["api", "mail"],
      stop: ["gone"],
      restart: [],
      unchanged: ["db"],
    });
  });
});

describe("a file that was edited", () => {
  test("only what differs is restarted; comments, order, places and dependencies are no difference", async () => {
    const moved = `# new\n${yaml.replace("depends_on: [db]", "depends_on: { db: service_started, off: { condition: started, required: false } }")}`;
    const { before, after } = await plans([yaml, "dev"], [moved, "dev"]);
    expect(comparePlans({ before, after })).toMatchObject({ start: [], stop: [], restart: [] });
  });

  test.each([
    ["./api,", "./api --verbose,", "its command"],
    ["./api,", "./api, working_dir: /tmp,", "its folder"],
    ["./api,", "./api, ports: { http: 3000 },", "its ports"],
    ["./api,", "./api, stop_signal: SIGINT,", "how it is stopped"],
    ["./api,", "./api, restart: always,", "when it is restarted"],
    ["./api,", "./api, watch: src,", "what it watches"],
    ["./api,", "./api, limits: { memory: 1g },", "its limits"],
    ["./api,", "./api, replicas: 2,", "how many of it run"],
    ["./api,", "./api, pre_start: ./x,", "its hooks"],
    ["./api,", "./api, log_file: x.log,", "its log file"],
    ["./api,", "./api, liveness: { exec: ./x },", "its health check"],
  ])("%s → %s: %s", async (from, to, word) => {
    const { before, after } = await plans([yaml, "dev"], [yaml.replace(from, to), "dev"]);
    const difference = comparePlans({ before, after });
    expect(difference.restart.map(({ name }) => name)).toEqual(["api"]);
    expect(difference.restart[0]?.changed).toContain(word);
    expect(difference.unchanged).toEqual(["db", "mail"]);
  });

  test("a container is restarted when anything in its definition differs", async () => {
    const one = await detectIn({ "compose.yaml": "services: { a: { image: x }, b: { image: y } }" });
    const two = await detectIn({ "compose.yaml": "services: { a: { image: x, mem_limit: 1g }, b: { image: y } }" });
    const before = new Map([...one.services].map(([name, service]) => [name, service]));
    const after = new Map(
      [...two.services].map(([name, service]) => [
        name,
        { ...service, plan: { ...service.plan, workingDirectory: one.directory } },
      ]),
    );
    expect(comparePlans({ before, after }).restart.map(({ name }) => name)).toEqual(["a"]);
  });

  test("one that is switched off is stopped, one that was started by name although it is off is left alone", async () => {
    const { before, after } = await plans([yaml, "dev"], [yaml.replace("./api,", "./api, disabled: true,"), "dev"]);
    expect(comparePlans({ before, after }).stop).toEqual(["api"]);
    expect(comparePlans({ before, after, running: new Set(["off"]) })).toMatchObject({ unchanged: ["off"] });
  });
});
