import { afterEach, expect, test } from "vitest";
import { editServices } from "../../../../../electron/core/environment/config/edit-services.ts";
import { detectIn, removeFolders } from "../../../../support/detect-folder.ts";
import type { ServiceEdit } from "#shared/schema/plan.ts";

afterEach(removeFolders);

async function shop() {
  return detectIn({
    "package.json": { scripts: { dev: "vite --port 5173" } },
    "compose.yaml": "services: { db: { image: postgres } }",
  });
}

test("every part of a service can be edited, and what is not named stays", async () => {
  const project = await shop();
  const before = project.services.get("dev");
  const edit: ServiceEdit = {
    service: "dev",
    command: "vite --host",
    workingDirectory: "packages/web",
    environment: [
      ["LOG", "debug"],
      ["GONE", null],
    ],
    ports: [{ name: "http", port: 4000, env: "PORT" }],
    probe: { kind: "http", url: "http://127.0.0.1:${PORT}/" },
    needs: [
      { name: "db", condition: "service_healthy", required: false, restart: true },
      { name: "__proto__", condition: "service_started", required: true, restart: false },
    ],
    restart: { mode: "always", maxRetries: 3 },
    replicas: 2,
    disabled: true,
  };
  const after = editServices(project.services, [edit], project.directory).get("dev");
  expect(after).toMatchObject({
    run: { kind: "argv", argv: ["/bin/sh", "-c", "vite --host"] },
    environment: { LOG: "debug" },
    restart: { mode: "always", maxRetries: 3, limit: before?.restart.limit },
    rules: { replicas: 2, disabled: true },
    plan: {
      command: "vite --host",
      workingDirectory: `${project.directory}/packages/web`,
      ports: [{ port: 4000 }],
      probe: { kind: "http" },
      disabled: true,
    },
  });
  expect([...(after?.dependencies ?? [])]).toEqual([
    ["db", { condition: "service_healthy", required: false, restart: true }],
    ["__proto__", { condition: "service_started", required: true }],
  ]);
  expect(project.services.get("dev")).toBe(before);
  expect(editServices(project.services, [{ service: "dev" }], project.directory).get("dev")).toEqual(before);
  const back = editServices(
    new Map([["dev", after as NonNullable<typeof after>]]),
    [{ service: "dev", disabled: false }],
    "/",
  );
  expect(back.get("dev")?.plan).not.toHaveProperty("disabled");
});

test("what cannot be is refused: a command for a container, a name nobody can type, a folder outside, a service that is not there", async () => {
  const { services, directory } = await shop();
  const refused = (edit: ServiceEdit) => () => editServices(services, [edit], directory);
  expect(refused({ service: "db", command: "true" })).toThrow(/container/);
  expect(refused({ service: "-x", command: "true" })).toThrow(/can be no name/);
  expect(refused({ service: "dev", workingDirectory: "/etc" })).toThrow(/not inside the project/);
  expect(refused({ service: "nobody", disabled: true })).toThrow(/No service is called nobody/);
  expect(editServices(services, [{ service: "new", command: "true" }], directory).get("new")?.plan).toMatchObject({
    kind: "process",
    source: "deckhand.yaml",
    workingDirectory: directory,
  });
});
