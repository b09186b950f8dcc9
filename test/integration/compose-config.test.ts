/** Our reading of compose files beside docker compose's own, on the same files. Skipped where there is no docker compose. */
import { execFileSync } from "node:child_process";
import { afterEach, describe, expect, test } from "vitest";
import { readComposeFile } from "../../electron/core/environment/detect/compose-file.ts";
import { projectFiles } from "../../electron/core/environment/detect/project-files.ts";
import { folderWith, removeFolders } from "../support/detect-folder.ts";

afterEach(removeFolders);

function compose(folder: string, ...words: string[]): string {
  const env = { PATH: process.env["PATH"] ?? "", HOME: process.env["HOME"] ?? "/", FROM_SHELL: "7007" };
  return execFileSync("docker", ["compose", ...words], {
    cwd: folder,
    env,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  });
}

function missing(): boolean {
  try {
    compose("/", "version", "--short");
    return false;
  } catch {
    return true;
  }
}
const skip = missing();
if (skip) console.log("skipped: compose files beside docker compose itself (no docker compose)");

interface Known {
  readonly ports?: { published?: string; target: number }[];
  readonly depends_on?: Record<string, { condition: string; required: boolean; restart?: boolean }>;
  readonly healthcheck?: { test?: string[]; disable?: boolean };
  readonly profiles?: string[];
  readonly image?: string;
}

/** What both must agree on. */
function theirs(folder: string): unknown {
  const { services } = JSON.parse(compose(folder, "config", "--format", "json")) as { services: Record<string, Known> };
  return Object.fromEntries(
    Object.entries(services).map(([name, service]) => [
      name,
      {
        image: service.image ?? "",
        ports: (service.ports ?? [])
          .filter(({ published }) => published !== undefined)
          .map(({ published }) => Number(published)),
        needs: Object.entries(service.depends_on ?? {})
          .map(([other, { condition, required, restart }]) => [other, condition, required, restart === true])
          .sort(),
        checked: service.healthcheck?.test !== undefined && service.healthcheck.test[0] !== "NONE",
        profiles: service.profiles ?? [],
      },
    ]),
  );
}

async function ours(folder: string): Promise<unknown> {
  const { services, problems } = await readComposeFile(projectFiles(folder), "", { FROM_SHELL: "7007" });
  expect(problems.filter(({ severity }) => severity === "error")).toEqual([]);
  return Object.fromEntries(
    services.map(({ plan, trust, dependencies }) => [
      plan.name,
      {
        image: /^image (.*)$/m.exec(trust.detail)?.[1] ?? "",
        ports: plan.ports.map(({ port }) => port),
        needs: [...dependencies]
          .map(([other, { condition, required, restart }]) => [other, condition, required, restart === true])
          .sort(),
        checked: plan.probe?.kind === "compose" && plan.probe.healthcheck,
        profiles: plan.profiles,
      },
    ]),
  );
}

