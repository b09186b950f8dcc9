/** What a person may ask of the plan of a workspace: to see it, to trust it, to switch, to take over edited files, and to save it. */
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import type { EnvironmentStatus } from "#shared/schema/environment.ts";
import type { ServiceEdit } from "#shared/schema/service-edit.ts";
import { bundleGuardian } from "../support/guardian-bundle.ts";
import { until } from "../support/until.ts";
import { createWorkspaceWorld, type WorkspaceWorld } from "../support/workspace-world.ts";

let guardian: Awaited<ReturnType<typeof bundleGuardian>>;
let stage: WorkspaceWorld;
let world: WorkspaceWorld["world"];
let workspace: WorkspaceWorld["workspace"];
beforeAll(async () => {
  guardian = await bundleGuardian();
});
afterAll(() => guardian.remove());
beforeEach(() => {
  stage = createWorkspaceWorld(guardian.path);
  ({ world, workspace } = stage);
});
afterEach(async () => {
  await stage.close();
  expect(world.errors).toEqual([]);
});

const lives = "exec node -e 'setInterval(() => {}, 1000)'";
const config = () => join(world.folder, "deckhand.yaml");
const write = (text: string) => writeFileSync(config(), `version: 1\ndetect: false\n${text}`);
const trust = async () => workspace.grant((await workspace.review()).contentHash);
const pids = () =>
  Object.fromEntries(
    workspace
      .status()
      .services.filter(({ pid }) => pid !== null)
      .map(({ name, pid }) => [name, pid]),
  );
const ready = () => until("a ready environment", 15_000, () => workspace.status().phase === "ready");
const question = (what = "the question") =>
  until<EnvironmentStatus["filesChanged"]>(what, 10_000, () => workspace.status().filesChanged);

const shop = `
profiles: { dev: {}, staging: { environment: { STAGE: live } } }
services:
  db: { command: "${lives}", environment: { DB_PASSWORD: hunter2, URL: "postgres://me:hunter2@db/x", LOG: debug } }
  migrate: { command: "true", type: task, depends_on: { db: { condition: service_started } } }
  web: { command: "${lives}", depends_on: [migrate], profiles: [dev], pre_start: "true", restart: on-failure:2 }
  live: { command: "${lives}", profiles: [staging] }
  debug: { command: "${lives}", disabled: true }
`;

it("shows the plan of a profile: order, sources, what is disabled and what is set, without secrets and without starting", async () => {
  write(shop);
  const plan = await workspace.plan({});
  expect(plan.order).toEqual([["db", "debug"], ["migrate"], ["web"]]);
  expect(plan.profiles).toEqual(["dev", "staging"]);
  expect(plan.config).toEqual({ file: "deckhand.yaml", undo: false });
  const of = (name: string) => plan.services.find((service) => service.name === name);
  expect(of("db")?.environment).toEqual(
    expect.arrayContaining([
      { name: "DB_PASSWORD", value: null },
      { name: "URL", value: null },
      { name: "LOG", value: "debug" },
    ]),
  );
  expect(of("web")).toMatchObject({
    starts: true,
    wave: 2,
    source: "deckhand.yaml#services.web",
    needs: [{ name: "migrate", required: true }],
    rules: { restart: { mode: "on-failure", maxRetries: 2 }, hooks: [{ moment: "pre-start", command: "true" }] },
  });
  expect(of("debug")).toMatchObject({ starts: false, disabled: true });
  const partial = await workspace.plan({ services: ["migrate"] });
  expect(partial.services.filter(({ starts }) => starts).map(({ name }) => name)).toEqual(["db", "migrate"]);
  expect((await workspace.plan({ profile: "staging" })).order).toEqual([["db", "live", "debug"], ["migrate"]]);
  await expect(workspace.plan({ services: ["nobody"] })).rejects.toMatchObject({ code: "unknown_service" });
  expect(workspace.status().phase).toBe("stopped");
});

