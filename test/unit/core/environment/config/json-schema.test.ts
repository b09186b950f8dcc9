import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { configJsonSchema } from "../../../../../electron/core/environment/config/config-form.ts";

describe("the JSON Schema of deckhand.yaml", () => {
  test("the published file is current (`vitest -u` writes it)", async () => {
    await expect(`${JSON.stringify(configJsonSchema(), null, 2)}\n`).toMatchFileSnapshot(
      "../../../../../docs/deckhand.schema.json",
    );
  });

  const accepts = (yaml: string) =>
    z.fromJSONSchema(JSON.parse(JSON.stringify(configJsonSchema())) as never).safeParse(parse(yaml)).success;

  test.each([
    "services: { a: { command: npm run dev, ports: { http: { prefer: 3000, env: PORT } }, restart: on-failure:2 } }",
    "services: { a: { command: [node, a.js], depends_on: [b], healthcheck: { test: [CMD, true], interval: 1m30s } } }",
    "profiles: { dev: { env_file: [.env, { path: .env.local, required: false }] } }\nx-own: 1",
    "services: { a: { compose: { file: compose.yaml, service: a }, limits: { memory: 1GiB }, stop_grace_period: 10s } }",
    "services: { a: { depends_on: { b: { condition: process_log_ready, required: false }, c: healthy, d: null } } }",
  ])("an editor takes what is read: %s", (yaml) => expect(accepts(yaml)).toBe(true));

  test.each([
    "services: { a: { comand: npm run dev } }",
    "services: { a: { command: 5s, stop_grace_period: soon } }",
    "services: { a: { restart: sometimes } }",
    "services: [a]",
  ])("an editor marks what is not: %s", (yaml) => expect(accepts(yaml)).toBe(false));
});
