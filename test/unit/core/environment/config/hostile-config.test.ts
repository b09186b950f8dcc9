/** Files that were written to break the reader, or by somebody very tired. */
import fc from "fast-check";
import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { detect } from "../../../../../electron/core/environment/detect/detect.ts";
import { MAX_FILE_BYTES } from "../../../../../electron/core/environment/detect/project-files.ts";
import { readYamlFile, readYamlFileInTurns } from "../../../../../electron/core/environment/detect/yaml-document.ts";
import { countedSlowdown } from "../../../../support/counted.ts";
import { detectIn, folderWith, removeFolders } from "../../../../support/detect-folder.ts";

afterEach(removeFolders);

const compose = { "compose.yaml": "services: { db: { image: postgres } }" };

/**
 * How long work takes that has a processor to itself, in ms: no longer than it took, and no longer than processors were busy with it.
 * The machine may have other work, and the collector of garbage works beside the reader; neither is its fault.
 */
async function busyMs(work: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  const began = performance.now();
  await work();
  const { user, system } = process.cpuUsage(before);
  return Math.min((user + system) / 1_000, performance.now() - began);
}

const LIMIT_MS = 2_000 * countedSlowdown;

const deep = "a: ".repeat(5_000);
const bomb = `a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n${Array.from({ length: 12 }, (_, i) => `a${i + 1}: &a${i + 1} [${Array(10).fill(`*a${i}`).join(",")}]`).join("\n")}\nservices: *a12\n`;
const fill = (line: string) => line.repeat(Math.floor((MAX_FILE_BYTES - 100) / line.length));

describe("a file that is no sensible file is a problem with its place, and the other sources count", () => {
  test.each([
    ["an alias bomb", bomb],
    ["an alias of itself", "services: &a { x: *a }"],
    ["maps in maps", deep],
    ["lists in lists", "- ".repeat(5_000)],
    ["brackets", "[".repeat(100_000)],
    ["indentation", Array.from({ length: 1_000 }, (_, i) => `${" ".repeat(i)}a:`).join("\n")],
    ["tabs", "\tservices:\n\t\ta: b"],
    ["a megabyte of keys", Array.from({ length: 100_000 }, (_, i) => `k${i}:`).join("\n")],
    ["a megabyte of errors", fill("\t- x: @\n")],
    ["a megabyte of quotes", fill("a: 'b\n")],
    ["a megabyte of questions", fill("? \n")],
    ["a megabyte of anchors", `${"- &a x\n".repeat(60_000)}${"- *a\n".repeat(60_000)}`],
    ["a megabyte of commas", `a: [${"a,".repeat(500_000)}]`],
    [
      "merges of merges",
      `b0: &b0 {k0: 1}\n${Array.from({ length: 9_000 }, (_, i) => `b${i + 1}: &b${i + 1} {<<: *b${i}}`).join("\n")}`,
    ],
    ["two documents", "a: 1\n---\nb: 2\n"],
    ["a list", "- a\n- b\n"],
    ["a text", "hello"],
    ["more than a megabyte", `#${"x".repeat(MAX_FILE_BYTES)}`],
    ["no UTF-8", Buffer.from([0x73, 0xff, 0xfe])],
  ])("%s", async (_, text) => {
    let project: Awaited<ReturnType<typeof detectIn>> | null = null;
    const busy = await busyMs(async () => {
      project = await detectIn({ "deckhand.yaml": text, ...compose });
    });
    const { detection, services } = project!;
    expect(detection.problems[0]).toMatchObject({ severity: "error" });
    expect(detection.problems[0]?.source).toMatch(/^deckhand\.yaml(:\d+:\d+)?$/);
    expect([...services.keys()]).toEqual(["db"]);
    expect(busy).toBeLessThan(LIMIT_MS);
  });

  test("a link out of the folder is not followed", async () => {
    const outside = folderWith({ "secret.yaml": "services: { evil: { command: x } }" });
    const inside = folderWith(compose);
    symlinkSync(join(outside, "secret.yaml"), join(inside, "deckhand.yaml"));
    const { detection, services } = await detect({ directory: inside, profile: "dev" });
    expect([...services.keys()]).toEqual(["db"]);
    expect(detection.problems).toMatchObject([{ code: "file_unreadable", source: "deckhand.yaml" }]);
  });
});

