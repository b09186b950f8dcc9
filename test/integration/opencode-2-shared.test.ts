/** OpenCode 2's shared server, adopted through a whole host by one who knows nothing but the contract. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import type { Client } from "#shared/client.ts";
import type { WorkspaceId } from "#shared/schema/id.ts";
import { connectToHost } from "../../electron/cli/host-connection.ts";
import type { Logger } from "../../electron/core/lib/logger.ts";
import { serviceFilePath } from "../../electron/core/opencode/service-file.ts";
import { createHost } from "../../electron/host.ts";
import { startFake2, type StartedFake2 } from "../fakes/fake-opencode-2/fake-opencode-2.ts";
import { bundleGuardian } from "../support/guardian-bundle.ts";
import { until } from "../support/until.ts";

const PASSWORD = "the password of everybody's server";

let guardian: Awaited<ReturnType<typeof bundleGuardian>>;
let root: string;
let file: string;
let client: Client;
let workspace: WorkspaceId;
let closeHost: () => Promise<void>;
let theirs: StartedFake2 | null = null;
/** Everything the host said: to its client, and in its own log. */
let said: string[];

beforeAll(async () => {
  guardian = await bundleGuardian();
});
afterAll(() => guardian.remove());

beforeEach(async () => {
  root = realpathSync(mkdtempSync(join(tmpdir(), "deckhand-shared-")));
  file = serviceFilePath(env(), "/nowhere");
  said = [];
  const note = (message: string, fields?: object) => void said.push(JSON.stringify([message, fields]));
  const logger: Logger = { debug: note, info: note, warn: note, error: note };
  const host = await createHost({
    kind: "headless",
    version: "0",
    home: join(root, "home"),
    logger,
    desktop: null,
    port: 0,
    page: null,
    guardian: guardian.path,
    demo: null,
    serviceFile: file,
    onStopRequested: () => undefined,
  });
  ({ client } = await connectToHost(join(root, "home")));
  closeHost = async () => {
    client.close();
    await host.close();
  };
  mkdirSync(join(root, "project"));
  ({ workspace } = await client.call("project.open", { directory: join(root, "project") }));
});
afterEach(async () => {
  await closeHost();
  await theirs?.end();
  theirs = null;
  rmSync(root, { recursive: true, force: true });
});

const env = () => ({ XDG_STATE_HOME: join(root, "state") });
const startTheirs = async () =>
  (theirs = await startFake2({ password: PASSWORD, arguments: ["--service"], env: env() }));
const isAlive = ({ child }: StartedFake2) => child.exitCode === null && child.signalCode === null;

async function ask<Value>(answer: Promise<Value>): Promise<Value> {
  const value = await answer.catch((error: unknown) => {
    said.push(JSON.stringify(error), String(error));
    throw error;
  });
  said.push(JSON.stringify(value));
  return value;
}
const find = () => ask(client.call("server.shared", { workspace }));
const adopt = (url: string) => ask(client.call("server.adopt", { workspace, url, password: null }));

async function trust(): Promise<void> {
  const { contentHash } = await client.call("trust.review", { workspace });
  await client.call("trust.grant", { workspace, contentHash });
}

/** Of every file the host has written. */
function writtenBy(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), "latin1"));
}

it("is adopted by its address alone, used, let go of, and left running; its password goes nowhere", async () => {
  await trust();
  const server = await startTheirs();
  const found = await find();
  if (found.kind !== "found") throw new Error(JSON.stringify(found));
  expect(found).toEqual({ kind: "found", url: found.url, pid: server.child.pid, version: "2.0.12" });
  expect(await adopt(found.url)).toMatchObject({
    state: "running",
    ownership: "adopted",
    url: found.url,
    protocol: 2,
    version: "2.0.12",
    pid: null,
    failure: null,
  });
  const session = await ask(client.call("session.create", { workspace, title: "two" }));
  await ask(client.call("session.prompt", { workspace, session: session.id, text: "#stall here" }));
  await ask(client.call("environment.status", { workspace }));
  expect(await ask(client.call("server.restart", { workspace }))).toMatchObject({ ownership: "adopted" });
  expect(await ask(client.call("server.stop", { workspace }))).toMatchObject({ state: "stopped", ownership: "owned" });
  expect(isAlive(server)).toBe(true);
  await adopt(found.url);
  said.push(JSON.stringify(await client.call("log.read", { workspace })));
  await closeHost();
  expect(isAlive(server)).toBe(true);
  expect(existsSync(file)).toBe(true);
  for (const text of [...said, ...writtenBy(join(root, "home"))]) {
    expect(text).not.toContain(PASSWORD);
    expect(text).not.toContain(Buffer.from(`opencode:${PASSWORD}`).toString("base64"));
  }
});

it("is taken by the password that is registered now, not by the one of earlier", async () => {
  await trust();
  const first = await startTheirs();
  const before = await find();
  if (before.kind !== "found") throw new Error(JSON.stringify(before));
  await first.end();
  theirs = await startFake2({ password: "another one", arguments: ["--service"], env: env() });
  const after = await find();
  if (after.kind !== "found") throw new Error(JSON.stringify(after));
  expect(after.url).not.toBe(before.url);
  await expect(adopt(before.url)).rejects.toMatchObject({
    failure: { code: "opencode_settings", message: expect.stringContaining(after.url), next: expect.any(String) },
  });
  expect(await adopt(after.url)).toMatchObject({ state: "running", ownership: "adopted" });
});

it("is not adopted where none is registered, others may read the file, nobody listens, or the folder is not trusted", async () => {
  expect(await find()).toEqual({ kind: "none" });
  const server = await startTheirs();
  const found = await find();
  if (found.kind !== "found") throw new Error(JSON.stringify(found));
  await expect(adopt(found.url)).rejects.toMatchObject({ failure: { code: "not_trusted" } });
  await trust();
  await expect(adopt("http://127.0.0.1:4096")).rejects.toMatchObject({ failure: { code: "opencode_settings" } });
  chmodSync(file, 0o644);
  expect(await find()).toEqual({ kind: "refused", reason: `${file} can be read or changed by others.` });
  await expect(adopt(found.url)).rejects.toMatchObject({ failure: { code: "opencode_settings" } });
  chmodSync(file, 0o600);
  expect(isAlive(server)).toBe(true);
  await server.end();
  await until("its end", 5_000, () => !isAlive(server));
  // Stale: it still names an address, where nobody is any more.
  await expect(adopt(found.url)).rejects.toMatchObject({ failure: { code: "opencode_unreachable" } });
  rmSync(file);
  await expect(adopt(found.url)).rejects.toMatchObject({ failure: { code: "not_found" } });
  expect(said.join("\n")).not.toContain(PASSWORD);
});
