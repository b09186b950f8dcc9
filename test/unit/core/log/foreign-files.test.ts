import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { headAt, nextHead, parseHeader, RecordReader } from "../../../../electron/core/log/record.ts";
import { RotatingFile } from "../../../../electron/core/log/rotating-file.ts";
import { Segment } from "../../../../electron/core/log/segment.ts";

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "deckhand-foreign-"))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("what is no header of ours belongs to no source", () => {
  for (const text of [
    "x",
    "null",
    "1",
    "{}",
    '{"version":1,"source":"web"}',
    '{"version":2}',
    '{"version":2,"source":1}',
  ])
    expect(parseHeader(text), text).toBeNull();
  expect(parseHeader('{"version":2,"source":"web"}')).toBe("web");
});

test("what is no head, or half of one, is none; lines that no head counted are left out", () => {
  const head = "\u001e7 1 stdout 1 0 1\u001f";
  const bytes = Buffer.from(`stray\n\u001enonsense\u001f\n${head}counted\nnot counted\n`);
  expect(headAt(bytes, 0)).toBeNull();
  expect(headAt(Buffer.from(head.slice(0, -1)), 0)).toBeNull();
  expect(nextHead(bytes, 0)?.seq).toBe(7);
  expect(nextHead(Buffer.from("none"), 0)).toBeNull();
  expect(new RecordReader("web").lines(bytes, 0, Infinity).map(({ seq, text }) => `${seq} ${text}`)).toEqual([
    "7 counted",
  ]);
  expect(new RecordReader("web").lines(bytes, 7, Infinity)).toEqual([]);
});

test("a folder, a link or nothing in the place of a file is no file; one cut short meanwhile ends there", async () => {
  const path = join(folder, "web.log");
  expect(await Segment.open(path, "web")).toBeNull();
  mkdirSync(path);
  expect(await Segment.open(path, "web")).toBeNull();
  symlinkSync(path, join(folder, "link"));
  expect(await Segment.open(join(folder, "link"), "web")).toBeNull();
  rmSync(path, { recursive: true });
  writeFileSync(path, `${"\u001e1 1 stdout 1 0 1\u001fx\n".repeat(20_000)}`);
  const segment = await Segment.open(path, "web");
  truncateSync(path, 0);
  for await (const lines of segment?.forward(5, Infinity) ?? []) expect(lines).toEqual([]);
  for await (const lines of segment?.backward(5, Infinity) ?? []) expect(lines).toEqual([]);
  await segment?.close();
});

test("a rotating file takes many pieces as one, gives its oldest, and goes on when it was deleted", async () => {
  const path = (age: number) => join(folder, `x.${age}`);
  const file = new RotatingFile({ path, maxBytes: 1_000, count: 3, header: new Uint8Array(), tornEnd: "end" });
  expect(file.firstMark).toBeNull();
  expect(await file.removeOldest()).toBe(false);
  const pieces = Array.from({ length: 300 }, () => Buffer.from("a\n"));
  for (let mark = 1; mark <= 4; mark += 1) await file.put(pieces, mark);
  expect(file.firstMark).toBe(2);
  expect(file.bytes).toBe(1_800);
  expect([await file.removeOldest(), await file.removeOldest(), await file.removeOldest()]).toEqual([
    true,
    true,
    false,
  ]);
  expect(file.firstMark).toBe(4);
  rmSync(path(0));
  await file.put([Buffer.from("b\n")], 5);
  expect(file.firstMark).toBe(5);
  await file.release();
  await file.release();
  appendFileSync(path(0), "half");
  await file.put([Buffer.from("c\n")], 6);
  expect(readFileSync(path(0), "utf8")).toBe("b\nhalf\nc\n");
  await file.release();
});