it("trust is for what any profile would run: given once, it lets every profile start, and a change in any asks again", async () => {
  write(shop);
  const review = await workspace.review();
  expect(review.items.map(({ name }) => name).sort()).toEqual(["db", "debug", "live", "migrate", "web"]);
  await workspace.grant(review.contentHash);
  await workspace.start({ profile: "staging", server: false });
  await ready();
  expect(Object.keys(pids()).sort()).toEqual(["db", "live"]);
  await workspace.stop();

  write(shop.replace("STAGE: live", "STAGE: other"));
  await expect(workspace.start({ server: false })).rejects.toMatchObject({ code: "not_trusted" });
  await trust();
  write(shop.replace(`live: { command: "${lives}"`, `live: { command: "${lives} # more"`));
  await expect(workspace.start({ profile: "dev", server: false })).rejects.toMatchObject({ code: "not_trusted" });
  expect((await workspace.review()).state).toBe("changed");
});

it("of more profiles than are looked at, those that nobody looked at do not run", async () => {
  const letters = [..."abcdefghijklmn"];
  const variables = letters.map((one) => `${one}: { environment: { ONLY: ${one} } }`).join(", ");
  const services = letters.map((one) => `${one}: { command: "${lives}", profiles: [${one}] }`).join(", ");
  write(`profiles: { ${variables} }\nservices: { ${services} }`);
  await trust();
  await expect(workspace.start({ profile: "n", server: false })).rejects.toMatchObject({
    code: "not_trusted",
    next: expect.stringContaining("2 were left out") as string,
  });
  await workspace.start({ profile: "a", server: false });
  await ready();
  expect(Object.keys(pids())).toEqual(["a"]);
});

it("a service that is named comes along whatever the profile, and is part of what was trusted", async () => {
  write(shop);
  await trust();
  await workspace.start({ services: ["live"], server: false });
  await ready();
  expect(Object.keys(pids())).toEqual(["live"]);
  expect(world.service("live")).toMatchObject({ ready: true });
});

it("another profile restarts only what differs, and leaves alone what a person did not start", async () => {
  write(shop.replace(`db: { command: "${lives}"`, `plain: { command: "${lives}" }\n  db: { command: "${lives}"`));
  await trust();
  await workspace.start({ server: false });
  await ready();
  const before = pids();
  const difference = await workspace.changes.compare("staging");
  // The profile sets a variable for all processes.
  expect(difference).toMatchObject({ from: "dev", profile: "staging", start: ["live"], stop: ["web"], unchanged: [] });
  expect(difference.restart).toContainEqual({ name: "db", changed: ["its environment"] });

  write(`
profiles: { dev: {}, staging: {} }
services:
  db: { command: "${lives}" }
  web: { command: "${lives}", profiles: [dev] }
  live: { command: "${lives}", profiles: [staging], depends_on: [db] }
`);
  await trust();
  await workspace.changes.apply();
  await ready();
  const middle = pids();
  expect(middle["web"]).not.toBe(undefined);
  expect(middle["db"]).not.toBe(before["db"]);
  expect(await workspace.changes.compare("staging")).toMatchObject({
    start: ["live"],
    stop: ["web"],
    restart: [],
    unchanged: ["db"],
  });
  expect(await workspace.changes.apply("staging")).toMatchObject({ runId: expect.any(String) as string });
  await until("live", 10_000, () => workspace.status().phase === "ready" && pids()["live"] !== undefined);
  expect(pids()["db"]).toBe(middle["db"]);
  expect(pids()["web"]).toBe(undefined);
  expect(workspace.status()).toMatchObject({ profile: "staging", run: { outcome: "ready", endedBy: null } });
  await expect(workspace.plan({})).resolves.toMatchObject({ profile: "staging" });
});