describe("while a long file is read, everything else goes on", () => {
  const turnsOf = async (work: () => Promise<unknown>) => {
    let turns = 0;
    let ended = false;
    const count = () => {
      turns += 1;
      if (!ended) setImmediate(count);
    };
    setImmediate(count);
    await work();
    ended = true;
    return turns;
  };
  const services = Array.from({ length: 10_000 }, (_, i) => `  s${i}: { command: ./s${i} }`).join("\n");

  test.each([
    ["ten thousand services", `services:\n${services}\n`],
    ["a megabyte that is no sensible file", fill("? \n")],
    ["a megabyte of maps in one list", fill("- { a: 1, b: [x, y] }\n")],
  ])("%s", async (_, text) => {
    const turns = await turnsOf(async () => {
      const inTurns = await readYamlFileInTurns("f.yaml", text);
      const atOnce = readYamlFile("f.yaml", text);
      expect(inTurns.ok).toBe(atOnce.ok);
      if (!inTurns.ok || !atOnce.ok) expect(inTurns).toEqual(atOnce);
      else {
        expect(inTurns.file.root.size).toBe(atOnce.file.root.size);
        expect(inTurns.file.place(["services", "s9999"])).toBe(atOnce.file.place(["services", "s9999"]));
      }
    });
    expect(turns).toBeGreaterThan(50);
  });
});

describe("D04, D05: what is wrong in part is told, and the rest counts", () => {
  test("a key that stands twice: the first counts, at any size of the map", async () => {
    const { detection, services } = await detectIn({
      "deckhand.yaml":
        "services:\n  a: { command: ./one }\n  a: { command: ./two }\n  b: { command: ./b, command: ./c }\n",
    });
    expect(detection.problems.map(({ source, code }) => `${code} ${source}`)).toEqual([
      "file_invalid deckhand.yaml:3:3",
      "file_invalid deckhand.yaml:4:22",
    ]);
    expect([...services.values()].map(({ plan }) => plan.command)).toEqual(["./one", "./b"]);
  });

  test("10,000 services, each waiting for the next, within two seconds", async () => {
    const lines = Array.from(
      { length: 10_000 },
      (_, i) => `  s${i}: { command: ./s${i === 9_999 ? "" : `, depends_on: [s${i + 1}]`} }`,
    );
    let count = 0;
    const busy = await busyMs(async () => {
      const { detection } = await detectIn({ "deckhand.yaml": `services:\n${lines.join("\n")}\n` });
      expect(detection.problems).toEqual([]);
      expect(detection.order).toHaveLength(10_000);
      count = detection.services.length;
    });
    expect(count).toBe(10_000);
    expect(busy).toBeLessThan(LIMIT_MS);
  });

  test("10,000 services that are all wrong give a list that ends", async () => {
    const lines = Array.from({ length: 10_000 }, (_, i) => `  s${i}: { comand: ./s${i} }`);
    const busy = await busyMs(async () => {
      const { detection } = await detectIn({ "deckhand.yaml": `services:\n${lines.join("\n")}\n` });
      expect(detection.problems.length).toBeLessThan(200);
      expect(detection.problems.at(-1)?.message).toMatch(/more problems/);
    });
    expect(busy).toBeLessThan(LIMIT_MS);
  });

  test("D06: names like __proto__ are names, and names like --help are problems", async () => {
    const { detection, services } = await detectIn({
      "deckhand.yaml": `services:
  __proto__: { command: x, environment: { __proto__: evil }, ports: { __proto__: 80 }, depends_on: { constructor: } }
  constructor: { command: x, __proto__: { polluted: true } }
  "--help": { command: x }
  "a\\nb": { command: x }
  "": { command: x }
profiles: { __proto__: { environment: { polluted: yes } } }
`,
    });
    expect([...services.keys()]).toEqual(["__proto__", "constructor"]);
    const first = services.get("__proto__")!;
    expect(Object.entries(first.environment)).toEqual([["__proto__", "evil"]]);
    expect(first.plan.ports).toEqual([{ name: "__proto__", port: 80, env: null }]);
    expect([...first.dependencies.keys()]).toEqual(["constructor"]);
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
    expect(detection.problems.map(({ source }) => source)).toEqual(
      [4, 5, 6, 3].map((line) => expect.stringContaining(`:${line}:`)),
    );
  });

  const wrong: [string, string, string | RegExp][] = [
    ["comand: x", "2:5", /no key that is known here. Did you mean `command`/],
    ["depends: [b]", "2:5", "`depends_on`"],
    ["healthcheck: { intervall: 5s, tcp: 80 }", "2:20", "`interval`"],
    ["stop_grace_period: soon", "2:5", /is "soon", but a duration/],
    ["limits: { memory: lots }", "2:15", "a size such as"],
    ["restart: sometimes", "2:5", "one of no, on-failure"],
    ["depends_on: { b: { condition: service_happy } }", "2:24", "one of service_started"],
    ["ports: { http: { prefer: 99999 } }", "2:22", "a whole number from 1 to 65535"],
    ["ports: { http: { env: PORT } }", "2:14", "`prefer` is missing"],
    ["ports: [eighty]", "2:13", "says no port"],
    ["environment: [a]\n    env_file: { pth: x }", "3:17", "`path`"],
    ['environment: { "A=B": c }', "2:20", "no name of a variable"],
    ["stop_signal: SIGNOPE", "2:5", "a signal such as"],
    ["success_exit_codes: [256, 3]", "2:26", "from 0 to 255"],
    ['healthcheck: { log: "(" }', "2:20", "a regular expression"],
    ['healthcheck: { http: "ftp://x" }', "2:20", "no http URL"],
    ['healthcheck: { http: "https://127.0.0.1:3000" }', "2:20", "Use `tcp`"],
    ["healthcheck: { test: [curl, x] }", "2:20", "CMD-SHELL"],
    ["healthcheck: { tcp: web }", "2:5", "Declare it under `ports`"],
    ["working_dir: nowhere", "2:5", "no such folder"],
    ["working_dir: 5\n    replicas: 0", "3:5", "from 1 to 100"],
    ["watch: { ignore: [x] }", "2:5", "`paths` is missing"],
    ['environment: { A: "${B" }', "2:20", "cannot be replaced"],
    ["volumes: [a:b]", "2:5", "is for containers"],
  ];
  test.each(wrong)("%s", async (line, place, message) => {
    const { detection, services } = await detectIn({
      "deckhand.yaml": `services: { b: { command: ./b }, a: { command: ./a,\n    ${line.replace("\n", ",\n")} } }\n`,
    });
    const found = detection.problems.filter(({ code }) => code === "value_invalid");
    expect(found.map(({ source }) => source)).toContain(`deckhand.yaml:${place}`);
    expect(found.map((problem) => problem.message).join("\n")).toMatch(message);
    expect(services.get("a")?.plan.command).toBe("./a");
    expect(services.get("b")?.plan.command).toBe("./b");
  });

  test("nothing is watched and nothing is written outside the project", async () => {
    const { detection, services } = await detectIn({
      "deckhand.yaml": `services:
  a: { command: ./a, watch: [src, ../.., /etc], log_file: ../../x.log }
  b: { command: ./b, log_file: /etc/passwd, watch: .. }
`,
      "process-compose.yaml": "processes: { c: { command: ./c, log_location: /etc/passwd } }",
    });
    expect(services.get("a")?.rules).toMatchObject({ watch: { paths: ["src"] }, logFile: null });
    expect(services.get("b")?.rules).toMatchObject({ watch: null, logFile: null });
    expect(services.get("c")?.rules.logFile).toBeNull();
    expect(detection.problems.filter(({ severity }) => severity === "error")).toHaveLength(6);
  });

  test("a container that is pasted in says what to do", async () => {
    const { detection } = await detectIn({ "deckhand.yaml": "services:\n  db: { image: postgres, volumes: [a:b] }\n" });
    const errors = detection.problems.filter(({ severity }) => severity === "error");
    expect(errors).toMatchObject([
      { message: expect.stringContaining("Put it into compose.yaml"), source: "deckhand.yaml:2:3" },
    ]);
  });
});

