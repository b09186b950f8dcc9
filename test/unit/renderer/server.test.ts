import { expect, test } from "vitest";
import type { Failure } from "#shared/failure.ts";
import type { LogLine } from "#shared/schema/log.ts";
import { serverStateSchema, stoppedServer } from "#shared/schema/server.ts";
import { defaultServerSettings } from "#shared/schema/settings.ts";
import { placeOf } from "../../../renderer/environment/server-trouble.tsx";
import { pasted, rowProblems, rowsOf, sameVariables, settingOf } from "../../../renderer/settings/environment-rows.ts";
import {
  advancedNumbers,
  advancedSwitches,
  basicNumbers,
  checkNumber,
  checkSetting,
  debugField,
  showNumber,
} from "../../../renderer/settings/server-fields.ts";
import { moment } from "../../../renderer/ui/plan-line.tsx";
import { columns, extremes } from "../../../renderer/ui/curve.tsx";
import { serverLook } from "../../../renderer/ui/state.ts";
import { serverReport } from "../../../renderer/view/server-report.ts";

const line = (text: string): LogLine => ({
  seq: 1,
  at: new Date(2026, 0, 1, 12, 0, 0, 5).getTime(),
  source: "opencode",
  stream: "stderr",
  text,
  generation: 1,
  cut: false,
});
const failure: Failure = {
  code: "opencode_exited",
  message: "OpenCode ended by itself (code 3).",
  next: "Read its log.",
  details: { stderr: ["boom", "bang"], stdout: [], code: 3 },
};

test("every state has a shape and a word, and only the two ways of starting share theirs", () => {
  const words = serverStateSchema.options.map((state) => serverLook(state).word);
  expect(new Set(words).size).toBe(words.length - 1);
  expect(serverLook("waiting_ready")).toEqual(serverLook("starting"));
  for (const state of ["auth", "crashed", "gave_up"] as const)
    expect(serverLook(state)).toMatchObject({ shape: "alert", tone: "bad" });
});

test("a report begins with what is wrong and ends with the log, without colours", () => {
  const text = serverReport({ ...stoppedServer, state: "gave_up", restarts: 3, failure }, [
    line("\u001b[31mred\u001b[39m"),
  ]);
  expect(text).toBe(
    [
      "OpenCode server: gave up, generation 0, 3 restarts",
      "",
      "opencode_exited: OpenCode ended by itself (code 3).",
      "Next: Read its log.",
      'Details: {"code":3}',
      "Last of stderr:",
      "  boom",
      "  bang",
      "",
      "The last 1 lines of its log:",
      "12:00:00.005 opencode: red",
      "",
    ].join("\n"),
  );
  expect(serverReport(stoppedServer, [])).toContain("No trouble is known.\n\nIts log is empty.");
});

test("what is planned is told by its moment", () => {
  const now = Date.parse("2026-01-01T00:00:00.000Z");
  expect(moment(null, now)).toBe("as soon as no turn runs");
  expect(moment("2026-01-01T00:00:41.200Z", now)).toBe("in 42s");
  expect(moment("2025-12-31T23:59:59.000Z", now)).toBe("now");
});

test("a curve has a gap where nothing ran, and its figures leave gaps out", () => {
  const points = [0, 5, 10, 100, 105].map((seconds, index) => ({ at: seconds * 1_000, value: index }));
  expect(columns(points)).toEqual([
    [0, 5, 10, 15, 100, 105],
    [0, 1, 2, null, 3, 4],
  ]);
  expect(columns([])).toEqual([[], []]);
  expect(extremes([...points, { at: 110_000, value: null }])).toEqual({ low: 0, high: 4 });
});

test("a broken file is named as an editor takes it", () => {
  expect(placeOf({ details: { file: "opencode.json", line: 7, column: 3 } })).toBe("opencode.json:7:3");
  expect(placeOf({ details: { file: "opencode.json" } })).toBe("opencode.json");
  expect(placeOf({ details: { url: "http://127.0.0.1" } })).toBeNull();
});

test("every setting of servers can be changed in the dialog", () => {
  const shown = [...basicNumbers, ...advancedNumbers, ...advancedSwitches, debugField].map(({ name }) => name);
  expect([...shown, "host", "logFile", "environment"].toSorted()).toEqual(
    Object.keys(defaultServerSettings).toSorted(),
  );
});

test("a number is judged by the schema, and its bounds are those of the schema", () => {
  const field = (name: string) => [...basicNumbers, ...advancedNumbers].find((each) => each.name === name)!;
  expect(checkNumber(field("startupTimeoutSeconds"), " 45 ")).toEqual({ ok: true, value: 45 });
  expect(checkNumber(field("startupTimeoutSeconds"), "4")).toEqual({
    ok: false,
    wants: "A whole number from 5 to 600.",
  });
  expect(checkNumber(field("startupTimeoutSeconds"), "")).toMatchObject({ ok: false });
  expect(checkNumber(field("memoryLimitMb"), "")).toEqual({ ok: true, value: null });
  expect(checkNumber(field("memoryLimitMb"), "1e3")).toMatchObject({ ok: false });
  expect(checkNumber(field("port"), "")).toEqual({ ok: true, value: 0 });
  expect(checkNumber(field("port"), "80")).toEqual({
    ok: false,
    wants: "A whole number from 1,024 to 65,535. Empty: any free.",
  });
  expect(showNumber(field("port"), 0)).toBe("");
  expect(showNumber(field("idleStopMinutes"), null)).toBe("");
  expect(showNumber(field("idleStopMinutes"), 30)).toBe("30");
});

test("what is wrong with a text is said in the words of the schema", () => {
  expect(checkSetting("logFile", "relative.log")).toEqual({ ok: false, wants: "An absolute path is needed." });
  expect(checkSetting("environment", { "1X": "" })).toMatchObject({
    wants: expect.stringContaining("letters, digits"),
  });
  expect(checkSetting("logFile", null)).toEqual({ ok: true, value: null });
});

test("rows of variables: unfinished ones are named, empty ones do not count", () => {
  const rows = [
    { id: 0, name: "A", value: "1" },
    { id: 1, name: "", value: "lost" },
    { id: 2, name: "A", value: "2" },
    { id: 3, name: "", value: "" },
  ];
  expect(Object.keys(rowProblems(rows))).toEqual(["1", "2"]);
  expect(rowProblems(rows)[2]).toContain("twice");
  expect(settingOf(rows.slice(0, 1))).toEqual({ A: "1" });
  expect(rowsOf({ A: "1" })).toEqual([{ id: 0, name: "A", value: "1" }]);
  expect(sameVariables({ A: "1", B: "2" }, { B: "2", A: "1" })).toBe(true);
  expect(sameVariables({ A: "1" }, { A: "1", B: "2" })).toBe(false);
});

test("a pasted assignment fills name and value", () => {
  expect(pasted('export TOKEN="a=b c"')).toEqual({ name: "TOKEN", value: "a=b c" });
  expect(pasted("NAME=")).toEqual({ name: "NAME", value: "" });
  expect(pasted("just words")).toBeNull();
});
