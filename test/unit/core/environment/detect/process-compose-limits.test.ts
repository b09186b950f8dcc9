/** What process-compose has and this does not, and files of its kind that are broken: told with the place, and the rest counts. */
import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { detect } from "../../../../../electron/core/environment/detect/detect.ts";
import { detectIn, folderWith, removeFolders } from "../../../../support/detect-folder.ts";

afterEach(removeFolders);

const read = (yaml: string, files: Record<string, unknown> = {}) =>
  detectIn({ "process-compose.yaml": yaml, ...files });

describe("what is not offered is said where it stands, and the process is there all the same", () => {
  test.each([
    ["is_daemon: true", "into the background", "2:20"],
    ["is_elevated: true", "as root", "2:20"],
    ["schedule: { cron: '* * * * *' }", "at set times", "2:20"],
    ["mcp: { tool: x }", "tool for agents", "2:20"],
    ["availability: { exit_on_skipped: true }", "`exit_on_skipped` of a is ignored", "2:36"],
    ["shutdown: { parent_only: true }", "not only its first process", "2:32"],
    ["shutdown: { send_keys: [q] }", "no terminal", "2:32"],
  ])("%s", async (line, words, place) => {
    const { detection, services } = await read(`processes:\n  a: { command: x, ${line} }\n`);
    expect([...services.keys()]).toEqual(["a"]);
    expect(detection.problems).toMatchObject([
      { severity: "warning", code: "unsupported", source: `process-compose.yaml:${place}` },
    ]);
    expect(detection.problems[0]?.message).toContain(words);
  });
});

describe("how a process is run", () => {
  test("the file's own shell runs its lines, and an entrypoint is run without one", async () => {
    const { services } = await read(
      "shell: { shell_command: bash, shell_argument: -ec }\nprocesses: { a: { command: echo one }, b: { entrypoint: [node, a.js], args: [--x] } }",
    );
    expect(services.get("a")?.run).toEqual({ kind: "argv", argv: ["bash", "-ec", "echo one"] });
    expect(services.get("b")?.run).toEqual({ kind: "argv", argv: ["node", "a.js", "--x"] });
  });

  test("watched paths in both of their forms", async () => {
    const { services } = await read(
      "processes: { a: { command: x, watch: { paths: [src, { path: lib, recursive: true }], debounce: 1s } } }",
    );
    expect(services.get("a")?.rules.watch).toEqual({ paths: ["src", "lib"], ignore: [], debounceMs: 1_000 });
  });

  test("an override adds to what a process waits for, whichever form either of them has", async () => {
    const { services } = await read(
      "processes: { a: { command: x, depends_on: [b] }, b: { command: x }, c: { command: x } }",
      { "process-compose.override.yaml": "processes: { a: { depends_on: { c: { condition: process_completed } } } }" },
    );
    expect(services.get("a")?.plan.dependsOn).toEqual({ b: "service_started", c: "service_completed" });
  });
});

describe("what is wrong", () => {
  test("processes that are no map, with their place; other sources count", async () => {
    const { detection, services } = await read("version: 1\nprocesses: [a, b]", { Procfile: "web: x" });
    expect([...services.keys()]).toEqual(["web"]);
    expect(detection.problems).toMatchObject([{ severity: "error", source: "process-compose.yaml:2:1" }]);
  });

  test.each([
    ["that is not there", "none.env", "There is no file none.env"],
    ["outside of the folder", "../../../../../../etc/hostname", "etc/hostname"],
  ])("an env_file %s", async (_, path, words) => {
    const { detection, services } = await read(`processes:\n  a: { command: x, env_file: ${path} }\n`);
    expect([...services.keys()]).toEqual(["a"]);
    expect(detection.problems).toMatchObject([{ severity: "error", source: "process-compose.yaml:2:20" }]);
    expect(detection.problems[0]?.message).toContain(words);
  });

  test("a chain of processes that each extend the next ends", async () => {
    const count = 30;
    const chain = Array.from({ length: count }, (_, index) => `  p${index}: { command: x, extends: p${index + 1} }`);
    const { detection, services } = await read(`processes:\n${chain.join("\n")}\n  p${count}: { command: x }\n`);
    expect(services.has("p15")).toBe(true);
    expect(services.has("p0")).toBe(false);
    expect(detection.problems[0]?.message).toContain("a chain of more than 20 processes");
  });

  test("a file that is extended and cannot be read is told of with its own place, and the upper one counts", async () => {
    const { detection, services } = await read("extends: base.yaml\nprocesses: { a: { command: x } }", {
      "base.yaml": "processes: [",
    });
    expect([...services.keys()]).toEqual(["a"]);
    expect(detection.problems[0]?.source).toMatch(/^base\.yaml:1:/);
  });

  test("a link out of the folder is refused; one in compose's place is left to compose to tell", async () => {
    const folder = folderWith({ Procfile: "web: x" });
    for (const name of ["process-compose.yaml", "compose.yaml"]) symlinkSync("/etc/hostname", join(folder, name));
    const { detection, services } = await detect({ directory: folder, profile: "dev" });
    expect([...services.keys()]).toEqual(["web"]);
    expect(detection.problems.map(({ source }) => source).sort()).toEqual(["compose.yaml", "process-compose.yaml"]);
  });
});
