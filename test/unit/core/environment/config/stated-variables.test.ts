/** `${NAME}` in a deckhand.yaml: what is replaced when it is read, what waits for the start, and what nobody knows. */
import { afterEach, describe, expect, test } from "vitest";
import { interpolate, interpolateExcept } from "../../../../../electron/core/environment/detect/interpolate.ts";
import { detect, serviceFingerprint } from "../../../../../electron/core/environment/detect/detect.ts";
import { completedVariables } from "../../../../../electron/core/environment/config/stated-variables.ts";
import { folderWith, removeFolders } from "../../../../support/detect-folder.ts";

afterEach(removeFolders);

async function read(config: string, files: Record<string, unknown> = {}, environment: Record<string, string> = {}) {
  const directory = folderWith({ "deckhand.yaml": config, ...files });
  const { services, detection } = await detect({ directory, profile: "dev", environment });
  const one = (name: string) => {
    const service = services.get(name);
    if (service === undefined) throw new Error(`no ${name}: ${JSON.stringify(detection.problems)}`);
    return service;
  };
  return {
    one,
    problems: detection.problems.map(({ severity, source, message }) => `${severity} ${source} ${message}`),
    /** What the process gets, where it is told these. */
    told: (name: string, given: Record<string, string>) => ({
      ...one(name).environment,
      ...completedVariables(one(name), given),
      ...given,
    }),
  };
}

const two = (environment: string, more = "") => `
services:
  db: { command: ./db, ports: { tcp: { prefer: 5432, env: DB_LISTEN } } }
  api:
    command: ./api
    ports: { http: { prefer: 3000 } }
    environment:
${environment
  .trim()
  .split("\n")
  .map((line) => `      ${line.trim()}`)
  .join("\n")}
${more}`;

describe("values of `environment`", () => {
  test("ports and addresses that are given at the start are put in then, everything else at once", async () => {
    const { told, one, problems } = await read(
      two(`
        HOST: 127.0.0.1
        DATABASE_URL: "pg://\${USER_NAME}@\${HOST}:\${DB_PORT}/app"
        SELF: "http://$HOST:\${PORT}"
        COPY: "<\${SELF}>"
        PRICE: "5$$ and $$\{HOST}"
      `),
      { ".env": "USER_NAME=me" },
    );
    expect(problems).toEqual([]);
    expect(one("api").templates).toEqual({
      DATABASE_URL: "pg://me@127.0.0.1:${DB_PORT}/app",
      SELF: "http://127.0.0.1:${PORT}",
      COPY: "<${SELF}>",
    });
    expect(told("api", { DB_PORT: "5501", PORT: "3107" })).toMatchObject({
      DATABASE_URL: "pg://me@127.0.0.1:5501/app",
      SELF: "http://127.0.0.1:3107",
      COPY: "<http://127.0.0.1:3107>",
      PRICE: "5$ and ${HOST}",
    });
  });

  test.each<[string, string, string]>([
    ["a default where nothing is given", "${DB_PORT:-5432}", "5432"],
    ["a default that holds a variable", "${DB_URL:-pg://$HOST}", "pg://h"],
    ["an alternative", "${DB_PORT:+with-$HOST}", ""],
    ["what must be set", "${DB_PORT:?is needed}", ""],
  ])("%s", async (_, text, expected) => {
    const { told, problems } = await read(two(`HOST: h\nX: ${JSON.stringify(text)}`));
    expect(problems).toEqual([]);
    expect(told("api", {})["X"]).toBe(expected);
  });

  test("what is known when the file is read counts where nothing is given at the start", async () => {
    const { told } = await read(two('X: "${DB_PORT}"\nY: "${DB_PORT:-5432}"\nZ: "${DB_PORT:?no}"'), {
      ".env": "DB_PORT=5999",
    });
    expect(told("api", {})).toMatchObject({ X: "5999", Y: "5999", Z: "5999" });
    expect(told("api", { DB_PORT: "5501" })).toMatchObject({ X: "5501", Y: "5501", Z: "5501" });
  });

  test("a name that nobody knows counts as empty, and is a problem with its place", async () => {
    const { problems, told } = await read(two('A: fine\nB: "<${NOBODY}>"\nC: "${NOBODY:-x}"'));
    expect(problems).toEqual([
      "warning deckhand.yaml:9:7 Nothing sets the variable NOBODY. Set it in `.env`, or write a default: `${NOBODY:-…}`. It is empty.",
    ]);
    expect(told("api", {})).toMatchObject({ B: "<>", C: "x" });
  });

  test("what is no variable is a problem with its place, and stays as it is", async () => {
    const { problems, told } = await read(two('A: "${"\nB: "${NOBODY?must be there}"'));
    expect(problems).toEqual([
      expect.stringMatching(/^error deckhand\.yaml:8:7 The variables of "\$\{" cannot be replaced: .*\$\$/),
      expect.stringMatching(/^error deckhand\.yaml:9:7 .*NOBODY must be set: must be there/),
    ]);
    expect(told("api", {})).toMatchObject({ A: "${", B: "${NOBODY?must be there}" });
  });

  test("of a profile they reach what is detected, too, and a service's own count over them", async () => {
    const { told } = await read(
      `profiles: { dev: { environment: { API: "http://127.0.0.1:\${DB_PORT}", WHO: "\${NAME_OF}" } } }
services:
  db: { command: ./db, ports: { tcp: { prefer: 5432, env: LISTEN } } }
  own: { command: ./own, environment: { API: mine } }
`,
      { ".env": "NAME_OF=env", "package.json": { scripts: { dev: "node a.js" } } },
    );
    const given = { DB_PORT: "5501" };
    expect(told("dev", given)).toMatchObject({ API: "http://127.0.0.1:5501", WHO: "env" });
    expect(told("own", given)).toMatchObject({ API: "mine", WHO: "env" });
    expect(told("db", given)).toMatchObject({ API: "http://127.0.0.1:5501" });
  });

  test("a container's port by the variable of its file", async () => {
    const { told, problems } = await read(
      `services: { seed: { command: ./seed, environment: { URL: "pg://h:\${SHOP_DB}" } } }`,
      {
        "compose.yaml": 'services: { db: { image: postgres, ports: ["${SHOP_DB:-5432}:5432"] } }',
      },
    );
    expect(problems).toEqual([]);
    expect(told("seed", { SHOP_DB: "5777" })["URL"]).toBe("pg://h:5777");
  });

  test("what completes a value is part of what is trusted", async () => {
    const of = async (name: string) =>
      serviceFingerprint((await read(two('X: "${WHO}:${DB_PORT}"'), { ".env": `WHO=${name}` })).one("api"));
    expect(await of("a")).not.toBe(await of("b"));
  });
});