it("a changed file is a question; no leaves everything as it is, yes restarts only what it changed, once it is trusted", async () => {
  const text = (log: string) => `
services:
  db: { command: "${lives}" }
  web: { command: "${lives}", environment: { LOG: ${log} } }
  idle: { command: "${lives}" }
`;
  write(text("a"));
  await trust();
  await workspace.start({ services: ["db", "web"], server: false });
  await ready();
  const before = pids();
  write(text("b"));
  expect(await question()).toEqual({
    files: ["deckhand.yaml"],
    difference: {
      from: "dev",
      profile: "dev",
      start: [],
      stop: [],
      restart: [{ name: "web", changed: ["its environment"] }],
      unchanged: ["db"],
      problems: [],
    },
  });
  workspace.changes.keep();
  expect(workspace.status().filesChanged).toBe(undefined);
  expect(pids()).toEqual(before);

  // An editor that writes beside and renames is noticed as well.
  writeFileSync(`${config()}.new`, `version: 1\ndetect: false\n${text("c")}`);
  renameSync(`${config()}.new`, config());
  await question("the second question");
  await expect(workspace.changes.apply()).rejects.toMatchObject({ code: "not_trusted" });
  expect(workspace.status().filesChanged).not.toBe(undefined);
  await trust();
  await workspace.changes.apply();
  await until("the new web", 10_000, () => workspace.status().phase === "ready" && pids()["web"] !== undefined);
  expect(workspace.status().filesChanged).toBe(undefined);
  expect(pids()["web"]).not.toBe(before["web"]);
  expect(pids()["db"]).toBe(before["db"]);
  expect(pids()["idle"]).toBe(undefined);

  // As it was before: no question any more.
  write(text("b"));
  await question("the third question");
  write(text("c"));
  await until("no question", 10_000, () => workspace.status().filesChanged === undefined);
});

it("environment case 19: what was selected stays selected when the files are read anew", async () => {
  const text = (log: string) => `
profiles: { dev: {}, backend: {} }
services:
  api: { command: "${lives}", profiles: [backend], environment: { LOG: ${log} } }
  jobs: { command: "${lives}", profiles: [backend] }
  web: { command: "${lives}", profiles: [dev] }
`;
  write(text("a"));
  await trust();
  await workspace.start({ profile: "backend", services: ["api"], server: false });
  await ready();
  const before = pids();
  expect(Object.keys(before)).toEqual(["api"]);
  write(text("b"));
  expect((await question())?.difference).toMatchObject({ from: "backend", profile: "backend", start: [], stop: [] });
  await trust();
  await workspace.changes.apply();
  await until("the new api", 10_000, () => workspace.status().phase === "ready" && pids()["api"] !== before["api"]);
  expect(workspace.status().profile).toBe("backend");
  expect(workspace.status().services.map(({ name }) => name)).toEqual(["api", "jobs"]);
  expect(Object.keys(pids())).toEqual(["api"]);
});

it("that a folder is trusted no more is told as soon as its files change, without anybody asking", async () => {
  write(`services: { one: { command: "${lives}" } }`);
  await trust();
  let changes = 0;
  workspace.onFilesChanged(() => (changes += 1));
  write(`services: { one: { command: "${lives} # other" } }`);
  await until("the change", 10_000, () => changes > 0);
  expect(await workspace.isTrusted()).toBe(false);
  // Files that no plan is read from are nobody's business.
  changes = 0;
  writeFileSync(join(world.folder, "notes.txt"), "x");
  writeFileSync(join(world.folder, "package.json"), "{}");
  write(`services: { one: { command: "${lives}" } }`);
  await until("the next change", 10_000, () => changes > 0);
  expect(changes).toBe(1);
});

it("where nothing runs, a changed file is simply the new plan", async () => {
  write(`services: { one: { command: "${lives}" } }`);
  await workspace.review();
  expect(workspace.status().services.map(({ name }) => name)).toEqual(["one"]);
  write(`services: { two: { command: "${lives}" } }`);
  await until("the new plan", 10_000, () => workspace.status().services.some(({ name }) => name === "two"));
  expect(workspace.status().filesChanged).toBe(undefined);
});

it("tells which service ended everything, with its code, and how long the steps of a start took", async () => {
  write(`
services:
  base: { command: "${lives}" }
  leaf: { command: "sleep 0.1; exit 42", type: task, exit_on_failure: true, depends_on: [base] }
`);
  await trust();
  await workspace.start({ server: false });
  await until("the end", 10_000, () => workspace.status().run?.outcome);
  const status = workspace.status();
  expect(status.run).toMatchObject({ outcome: "failed", endedBy: { service: "leaf", exit: { code: 42 } } });
  const leaf = status.services.find(({ name }) => name === "leaf");
  expect(leaf?.steps?.map(({ step }) => step)).toEqual(["waiting", "starting", "becoming_ready"]);
  expect(leaf?.steps?.at(-1)?.ms).toBeGreaterThanOrEqual(90);
  expect(leaf?.needs).toEqual([{ name: "base", condition: "service_started", required: true, met: false }]);
});

