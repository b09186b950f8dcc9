/** A service is edited as a person does it on screen: what its forms hold, what would be written, and what then runs. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import type { ServiceEdit } from "#shared/schema/service-edit.ts";
import { freePort, listen } from "../support/environment-world.ts";
import { bundleGuardian } from "../support/guardian-bundle.ts";
import { until } from "../support/until.ts";
import { createWorkspaceWorld, type WorkspaceWorld } from "../support/workspace-world.ts";

let guardian: Awaited<ReturnType<typeof bundleGuardian>>;
let stage: WorkspaceWorld;
beforeAll(async () => {
  guardian = await bundleGuardian();
});
afterAll(() => guardian.remove());
beforeEach(() => {
  stage = createWorkspaceWorld(guardian.path);
});
afterEach(async () => {
  await stage.close();
  expect(stage.world.errors).toEqual([]);
});

const lives = "exec node -e 'setInterval(() => {}, 1000)'";
const file = () => join(stage.world.folder, "deckhand.yaml");
const read = () => readFileSync(file(), "utf8");
const start = async (text: string) => {
  writeFileSync(file(), text);
  await stage.workspace.grant((await stage.workspace.review()).contentHash);
  await stage.workspace.start({ server: false });
};
const ready = () => until("a ready environment", 15_000, () => stage.workspace.status().phase === "ready");
const pidOf = (name: string) => stage.workspace.status().services.find((service) => service.name === name)?.pid ?? null;
const change = (...edits: ServiceEdit[]) => ({ write: "changes" as const, edits });
const save = async (...edits: ServiceEdit[]) => {
  const { hash } = await stage.workspace.config.preview(change(...edits));
  await stage.workspace.config.save({ ...change(...edits), hash });
};

const shop = `# The shop.
version: 1
detect: false
services:
  # Keeps the money.
  api:
    command: "${lives}" # lives
    environment: { API_SECRET: hunter2, LOG: debug } # loud
    stop_grace_period: 8s
  web: { command: "${lives}" }
`;

it("an edit restarts the one service, after the question, and can be taken back with one call", async () => {
  const { workspace } = stage;
  await start(shop);
  await ready();
  const [api, web] = [pidOf("api"), pidOf("web")];
  await save({ service: "api", stop: { signal: "SIGINT", grace: "3s" } });
  expect(read()).toBe(
    shop.replace("    stop_grace_period: 8s\n", "    stop_grace_period: 3s\n    stop_signal: SIGINT\n"),
  );
  expect(await workspace.isTrusted()).toBe(true);
  const { difference } = await until("the question", 10_000, () => workspace.status().filesChanged);
  expect(difference).toMatchObject({ restart: [{ name: "api", changed: ["how it is stopped"] }], unchanged: ["web"] });
  expect(pidOf("api")).toBe(api);
  await workspace.changes.apply();
  await until("the new api", 10_000, () => pidOf("api") !== null && pidOf("api") !== api);
  expect(pidOf("web")).toBe(web);
  await workspace.config.undo();
  expect(read()).toBe(shop);
});

it("no secret is in what the page is told: not in a draft, and not in what would be written", async () => {
  const { config } = stage.workspace;
  writeFileSync(file(), shop);
  const draft = await config.draft({ service: "api" });
  expect(draft.environment).toContainEqual({ name: "API_SECRET", value: null, from: "service" });
  const shown = await config.preview(change({ service: "api", environment: [["API_SECRET", "hunter3"]] }));
  expect(JSON.stringify([draft, shown])).not.toMatch(/hunter[23]/);
  expect(shown.text).toContain("API_SECRET: •••••••• (new)");
  await config.save({ ...change({ service: "api", environment: [["API_SECRET", "hunter3"]] }), hash: shown.hash });
  expect(read()).toBe(shop.replace("hunter2", "hunter3"));
  await expect(config.draft({ service: "nobody" })).rejects.toMatchObject({ code: "unknown_service" });
});

it("what cannot be is told with its place, and nothing is written", async () => {
  const { config } = stage.workspace;
  writeFileSync(file(), shop);
  const fields = async (edit: Omit<ServiceEdit, "service">) => {
    const error = await config.preview(change({ service: "api", ...edit })).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "bad_input" });
    return (error as { details: { fields: { path: unknown[] }[] } }).details.fields.map(({ path }) => path);
  };
  expect(await fields({ stop: { signal: "SIGINT", grace: "soon" } })).toEqual([["stop_grace_period"]]);
  // What only the reading of the whole folder tells has a place, too.
  expect(await fields({ workingDirectory: "nowhere" })).toEqual([["working_dir"]]);
  expect(await fields({ environment: [["NEW", "${NOBODY_SETS_THIS}"]] })).toEqual([["environment", "NEW"]]);
  expect(read()).toBe(shop);
});

it("a service whose strict port is held says by whom, and starts with another one for this time", async () => {
  const { workspace } = stage;
  const port = await freePort();
  const holder = await listen(port);
  try {
    await start(`version: 1
detect: false
services:
  web:
    command: "exec node -e 'require(\\"http\\").createServer((_, answer) => answer.end()).listen(process.env.PORT, \\"127.0.0.1\\")'"
    ports: { http: { prefer: ${port}, env: PORT, strict: true } }
`);
    const web = () => workspace.status().services[0];
    await until("it is blocked", 10_000, () => web()?.phase === "blocked");
    expect(web()?.failure?.details).toMatchObject({ port, holder: { pid: process.pid } });
    const other = await workspace.environment.otherPort("web", port);
    await workspace.movePort("web", port, other ?? 0);
    await ready();
    expect(web()).toMatchObject({ ready: true, ports: [{ port: other }], url: `http://127.0.0.1:${other}` });
    expect((await fetch(`http://127.0.0.1:${other}/`)).status).toBe(200);
    // Only this time: after everything has stopped it wants its own again.
    await workspace.stop();
    await workspace.start({ server: false });
    await until("it is blocked again", 10_000, () => web()?.phase === "blocked");

    const draft = await workspace.config.draft({ service: "web" });
    await save({ service: "web", ports: draft.ports.map((one) => ({ ...one, prefer: String(other) })) });
    await until("the question", 10_000, () => workspace.status().filesChanged);
    await workspace.changes.apply();
    await ready();
    expect(web()?.ports[0]?.port).toBe(other);
  } finally {
    await new Promise((done) => holder.close(done));
  }
});
