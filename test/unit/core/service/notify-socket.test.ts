import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { DgramSocket } from "node-unix-socket";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openNotifySocket } from "../../../../electron/core/service/notify-socket.ts";
import { until } from "../../../support/until.ts";

let folder: string;
const before = process.env["TMPDIR"];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "deckhand-notify-"));
});
afterEach(() => {
  if (before === undefined) delete process.env["TMPDIR"];
  else process.env["TMPDIR"] = before;
  rmSync(folder, { recursive: true });
});

function tell(path: string, text: string): Promise<void> {
  const socket = new DgramSocket();
  const message = Buffer.from(text);
  return new Promise((resolve) =>
    socket.sendTo(message, 0, message.length, path, () => {
      socket.close();
      resolve();
    }),
  );
}

test("ready is the line READY=1, among others or alone, and no word that only holds it", async () => {
  process.env["TMPDIR"] = folder;
  const socket = await openNotifySocket();
  try {
    for (const text of ["STATUS=READY=1", "NOTREADY=1", "READY=10", "\0\n\n", ""]) await tell(socket.path, text);
    await tell(socket.path, "STOPPING=1");
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(socket.ready()).toBe(false);
    await tell(socket.path, "MAINPID=1\nREADY=1\nSTATUS=there");
    await until("the word", 2_000, () => socket.ready());
  } finally {
    socket.close();
  }
  expect(existsSync(dirname(socket.path))).toBe(false);
});

test("where the path is longer than a socket's may be it is said, with another way, and nothing is left", async () => {
  const deep = join(folder, "x".repeat(120));
  mkdirSync(deep);
  process.env["TMPDIR"] = deep;
  await expect(openNotifySocket()).rejects.toMatchObject({
    code: "unavailable",
    next: expect.stringContaining("another kind of probe") as string,
  });
  expect(readdirSync(deep)).toEqual([]);
});