const change = (edits: ServiceEdit[], more: { write?: "all" | "changes" } = {}) => ({
  write: "changes" as const,
  edits,
  ...more,
});

it("saves an edit as deckhand.yaml after it was shown, keeps the trust for it, and takes it back", async () => {
  rmSync(config(), { force: true });
  writeFileSync(join(world.folder, "package.json"), JSON.stringify({ name: "shop", scripts: { dev: lives } }));
  await trust();
  const edits: ServiceEdit[] = [
    { service: "dev", environment: [["LOG", "debug"]], replicas: "1" },
    {
      service: "worker",
      command: lives,
      needs: [{ name: "dev", condition: "service_started", required: true, restart: true }],
    },
  ];
  const shown = await workspace.config.preview(change(edits));
  expect(shown).toMatchObject({ file: "deckhand.yaml", existing: null });
  expect(existsSync(config())).toBe(false);
  await expect(workspace.config.save({ ...change(edits), hash: "x" })).rejects.toMatchObject({
    code: "config_changed",
  });
  expect(await workspace.config.save({ ...change(edits), hash: shown.hash })).toEqual({
    file: "deckhand.yaml",
    undo: true,
  });
  expect(readFileSync(config(), "utf8")).toBe(shown.text);
  expect(statSync(config()).mode & 0o777).toBe(0o644);
  expect(await workspace.isTrusted()).toBe(true);
  const plan = await workspace.plan({});
  expect(plan.order).toEqual([["dev"], ["worker"]]);

  const disable = change([{ service: "worker", disabled: true }]);
  await workspace.config.save({ ...disable, hash: (await workspace.config.preview(disable)).hash });
  expect((await workspace.plan({})).services.find(({ name }) => name === "worker")?.disabled).toBe(true);
  await workspace.config.undo();
  expect(readFileSync(config(), "utf8")).toBe(shown.text);
  writeFileSync(config(), `${shown.text}# mine\n`);
  await expect(workspace.config.undo()).rejects.toMatchObject({ code: "config_changed" });
  writeFileSync(config(), shown.text);
  expect(await workspace.config.undo()).toEqual({ file: "deckhand.yaml", undo: false });
  expect(existsSync(config())).toBe(false);
  expect(await workspace.isTrusted()).toBe(true);
  await expect(workspace.config.undo()).rejects.toMatchObject({ code: "not_found" });
});

it("never writes through a link, nor what cannot be, and says so", async () => {
  const elsewhere = join(world.folder, "elsewhere");
  mkdirSync(elsewhere);
  const target = join(elsewhere, "target.yaml");
  writeFileSync(target, `version: 1\ndetect: false\nservices: { one: { command: "${lives}" } }\n`);
  symlinkSync(target, config());
  const edit = change([{ service: "one", disabled: true }]);
  const { hash } = await workspace.config.preview(edit);
  await expect(workspace.config.save({ ...edit, hash })).rejects.toMatchObject({ code: "config_unwritable" });
  expect(readFileSync(target, "utf8")).not.toContain("disabled");

  const wrong = (edits: ServiceEdit[]) => workspace.config.preview(change(edits));
  await expect(wrong([{ service: "nobody", disabled: true }])).rejects.toMatchObject({ code: "unknown_service" });
  await expect(wrong([{ service: "--help", command: "true" }])).rejects.toMatchObject({ code: "bad_input" });
  await expect(wrong([{ service: "one", workingDirectory: "../.." }])).rejects.toMatchObject({ code: "bad_input" });
});

it("an edit of a person does not let in what somebody else changed beside it", async () => {
  write(`services: { one: { command: "${lives}" } }`);
  await trust();
  write(`services: { one: { command: "${lives}" }, evil: { command: "${lives} # evil" } }`);
  const edit = change([{ service: "one", disabled: true }]);
  const { hash } = await workspace.config.preview(edit);
  await workspace.config.save({ ...edit, hash });
  expect((await workspace.review()).state).toBe("changed");
});
