/** Detection on projects of many kinds (test/support/shapes.ts). */
import { describe, expect, test } from "vitest";
import { detect } from "../../../../../electron/core/environment/detect/detect.ts";
import { expectedShape, shapeFolder, shapeNames, shapeOf } from "../../../../support/shapes.ts";

test("there are at least thirty", () => expect(shapeNames.length).toBeGreaterThanOrEqual(30));

describe("the shape of a project", () => {
  test.each(shapeNames)("%s", async (name) => {
    const { detection } = await detect({ directory: shapeFolder(name), profile: "dev" });
    expect(shapeOf(name, detection)).toEqual(expectedShape(name));
  });
});
