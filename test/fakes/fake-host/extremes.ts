/** What does not fit: names and reasons of every length, more problems than anybody reads, one failure among a hundred. */
import type { EnvironmentStatus } from "#shared/schema/environment.ts";
import type { ServiceStatus } from "#shared/schema/service.ts";
import { base, gone, service, shop } from "./shop.ts";
import { failure } from "./troubles.ts";

/** The trouble of one of a hundred. */
export const oneFailure = failure(
  "service_exited",
  "images-7 ended with code 1: Cannot read properties of undefined (reading 'bucket').",
  "Look at the log of images-7, mend it and start again.",
  {
    tail: [
      "TypeError: Cannot read properties of undefined (reading 'bucket')",
      "    at connect (file:///home/kim/projects/harbour/images.mjs:12:31)",
    ],
  },
);

const longName = "a-service-with-a-name-of-sixty-characters-for-the-mail-queue";
const longWhy =
  "Waits for the health check of db-primary-eu-central-1 (GET http://127.0.0.1:54032/healthz answered 503 Service Unavailable " +
  "41 times in the last 2m 10s, the latest 300 ms ago), and for the line “database system is ready to accept connections” in " +
  "the log of db-replica-eu-central-1, which has been silent since its 14th line; it is given up on in 1m 50s.";

/** Words of every length that people and programs write. */
function long(): ServiceStatus[] {
  return [
    ...shop(),
    service(longName, 3, {
      ...gone,
      command: `node --enable-source-maps --max-old-space-size=4096 dist/workers/mail/queue/main.js --concurrency 16 --name ${longName}`,
      dependsOn: ["db", "redis"],
      phase: "waiting",
      why: longWhy,
      ports: [
        { name: "http", port: 14_310, env: "PORT" },
        { name: "metrics", port: 19_464, env: "METRICS_PORT" },
        { name: "inspector", port: 19_229, env: null },
      ],
    }),
    service("another-service-whose-name-does-not-fit-into-its-column-at-all", 4, {
      ...gone,
      dependsOn: [longName],
      phase: "failed",
      exit: { code: 137, signal: null },
      why: "Ended with code 137",
      failure: failure(
        "service_exited",
        "another-service-whose-name-does-not-fit-into-its-column-at-all ended with code 137 after 2.1 s: FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory, while it was reading /home/kim/projects/harbour/data/exports/2026-11-21/orders-with-all-their-positions.ndjson.",
        "Give it more memory (`--max-old-space-size`), or read the file in parts; then start it again.",
      ),
    }),
  ];
}

export function extreme(scenario: string): EnvironmentStatus | null {
  switch (scenario) {
    case "long":
      return base({ phase: "degraded", since: new Date(Date.now() - 61_000).toISOString(), services: long() });
    case "problems":
      return base({
        problems: Array.from({ length: 40 }, (_, index) => ({
          code: index % 3 === 0 ? ("unknown_dependency" as const) : ("value_invalid" as const),
          severity: index % 3 === 0 ? ("error" as const) : ("warning" as const),
          message:
            index % 3 === 0
              ? `service-${index} needs “smtp-${index}”, which no file defines. Add it, or take it out of depends_on.`
              : `restart: sometimes is not a policy; “no” is used. Write no, on-failure, always or unless-stopped.`,
          source: `packages/shop/deploy/compose.${index}.yaml:${10 + index}:9`,
        })),
      });
    default:
      return null;
  }
}
