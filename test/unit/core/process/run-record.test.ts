import { expect, test } from "vitest";
import { parseRun } from "../../../../electron/core/process/run-record.ts";

const sound = {
  version: 1,
  runId: "run-1",
  bootId: "boot",
  ownerPid: 812,
  ownerStartTime: "9",
  guardian: { pid: 813, startTime: "10" },
};

test.each([sound, { ...sound, guardian: null }, { ...sound, ownerPid: 1 }])("a sound record is read: %j", (record) => {
  expect(parseRun(JSON.stringify({ ...record, later: "a field of a newer version" }))).toEqual(record);
});

test.each([
  ["not JSON", "{"],
  ["not an object", "null"],
  ["not an object", "7"],
  ["version is not 1", { ...sound, version: 2 }],
  ["runId is not an id", { ...sound, runId: "../x" }],
  ["runId is not an id", { ...sound, runId: 7 }],
  ["the owner is not named", { ...sound, bootId: null }],
  ["the owner is not named", { ...sound, ownerStartTime: 9 }],
  ["ownerPid is not a process id", { ...sound, ownerPid: 0 }],
  ["ownerPid is not a process id", { ...sound, ownerPid: -1 }],
  ["ownerPid is not a process id", { ...sound, ownerPid: "812" }],
  ["guardian is not a process", { ...sound, guardian: 7 }],
  ["guardian is not a process", { ...sound, guardian: undefined }],
  ["guardian is not a process", { ...sound, guardian: { pid: 1, startTime: "1" } }],
  ["guardian is not a process", { ...sound, guardian: { pid: 0, startTime: "1" } }],
  ["guardian is not a process", { ...sound, guardian: { pid: 2 ** 31, startTime: "1" } }],
  ["guardian is not a process", { ...sound, guardian: { pid: 813 } }],
])("%s", (invalid, record) => {
  expect(parseRun(typeof record === "string" ? record : JSON.stringify(record))).toEqual({ invalid });
});
