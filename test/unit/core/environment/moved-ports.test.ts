/** A port that a service cannot have, and another one that a person gives it in its place. */
import { afterEach, expect, test } from "vitest";
import type { ServicePort } from "#shared/schema/service.ts";
import { PortAssignment } from "../../../../electron/core/environment/port-assignment.ts";
import { PortRegistry } from "../../../../electron/core/environment/ports.ts";
import { freePort, listen } from "../../../support/environment-world.ts";

type User = Parameters<PortAssignment["assign"]>[0][number];

const open: PortAssignment[] = [];
const servers: Awaited<ReturnType<typeof listen>>[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) each.releaseAll();
  for (const server of servers.splice(0)) await new Promise((done) => server.close(done));
});

function user(name: string, ports: readonly ServicePort[], kind = "argv"): User {
  return { name, live: false, detected: { run: { kind }, plan: { ports } } } as unknown as User;
}
const port = (value: number, more: Partial<ServicePort> = {}): ServicePort => ({
  name: "http",
  port: value,
  env: "PORT",
  ...more,
});
const held = async () => {
  const taken = await freePort();
  servers.push(await listen(taken));
  return taken;
};

function assignment(registry = new PortRegistry(), workspace = "wsp_a"): PortAssignment {
  const owner = { kind: "service" as const, workspace: "wsp_b", name: "web" };
  const made = new PortAssignment({
    registry,
    workspace,
    keeper: { portHolder: () => Promise.resolve({ pid: 812, command: "node /x", owner }) },
    workspaceName: (id) => `the shop (${id})`,
  });
  open.push(made);
  return made;
}

test("a strict port that is held can be another one, until everything has stopped", async () => {
  const taken = await held();
  const web = user("web", [port(taken, { strict: true })]);
  const ports = assignment();
  await ports.assign([web], [web]);
  expect(ports.failureOf("web")).toMatchObject({
    code: "port_in_use",
    message: expect.stringContaining("node /x (pid 812): web of the workspace the shop (wsp_b)") as string,
  });
  const other = (await ports.other(web, taken, [web])) ?? 0;
  expect(other).toBeGreaterThan(taken);
  // Asking gives nothing away.
  servers.push(await listen(other));
  await new Promise((done) => servers.pop()?.close(done));

  ports.move(web, taken, other);
  await ports.assign([web], [web]);
  expect([ports.failureOf("web"), ports.portsOf(web)]).toEqual([null, [port(other, { strict: true })]]);
  // A restart of it keeps it, and it is still known by the port that it has now.
  await ports.assign([web], [web]);
  expect(ports.portsOf(web)[0]?.port).toBe(other);
  await expect(ports.other(web, other, [web])).resolves.not.toBe(other);

  ports.releaseAll();
  await ports.assign([web], [web]);
  expect(ports.failureOf("web")?.code).toBe("port_in_use");
});

test("a container's published port can be moved away from a stranger's", async () => {
  const taken = await held();
  const db = user("db", [port(taken, { env: null })], "compose");
  const ports = assignment();
  const other = (await ports.other(db, taken, [db])) ?? 0;
  ports.move(db, taken, other);
  await ports.assign([db], [db]);
  expect(ports.portsOf(db)[0]?.port).toBe(other);
});

test("what was free when it was asked and is not any more, gives way to the next", async () => {
  const taken = await held();
  const web = user("web", [port(taken, { strict: true })]);
  const ports = assignment();
  const gone = await held();
  ports.move(web, taken, gone);
  await ports.assign([web], [web]);
  const [given] = ports.portsOf(web);
  expect(given?.port).toBeGreaterThan(gone);
  expect(ports.failureOf("web")).toBeNull();
});

test("none that another service insists on, or was given, is offered", async () => {
  const taken = await held();
  const registry = new PortRegistry();
  const ports = assignment(registry);
  const web = user("web", [port(taken, { strict: true })]);
  const first = (await ports.other(web, taken, [web])) ?? 0;
  const fixed = user("api", [port(first, { env: null })]);
  const second = (await ports.other(web, taken, [web, fixed])) ?? 0;
  expect(second).not.toBe(first);
  await registry.take(second, "wsp_b/web");
  expect([first, second]).not.toContain(await ports.other(web, taken, [web, fixed]));
});

test("a port that the command fixes stays, and one that is not there is told", async () => {
  const ports = assignment();
  const web = user("web", [port(4_000, { env: null })]);
  await expect(ports.other(web, 4_000, [web])).rejects.toMatchObject({ code: "plan_invalid" });
  expect(() => ports.move(web, 4_001, 4_002)).toThrow(/no port 4001/);
});

test("one of another workspace of ours is told with that workspace's name", async () => {
  const free = await freePort();
  const registry = new PortRegistry();
  const first = user("web", [port(free)]);
  await assignment(registry, "wsp_b").assign([first], [first]);
  const second = assignment(registry, "wsp_a");
  const wants = user("web", [port(free, { strict: true })]);
  await second.assign([wants], [wants]);
  expect(second.failureOf("web")?.message).toContain("web of workspace the shop (wsp_b) has");
});
