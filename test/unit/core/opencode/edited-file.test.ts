import { expect, test } from "vitest";
import { editedFile } from "../../../../electron/core/opencode/edited-file.ts";

const event = (type: string, properties: unknown, directory: string | null = "/shop") => ({
  directory,
  type,
  properties,
  position: null,
});

test("an edit is a file of the folder, relative to it; everything else is none", () => {
  expect(editedFile(event("file.edited", { file: "/shop/src/api.ts" }), "/shop")).toBe("src/api.ts");
  expect(editedFile(event("file.edited", { file: "/shop/src/api.ts" }, null), "/shop")).toBe("src/api.ts");
  for (const other of [
    event("file.edited", { file: "/shop/src/api.ts" }, "/elsewhere"),
    event("file.edited", { file: "/elsewhere/api.ts" }),
    event("file.edited", { file: "/shop" }),
    event("file.edited", { file: "/shop/../etc/passwd" }),
    event("file.edited", { file: "src/api.ts" }),
    event("file.edited", { file: 7 }),
    event("file.edited", null),
    event("file.watcher.updated", { file: "/shop/src/api.ts", event: "change" }),
  ]) {
    expect(editedFile(other, "/shop"), JSON.stringify(other)).toBe(null);
  }
});
