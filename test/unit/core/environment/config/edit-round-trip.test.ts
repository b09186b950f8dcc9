/** What a form writes is read back as the same plan, whatever is typed; or it is refused with its place, and nothing is written. */
import { readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import type { NeedDraft, PortDraft, ProbeDraft, ServiceEdit } from "#shared/schema/service-edit.ts";
import { editServices } from "../../../../../electron/core/environment/config/edit-services.ts";
import { configTextFor } from "../../../../../electron/core/environment/config/save-project.ts";
import { detect } from "../../../../../electron/core/environment/detect/detect.ts";
import { AppError } from "../../../../../electron/core/lib/error.ts";
import { folderWith, removeFolders } from "../../../../support/detect-folder.ts";

afterEach(removeFolders);

const text = `# The environment of this project.
version: 1 # of the format
profiles:
  dev: { environment: {STAGE: dev} } # what everybody gets

services:
    # Whole, in its author's own form.
    api: # the API
        command: ./api   # starts it
        x-owner: team-a
        environment:
            LOG: debug # loud
            URL: "http://\${PLAIN}/x" # refers to another one
        env_file: .env.api # secrets
        ports: {http: 3000} # [padding]
        restart: always

    # Laid over what is detected.
    dev: {replicas: 2}
    listed:
      command: [./listed, "a b"]
      environment:
        - A=1 # first
        - B=2
      shutdown: { signal: SIGINT, timeout_seconds: 4 }
      deploy: { replicas: 3, resources: { limits: { cpus: 2, memory: 1g } } }
    1: { command: ./one, healthcheck: false }
    db: { compose: db, restart: "no" } # a container
`;
const files = {
  "package.json": { scripts: { dev: "node dev.js --port ${PORT:-5173}", "dev:web": "node web.js" } },
  "compose.yaml": "services: { db: { image: postgres, ports: ['5432:5432'] }, cache: { image: redis } }",
  "Procfile.dev": "worker: node worker.js\n",
  ".env": "PLAIN=x\nAPI_SECRET=hunter2\n",
  ".env.api": "TOKEN=hunter3\n",
};
const names = ["api", "dev", "listed", "1", "db", "cache", "worker"];

const open = (config: string | null) =>
  folderWith({ ...files, ...(config === null ? {} : { "deckhand.yaml": config }) });

/** The text that an edit leads to; null: it was refused with its places. */
async function written(directory: string, edit: ServiceEdit): Promise<string | null> {
  try {
    const { text: result } = await configTextFor({
      directory,
      profile: "dev",
      write: "changes",
      change: (project) => editServices(project.services, [edit], project),
    });
    return result;
  } catch (error) {
    if (error instanceof AppError && error.code === "unknown_service") return null;
    if (!(error instanceof AppError) || error.code !== "bad_input") throw error;
    expect(error.details["fields"]).toEqual(
      expect.arrayContaining([{ path: expect.any(Array) as unknown, message: expect.any(String) as unknown }]),
    );
    return null;
  }
}

const hostile = fc.oneof(
  fc.constantFrom(
    "__proto__",
    "constructor",
    "--help",
    "no",
    "1",
    "~",
    "<<",
    "*a",
    "&a",
    "#c",
    "a: b",
    "ünï",
    "a\nb",
    "\u0000",
    "x y",
    "- a",
    "'",
    '"',
    "{}",
    "|",
    "%",
    "@",
    "`",
  ),
  fc.string({ maxLength: 10, unit: "grapheme" }),
);
const value = fc.oneof(
  hostile.map((one) => one.replaceAll("$", "$$$$")),
  fc.constantFrom(
    "",
    " ",
    "5$$",
    "a#b",
    "a #b",
    "x: y",
    "true",
    "007",
    "1e3",
    "0x10",
    "\t",
    "line\nline\n",
    "🦊",
    "$${PLAIN}",
    "${PLAIN}/y",
  ),
);
const number = fc.oneof(
  fc.integer({ min: 1, max: 65_535 }).map(String),
  fc.constantFrom("", "0", "65536", "1.5", "x", "007"),
);
const time = fc.constantFrom("", "250ms", "10s", "1m30s", "90", "soon", "1.5h", "0s");
const variable = fc.constantFrom("PORT", "A", "LOG", "B", "__proto__", "API_SECRET", "URL", "STAGE", "TOKEN", "x.y");
const maybe = <Value>(arbitrary: fc.Arbitrary<Value>) => fc.option(arbitrary, { nil: undefined, freq: 2 });

const ports: fc.Arbitrary<PortDraft[]> = fc.array(
  fc.record({
    name: fc.oneof(fc.constantFrom("http", "admin", "__proto__", "1"), hostile),
    prefer: number,
    env: fc.oneof(fc.constantFrom("", "PORT", "ADMIN_PORT"), hostile),
    option: fc.constantFrom("", "--port", "-- --port", "--listen 127.0.0.1:{port}"),
    strict: fc.boolean(),
  }),
  { maxLength: 3 },
);
const needs: fc.Arbitrary<NeedDraft[]> = fc.array(
  fc.record({
    name: fc.constantFrom(...names, "nobody", "__proto__"),
    condition: fc.constantFrom("service_started", "service_healthy", "service_completed", "service_log_ready"),
    required: fc.boolean(),
    restart: fc.boolean(),
  }),
  { maxLength: 3 },
);
const probe: fc.Arbitrary<ProbeDraft> = fc.record({
  kind: fc.constantFrom("none", "tcp", "http", "exec", "log", "notify", "compose"),
  tcp: fc.oneof(number, fc.constantFrom("http", "${PORT}")),
  url: fc.constantFrom("", "http://127.0.0.1:${PORT}/up", "http://127.0.0.1:3000/?a=b#c", "https://x", "nothing"),
  status: fc.constantFrom("", "204", "99"),
  exec: value,
  log: fc.constantFrom("", "ready", "^up$", "(", "\\d+ ms", "# : '"),
  interval: time,
  timeout: time,
  retries: fc.constantFrom("", "3", "0"),
  successThreshold: fc.constantFrom("", "2"),
  startPeriod: time,
  startInterval: time,
  initialDelay: time,
  deadline: time,
});
const edit: fc.Arbitrary<ServiceEdit> = fc.record({
  service: fc.constantFrom(...names),
  disabled: maybe(fc.boolean()),
  command: maybe(fc.oneof(value, fc.constant("./other --flag"))),
  workingDirectory: maybe(fc.constantFrom(".", "a b", "$x", "..", "/etc", "")),
  environment: maybe(
    fc.uniqueArray(fc.tuple(variable, fc.option(value, { nil: null })), { maxLength: 4, selector: ([one]) => one }),
  ),
  ports: maybe(ports),
  needs: maybe(needs),
  probe: maybe(probe),
  restart: maybe(
    fc.record({
      mode: fc.constantFrom("no", "on-failure", "always", "unless-stopped"),
      retries: fc.constantFrom("", "3", "x"),
      max: fc.constantFrom("5", "9", ""),
      window: time,
    }),
  ),
  stop: maybe(fc.record({ signal: fc.constantFrom("SIGTERM", "int", "2", "?"), grace: time })),
  limits: maybe(
    fc.record({
      memory: fc.constantFrom("", "1GiB", "1.5g", "512m", "-1"),
      cpu: fc.constantFrom("", "80%", "1.5"),
      cpuFor: time,
      onExceed: fc.constantFrom("restart", "stop", "notify"),
    }),
  ),
  watch: maybe(
    fc.record({
      paths: fc.array(fc.constantFrom("src", "a b", "$x", "", "../..", "#"), { maxLength: 2 }),
      ignore: fc.array(fc.constantFrom("**/*.log", "'"), { maxLength: 1 }),
      debounce: time,
    }),
  ),
  replicas: maybe(fc.constantFrom("1", "3", "0", "")),
}) as fc.Arbitrary<ServiceEdit>;

describe("an edit from a form", () => {
  // That it reads back to the same plan is what is asked before a text is handed out; what fails that is neither a text nor a refusal.
  test.each([
    ["of a file that is there", text],
    ["where there is no file", null],
  ])(
    "%s is read back as it was meant, or refused with its place",
    async (_what, config) => {
      await fc.assert(
        fc.asyncProperty(edit, async (one) => {
          const directory = open(config);
          const result = await written(directory, one);
          if (result === null) return removeFolders();
          // Nothing of the files of variables is copied.
          expect(result).not.toMatch(/hunter[23]/);
          for (const [comment] of (config ?? "").matchAll(/#.*$/gm)) {
            // One that stands at what was replaced goes with it.
            if (/# (The environment|of the format|what everybody|Laid over)/.test(comment))
              expect(result).toContain(comment);
          }
          writeFileSync(join(directory, "deckhand.yaml"), result);
          const again = await detect({ directory, profile: "dev" });
          expect(again.services.has(one.service)).toBe(true);
          removeFolders();
        }),
        { numRuns: 150 },
      );
    },
    120_000,
  );
});

describe("a file that is there keeps its form", () => {
  const change = async (one: ServiceEdit) => {
    const directory = open(text);
    const result = await written(directory, one);
    expect(readFileSync(join(directory, "deckhand.yaml"), "utf8")).toBe(text);
    return result;
  };

  test("one value of one service is one line", async () => {
    expect(await change({ service: "api", environment: [["LOG", "info"]] })).toBe(
      text.replace("LOG: debug # loud", "LOG: info # loud"),
    );
  });

  test("what refers to others, and files of secrets, stay as they are beside a new variable", async () => {
    expect(await change({ service: "api", environment: [["NEW", "a $$ b"]] })).toBe(
      text.replace("# refers to another one\n", (line) => `${line}            NEW: a $$ b\n`),
    );
  });

  test("a new service has what every command of the file has, and a variable of its own", async () => {
    const result = await change({ service: "new", command: "./new", environment: [["API_SECRET", ""]] });
    expect(result?.slice(text.trimEnd().length)).toBe(
      '\n    new:\n        command: ./new\n        environment: { API_SECRET: "" }\n',
    );
  });

  test("of a list of variables, the one that was changed", async () => {
    const result = await change({
      service: "listed",
      environment: [
        ["A", "2"],
        ["B", null],
      ],
    });
    expect(result).toContain("- A=2 # first\n");
    expect(result).not.toContain("B=2");
  });

  test("only what differs is said of a service that is detected", async () => {
    const result = await change({ service: "worker", disabled: true });
    expect(result?.startsWith(text.trimEnd())).toBe(true);
    expect(result?.slice(text.trimEnd().length)).toBe("\n    worker:\n        disabled: true\n");
  });

  test("a service with a number for a name is found by it", async () => {
    const result = await change({ service: "1", stop: { signal: "SIGINT", grace: "10s" } });
    expect(result).toContain("1: { command: ./one, healthcheck: false, stop_signal: SIGINT }");
  });

  test("an entry that is another one's alias gets words of its own, and one with nothing in it stays laid over", async () => {
    const config = "services:\n  one: &one { command: ./one }\n  two: *one\n  dev:\n";
    const stop = { signal: "SIGINT", grace: "10s" };
    expect(await written(open(config), { service: "two", stop })).toBe(
      config.replace("two: *one\n", "two:\n    command: ./one\n    stop_signal: SIGINT\n"),
    );
    expect(await written(open(config), { service: "dev", stop })).toBe(`${config}    stop_signal: SIGINT\n`);
  });

  test("what others repeat of it stays theirs, and what it repeats of others becomes its own", async () => {
    const config = `x-env: &env { A: b, C: d }
services:
  one: &one { command: &line ./one, environment: *env }
  two: *one
  three: { command: *line }
  four: { <<: *one, command: ./four }
`;
    const after = async (one: ServiceEdit) => {
      const directory = open(config);
      const before = await detect({ directory, profile: "dev" });
      writeFileSync(join(directory, "deckhand.yaml"), (await written(directory, one)) ?? "");
      const { services } = await detect({ directory, profile: "dev" });
      const others = [...services].filter(([name]) => name !== one.service);
      for (const [name, { plan, environment }] of others) {
        const was = before.services.get(name);
        expect([name, plan.command, environment]).toEqual([name, was?.plan.command, was?.environment]);
      }
      return services.get(one.service);
    };
    expect((await after({ service: "one", command: "./other", environment: [["A", "x"]] }))?.environment).toMatchObject(
      {
        A: "x",
        C: "d",
      },
    );
    expect((await after({ service: "three", environment: [["A", "x"]] }))?.environment).toMatchObject({ A: "x" });
    expect((await after({ service: "two", environment: [["A", null]] }))?.environment).not.toHaveProperty("A");
  });

  test("lines that end as on Windows go on doing so", async () => {
    const crlf = text.replaceAll("\n", "\r\n");
    const directory = open(crlf);
    const result = await written(directory, { service: "api", environment: [["LOG", "info"]] });
    expect(result).toBe(crlf.replace("LOG: debug", "LOG: info"));
  });
});

describe("what cannot be written is refused as a whole, and said", () => {
  const refused = async (config: string, one: ServiceEdit) => {
    const directory = open(config);
    const error = await written(directory, one).catch((thrown: unknown) => thrown);
    expect(readFileSync(join(directory, "deckhand.yaml"), "utf8")).toBe(config);
    return error;
  };

  test("a variable that comes from an anchor cannot be taken out of one of those that share it", async () => {
    const config = `x-common: &common { environment: { A: b } }
services: { one: { <<: *common, command: ./one }, two: { <<: *common, command: ./two } }
`;
    expect(await refused(config, { service: "one", environment: [["A", null]] })).toMatchObject({
      code: "plan_invalid",
      message: expect.stringContaining("its environment") as string,
      next: "Edit deckhand.yaml by hand.",
    });
  });

  test("a file that may not be read", async () => {
    const directory = open(null);
    symlinkSync("/etc/hostname", join(directory, "deckhand.yaml"));
    await expect(written(directory, { service: "worker", disabled: true })).rejects.toMatchObject({
      code: "plan_invalid",
      next: "Look at deckhand.yaml.",
    });
  });
});
