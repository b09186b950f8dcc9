import { expect, test } from "vitest";
import { silentLogger } from "../../../../electron/core/lib/logger.ts";
import { ServiceRecord, type ServiceChange } from "../../../../electron/core/service/service-record.ts";
import { MemoryBook } from "../../../support/memory-book.ts";

function make() {
  const changes: (ServiceChange | null)[] = [];
  const errors: unknown[] = [];
  const record = new ServiceRecord({
    name: "api",
    book: new MemoryBook(),
    logger: { ...silentLogger, error: (_, fields) => errors.push(fields) },
    generation: 3,
    disabled: false,
    onChange: (change) => changes.push(change),
  });
  return { record, changes, errors };
}

test("what cannot be changes nothing, is told to nobody and stands in our log", () => {
  const { record, changes, errors } = make();
  const before = record.state;
  record.move({ kind: "healthy", generation: 3 }, "probe", null);
  expect(record.state).toEqual(before);
  expect(changes).toEqual([]);
  expect(errors).toEqual([{ service: "api", phase: "stopped", event: "healthy" }]);
});

test("what an earlier generation still has to say is not even a fault", () => {
  const { record, changes, errors } = make();
  record.move({ kind: "want" }, "user", null);
  record.move({ kind: "spawn", hasProbe: false }, "system", null);
  changes.length = 0;
  record.move({ kind: "up", generation: 3 }, "system", null);
  expect(record.state.phase).toBe("starting");
  expect([changes, errors]).toEqual([[], []]);
});