describe("elsewhere", () => {
  test("ports take what is known, and a name that nobody knows is a problem with its place", async () => {
    const { one, problems } = await read(
      `services:
  a: { command: ./a, ports: { http: { prefer: "\${WEB:-3000}" }, other: { prefer: "\${ADMIN}" } } }
  b: { command: ./b, ports: { http: { prefer: "\${NOBODY}" } }, log_file: "\${NOBODY:-b}.log" }
`,
      { ".env": "ADMIN=4000" },
    );
    expect(one("a").plan.ports.map(({ port }) => port)).toEqual([3_000, 4_000]);
    expect(one("b").plan.ports).toEqual([]);
    expect(one("b").rules.logFile).toBe("b.log");
    expect(problems).toEqual([
      "error deckhand.yaml:3:39 Nothing sets the variable NOBODY. Set it in `.env`, or write a default: `${NOBODY:-…}`.",
    ]);
  });

  test("a check may speak of the service's variables and ports; of nothing else", async () => {
    const { one, problems } = await read(
      `services:
  a:
    command: ./a
    environment: { BASE: /x, TOKEN: secret }
    ports: { http: { prefer: 3000 } }
    healthcheck: { http: { url: "http://127.0.0.1:\${PORT:-3000}\${BASE}/up", headers: { Authorization: "Bearer \${TOKEN}" } } }
    liveness: { http: "http://127.0.0.1:\${NOBODY}/" }
`,
    );
    expect(problems).toEqual([expect.stringMatching(/^warning deckhand\.yaml:7:5 Nothing sets the variable NOBODY/)]);
    // They are replaced at the start, so that no secret stands in the plan.
    expect(one("a").plan.probe).toEqual({
      kind: "http",
      url: "http://127.0.0.1:${PORT:-3000}${BASE}/up",
      headers: { Authorization: "Bearer ${TOKEN}" },
    });
  });
});

describe("a text of which some variables wait", () => {
  const known = new Map([
    ["A", "a$b"],
    ["E", ""],
    ["L", "late"],
    ["B", "{}"],
  ]);
  const late = (name: string) => name === "L" || name === "M" || name === "B";

  test.each([
    ["$L", { L: "x" }],
    ["${L}-${A}-$$", { L: "x" }],
    ["${M:-${A}}", {}],
    ["${M-${L}}", { L: "y" }],
    ["${L:+${A}}", { L: "x" }],
    ["${M:+no}", {}],
    ["${M:+yes}", { M: "1" }],
    ["${L:?no}", {}],
    ["${E:-${M}}", { M: "1" }],
    ["$ and ${A}", {}],
  ])("%s becomes the same in two steps as in one, with %o", (text, given: Record<string, string>) => {
    const first = interpolateExcept(text, known, late);
    const all = new Map([...known, ...Object.entries(given)]);
    const once = interpolate(text, all);
    expect(first.ok && once.ok).toBe(true);
    if (!first.ok || !once.ok) return;
    const twice = first.isLate ? interpolate(first.text, new Map(Object.entries(given))) : first;
    expect(twice.ok && twice.text).toBe(once.text);
  });

  test("a value with braces cannot be a default, and one that must be set still must", () => {
    expect(interpolateExcept("$B", known, late)).toMatchObject({ text: "${B}", isLate: true });
    expect(interpolateExcept("${M:?why}", known, late)).toMatchObject({ text: "${M:?why}" });
    expect(interpolate("${M:?why}", new Map())).toMatchObject({ ok: false, reason: "the variable M must be set: why" });
  });
});
