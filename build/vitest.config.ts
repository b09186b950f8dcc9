import { resolve } from "node:path";
import { defineConfig } from "vitest/config";

const top = resolve(import.meta.dirname, "..");
const shared = {
  root: top,
  environment: "node",
  pool: "forks",
  setupFiles: [resolve(top, "test/support/leftovers.ts")],
} as const;

/** `npm run faults -- --workers N` sets it. */
const faultWorkers = Number(process.env["DECKHAND_FAULT_WORKERS"] ?? 1);

/** `unit` is quick and needs nothing; `integration` and `faults` start real processes and share the machine, one file at a time. */
export default defineConfig({
  root: top,
  test: {
    reporters: ["default"],
    coverage: {
      provider: "v8",
      include: ["electron/**", "shared/**"],
      reporter: ["text-summary", "json-summary"],
      reportOnFailure: true,
    },
    projects: [
      {
        root: top,
        test: {
          ...shared,
          name: "unit",
          include: ["test/unit/**/*.test.{ts,tsx}"],
          testTimeout: 20_000,
          hookTimeout: 30_000,
        },
      },
      {
        root: top,
        test: {
          ...shared,
          name: "integration",
          include: ["test/integration/**/*.test.ts"],
          testTimeout: 90_000,
          hookTimeout: 60_000,
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
      {
        root: top,
        test: {
          ...shared,
          name: "faults",
          include: ["test/faults/**/*.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 60_000,
          ...(faultWorkers > 1 ? { maxWorkers: faultWorkers } : { fileParallelism: false }),
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
