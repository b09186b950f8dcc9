/** The fault plan as a list: every case of it is a test with its id. One that a machine cannot play is skipped with the reason in its
 * name (`skipBecause`). */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

/** P processes, S the host and its state, N network and protocol, L logs, D the environment of a project. */
const plan = { P: 22, S: 15, N: 25, L: 8, D: 16 };
const wanted = Object.entries(plan).flatMap(([family, count]) =>
  Array.from({ length: count }, (_, index) => `${family}${String(index + 1).padStart(2, "0")}`),
);

const folder = join(import.meta.dirname, "..", "faults");
const registered = readdirSync(folder)
  .filter((name) => name.endsWith(".test.ts"))
  .flatMap((name) => {
    const calls = readFileSync(join(folder, name), "utf8").matchAll(/\bfaultCase\(\s*"([A-Z]\d\d)"/g);
    return Array.from(calls, ([, id]) => ({ id: id ?? "", name }));
  });

/** A case may have several sides, each a test of its own. */
it.each(wanted)("%s is played, or said why not", (id) => {
  expect(registered.map((entry) => entry.id)).toContain(id);
});

it("knows every case that is played", () => {
  expect(registered.map(({ id }) => id).filter((id) => !wanted.includes(id))).toEqual([]);
});