describe.skipIf(skip)("read as docker compose reads it", () => {
  test.each<[string, Record<string, string>]>([
    [
      "variables of every form, from .env and from the shell",
      {
        ".env":
          "A=1001\nEMPTY=\nexport B=1002\nC=\"1003\"\nD='1004'\nE=${A}\nFROM_SHELL=1\nIMAGE=repo/${NAME:-x}:1 # comment\n",
        "compose.yaml": `
services:
  a:
    image: \${IMAGE}
    ports: ["$A:1", "\${B}:1", "\${C:-9}:1", "\${D-9}:1", "\${E:?no}:2", "\${EMPTY:-1006}:1", "\${NOT:-\${A:-5}0}:1", "\${A:+1008}:1", "\${FROM_SHELL}:1"]
  b: { image: "x\${NOT:+y}\${EMPTY+z}", labels: { price: "$$5" } }`,
      },
    ],
    [
      "an override with lists, maps, !reset and !override",
      {
        "compose.yaml": `
services:
  a: { image: x, ports: ["1000:1", "1001:2"], depends_on: [b, c], healthcheck: { test: [CMD, x], interval: 5s } }
  b: { image: x, ports: ["2000:1"], healthcheck: { test: x } }
  c: { image: x, depends_on: { b: { condition: service_healthy } } }
  d: { image: x, ports: ["4000:1"], depends_on: [b] }`,
        "compose.override.yaml": `
services:
  a: { image: y, ports: ["1000:1", "1002:3"], depends_on: { b: { condition: service_healthy, required: false } } }
  b: { healthcheck: { disable: true, test: !reset null } }
  c: { depends_on: !override { e: { condition: service_started } } }
  d: { ports: !override ["4001:1"], depends_on: !reset [] }
  e: { image: z }`,
      },
    ],
    [
      "extends in one file, across files and over two steps",
      {
        "compose.yaml": `
services:
  a: { extends: { service: one, file: more/base.yaml }, ports: ["1000:1"] }
  b: { extends: a, image: own }
  c: { image: x }`,
        "more/base.yaml":
          "services: { one: { extends: { service: two, file: deep.yaml }, ports: ['2000:2'], healthcheck: { test: t } } }",
        "more/deep.yaml": "services: { two: { image: deep, ports: ['3000:3'] } }",
      },
    ],
    [
      "include with variables of its own folder, and an override over it",
      {
        ".env": "SHARED=1111\n",
        "compose.yaml":
          "include: [db/compose.yaml, { path: mq/compose.yaml, env_file: mq/mq.env }]\nservices: { web: { image: x, depends_on: [db] } }",
        "compose.override.yaml": "services: { db: { ports: ['9999:9'] } }",
        "db/compose.yaml": "services: { db: { image: x, ports: ['${SHARED}:1', '${OWN}:2'] } }",
        "db/.env": "SHARED=2\nOWN=2222\n",
        "mq/compose.yaml": "services: { mq: { image: x, ports: ['${MQ}:1'] } }",
        "mq/mq.env": "MQ=3333\n",
      },
    ],
    [
      "profiles named by .env",
      {
        ".env": "COMPOSE_PROFILES=one, two\n",
        "compose.yaml":
          "services: { a: { image: x }, b: { image: x, profiles: [one] }, c: { image: x, profiles: [three] } }",
      },
    ],
    [
      "ports of every form",
      {
        "compose.yaml": `
services:
  a: { image: x, ports: ["80", "8001:80", "127.0.0.1:8002:81", "8003-8005:90-92", "[::1]:8006:83", { target: 84, published: "8007", host_ip: 127.0.0.1 }] }`,
      },
    ],
    [
      "conditions, restarts and anchors",
      {
        "compose.yaml": `
x-all: &all { image: x, healthcheck: { test: [CMD-SHELL, t] } }
services:
  a: { <<: *all }
  b: { <<: *all, depends_on: { a: { condition: service_healthy, restart: true } } }
  c: { <<: *all, depends_on: { b: { condition: service_completed_successfully, required: false }, a: { condition: service_started } }, healthcheck: { test: NONE } }`,
      },
    ],
  ])("%s", async (_, files) => {
    const folder = folderWith(files);
    expect(await ours(folder)).toEqual(theirs(folder));
  });

  test.each<[string, Record<string, string>]>([
    [
      "an include that leads to itself",
      { "compose.yaml": "include: [a.yaml]", "a.yaml": "include: [compose.yaml]\nservices: { a: { image: x } }" },
    ],
    ["extends of nobody", { "compose.yaml": "services: { a: { image: x, extends: b } }" }],
    ["extends in a circle", { "compose.yaml": "services: { a: { extends: b }, b: { extends: a } }" }],
    ["a variable that must be set", { "compose.yaml": "services: { a: { image: '${X:?please}' } }" }],
    [
      "a duration that is none",
      { "compose.yaml": "services: { a: { image: x, healthcheck: { test: x, interval: soon } } }" },
    ],
    [
      "one name in two included files",
      {
        "compose.yaml": "include: [a.yaml, b.yaml]",
        "a.yaml": "services: { a: { image: x } }",
        "b.yaml": "services: { a: { image: y } }",
      },
    ],
  ])("%s is refused by both", async (_, files) => {
    const folder = folderWith(files);
    const { problems } = await readComposeFile(projectFiles(folder), "", {});
    expect(problems.filter(({ severity }) => severity === "error")).not.toEqual([]);
    expect(() => compose(folder, "config", "--format", "json")).toThrow("Command failed");
  });
});