describe("whatever stands in the files", () => {
  const value: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: "small" },
      fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null), fc.double()),
      fc.array(tie("value"), { maxLength: 3 }),
      fc.dictionary(
        fc.oneof(
          fc.constantFrom(
            ..."command type compose ports environment env_file depends_on healthcheck test http tcp exec log interval restart watch limits hooks deploy replicas profiles services processes extends availability readiness_probe http_get shutdown namespace vars __proto__ prefer env condition file service".split(
              " ",
            ),
          ),
          fc.string({ maxLength: 8 }),
        ),
        tie("value"),
        { maxKeys: 5 },
      ),
    ),
  })).value;

  test("detection answers, and every problem names a file", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(fc.string({ maxLength: 6 }), value, { maxKeys: 4 }),
        value,
        async (services, top) => {
          const { detection } = await detectIn({
            "deckhand.yaml": JSON.stringify({ services, profiles: top }),
            "process-compose.yaml": JSON.stringify({ processes: services, environment: top }),
          });
          for (const { source, message } of detection.problems) {
            expect(source).not.toBe("");
            expect(message).not.toBe("");
          }
          removeFolders();
        },
      ),
      { numRuns: 100 },
    );
  });

  test("no text makes the reader throw", () => {
    fc.assert(
      fc.property(
        fc.string({ maxLength: 200, unit: fc.constantFrom(..."ab:-[]{}&*!|>'\"\n\t #?,%@`<~\u0000é") }),
        (text) => {
          const reading = readYamlFile("f.yaml", text);
          if (!reading.ok) expect(reading.problems.length).toBeGreaterThan(0);
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
