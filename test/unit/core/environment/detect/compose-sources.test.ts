/** Files beside the compose file, and values of it, that are not what they should be. */
import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { detect } from "../../../../../electron/core/environment/detect/detect.ts";
import { detectIn, folderWith, removeFolders } from "../../../../support/detect-folder.ts";

afterEach(removeFolders);

test("an env_file of an include that is not there is told at the include, and what is included counts", async () => {
  const { detection, services } = await detectIn({
    "compose.yaml": "include:\n  - { path: sub/db.yaml, env_file: sub/none.env }\n",
    "sub/db.yaml": "services: { db: { image: postgres } }",
  });
  expect([...services.keys()]).toEqual(["db"]);
  expect(detection.problems).toMatchObject([{ code: "file_unreadable", source: "compose.yaml:2:5" }]);
  expect(detection.problems[0]?.message).toContain("There is no sub/none.env");
});

test("an included file that is a link out of the folder is refused, and the rest counts", async () => {
  const folder = folderWith({ "compose.yaml": "include: [other.yaml]\nservices: { a: { image: x } }" });
  symlinkSync("/etc/hostname", join(folder, "other.yaml"));
  const { detection, services } = await detect({ directory: folder, profile: "dev" });
  expect([...services.keys()]).toEqual(["a"]);
  expect(detection.problems).toMatchObject([{ code: "file_unreadable", source: "other.yaml" }]);
});

test("a `depends_on` that is neither a list nor a map is told with its place", async () => {
  const { detection, services } = await detectIn({
    "compose.yaml": "services:\n  a:\n    image: x\n    depends_on: db\n",
  });
  expect(services.get("a")?.plan.dependsOn).toEqual({});
  expect(detection.problems).toMatchObject([{ code: "value_invalid", source: "compose.yaml:4:5" }]);
});

describe("an override", () => {
  test("replaces a mount and a secret by its place in the container, and adds a device once", async () => {
    const { services } = await detectIn({
      "compose.yaml":
        "services: { a: { image: x, volumes: ['./one:/data', './keep:/keep'], devices: ['/dev/null'], secrets: [s] } }",
      "compose.override.yaml":
        "services: { a: { volumes: [{ type: bind, source: ./two, target: /data }], devices: ['/dev/null', '/dev/zero'], secrets: [{ source: s, target: s }] } }",
    });
    expect(services.get("a")?.trust.warnings).toEqual([
      "devices /dev/null, /dev/zero",
      "mounts ./two",
      "mounts ./keep",
    ]);
  });
});
