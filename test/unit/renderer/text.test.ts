import { describe, expect, test } from "vitest";
import { countChanges, parseDiff } from "../../../renderer/ui/diff.ts";
import { describePermission, diffOf, toolSubject } from "../../../renderer/chat/tool-facts.ts";
import { compileSearch } from "../../../renderer/logs/search.ts";
import { formatBytes, formatDuration, formatPath, formatPercent } from "../../../renderer/ui/format.ts";
import { cutSpans, plainText, sgrSpans } from "../../../renderer/ui/sgr.ts";
import { restoreView } from "../../../renderer/view/view.ts";

const red = (text: string) => `\u001b[31m${text}\u001b[39m`;

describe("colours", () => {
  test("become classes, and the text stays whole", () => {
    const spans = sgrSpans(`plain ${red("red")} \u001b[1;42mbold\u001b[0m`);
    expect(spans.map((span) => span.text).join("")).toBe("plain red bold");
    expect(spans.find((span) => span.text === "red")?.className).toBe("ansi-red-fg");
    expect(spans.find((span) => span.text === "bold")?.className).toContain("ansi-green-bg");
    expect(spans.find((span) => span.text === "bold")?.className).toContain("sgr-bold");
  });

  test("text that looks like markup stays text", () => {
    expect(
      sgrSpans(`${red("<b>")}&amp;`)
        .map((span) => span.text)
        .join(""),
    ).toBe("<b>&amp;");
  });

  test("marks cut through colours without losing a character", () => {
    const line = `ab${red("cdef")}gh`;
    const cut = cutSpans(sgrSpans(line), [
      [1, 4],
      [4, 5],
      [7, 8],
    ]);
    expect(cut.map((span) => span.text).join("")).toBe(plainText(line));
    expect(cut.filter((span) => span.mark).map((span) => span.text)).toEqual(["b", "cd", "e", "h"]);
  });
});

describe("search", () => {
  const compiled = (query: string) => {
    const search = compileSearch(query);
    if (!search || "error" in search) throw new Error(`not a search: ${query}`);
    return search;
  };
  test("plain text is taken as it is, whatever its case, unless it has capitals", () => {
    expect(compiled("a.b(").test("xx A.B( yy")).toBe(true);
    expect(compiled("a.b(").test("xx aXb( yy")).toBe(false);
    expect(compiled("Error").test("error")).toBe(false);
    expect(compiled("err").ranges("Err or err")).toEqual([
      [0, 3],
      [7, 10],
    ]);
  });
  test("an expression stands between slashes; one that is half typed says so", () => {
    expect(compiled("/4\\d\\d/").test("GET / 404")).toBe(true);
    expect(compileSearch("/4(/")).toMatchObject({ error: expect.any(String) });
    expect(compileSearch("")).toBeNull();
  });
  test("an expression that matches nothing everywhere marks nothing and ends", () => {
    expect(compiled("/x*/").ranges("aaa")).toEqual([]);
  });
});

describe("diffs", () => {
  const diff =
    "--- a/x.js\n+++ b/x.js\n@@ -1,3 +1,3 @@\n one\n-two\n+2\n+++ not a head\n three\n\\ No newline at end of file\n";
  test("rows carry kind and both line numbers", () => {
    expect(parseDiff(diff)).toEqual([
      { kind: "hunk", text: "@@ -1,3 +1,3 @@", oldLine: null, newLine: null },
      { kind: "same", text: "one", oldLine: 1, newLine: 1 },
      { kind: "removed", text: "two", oldLine: 2, newLine: null },
      { kind: "added", text: "2", oldLine: null, newLine: 2 },
      { kind: "added", text: "++ not a head", oldLine: null, newLine: 3 },
      { kind: "same", text: "three", oldLine: 3, newLine: 4 },
      { kind: "hunk", text: "No newline at end of file", oldLine: null, newLine: null },
    ]);
    expect(countChanges(parseDiff(diff))).toEqual({ added: 2, removed: 1 });
  });
  test("what is no diff is shown as it is", () => {
    expect(parseDiff("just words").map((row) => row.text)).toEqual(["just words"]);
  });
});

describe("tools and permissions", () => {
  const state = {
    status: "running",
    title: null,
    input: {},
    output: null,
    error: null,
    metadata: {},
    startedAt: null,
    endedAt: null,
  } as const;
  test("a call is named by what it works on", () => {
    expect(toolSubject({ tool: "bash", state: { ...state, title: "Run tests", input: { command: "npm test" } } })).toBe(
      "npm test",
    );
    expect(toolSubject({ tool: "read", state: { ...state, input: { filePath: "/a/b.ts" } } })).toBe("/a/b.ts");
    expect(toolSubject({ tool: "other", state: { ...state, input: { odd: 1 } } })).toBe("");
  });
  test("a diff is found wherever it was put", () => {
    expect(diffOf({ diff: "x" })).toBe("x");
    expect(diffOf({ filediff: { patch: "y" } })).toBe("y");
    expect(diffOf({ filediff: "odd" })).toBeNull();
  });
  test("the whole command is shown, and its patterns where there is none", () => {
    expect(
      describePermission({ permission: "bash", patterns: ["a", "b"], metadata: { command: "a && b" } }).command,
    ).toBe("a && b");
    expect(describePermission({ permission: "bash", patterns: ["a", "b"], metadata: {} }).command).toBe("a\nb");
    expect(describePermission({ permission: "unheard_of", patterns: ["x"], metadata: {} })).toMatchObject({
      title: "Use “unheard_of”",
      subjects: ["x"],
    });
  });
});

test("figures are short", () => {
  expect([0, 59_999, 61_000, 3_660_000, 90_000_000].map(formatDuration)).toEqual([
    "0s",
    "59s",
    "1m 01s",
    "1h 01m",
    "1d 1h",
  ]);
  expect([512, 64 * 1_048_576, 3.25 * 1_073_741_824].map(formatBytes)).toEqual(["512 B", "64 MB", "3.3 GB"]);
  expect([0, 0.42, 12.6].map(formatPercent)).toEqual(["0%", "0.4%", "13%"]);
  expect([formatPath("/home/kim/shop"), formatPath("/Users/kim"), formatPath("/srv/shop")]).toEqual([
    "~/shop",
    "~",
    "/srv/shop",
  ]);
});

test("a view from another version or a damaged one falls back to the defaults, field by field", () => {
  expect(restoreView("nonsense").page).toBe("environment");
  expect(
    restoreView({ page: "gone", wrap: true, timestamps: "yes", streams: {}, dialog: { kind: "settings" } }),
  ).toMatchObject({
    page: "environment",
    wrap: true,
    timestamps: true,
    streams: [],
    dialog: null,
  });
});
