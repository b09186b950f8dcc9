/**
 * The cases of the environment's design as a list: what other orchestrators promise about order, ends, probes, ports and profiles.
 * Every case is a test that is called `environment case N: …`.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

const CASES = 44;
/** Plays fixtures of another project, and is skipped where there is no checkout of it. */
const ELSEWHERE = "process-compose-fixtures.test.ts";

const top = join(import.meta.dirname, "..");
const named = new Set(
  ["unit", "integration"]
    .flatMap((part) =>
      readdirSync(join(top, part), { recursive: true, encoding: "utf8" }).map((name) => join(part, name)),
    )
    .filter((name) => name.endsWith(".test.ts") && !name.endsWith(ELSEWHERE))
    .flatMap((name) => {
      const titles = readFileSync(join(top, name), "utf8").matchAll(
        /\(\s*["`]environment cases? (\d+(?:(?:, | and )\d+)*)/g,
      );
      return Array.from(titles, ([, numbers = ""]) => numbers.split(/\D+/).map(Number));
    })
    .flat(),
);

it.each(Array.from({ length: CASES }, (_, index) => index + 1))("environment case %i is played", (number) => {
  expect(named).toContain(number);
});

it("knows every case that is played", () => {
  expect([...named].filter((number) => number < 1 || number > CASES)).toEqual([]);
});
