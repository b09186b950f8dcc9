import { afterEach, describe, expect, test } from "vitest";
import { portState } from "../../../../electron/core/process/port-state.ts";
import { PortRegistry } from "../../../../electron/core/environment/ports.ts";
import { serviceUrl, serviceVariables, variableName } from "../../../../electron/core/environment/service-variables.ts";
import { freePort, listen } from "../../../support/environment-world.ts";

const servers: Awaited<ReturnType<typeof listen>>[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
});

async function hold(host: string): Promise<number> {
  const port = await freePort();
  servers.push(await listen(port, host));
  return port;
}

describe("whether a port is free", () => {
  test.each(["127.0.0.1", "::1", "0.0.0.0", "::"])("a listener on %s holds it", async (host) => {
    expect(await portState(await hold(host))).toBe("held");
  });

  test("one that nobody has is free, and asking leaves it free", async () => {
    const port = await freePort();
    expect(await portState(port)).toBe("free");
    expect(await portState(port)).toBe("free");
  });
});

describe("the registry", () => {
  const none = new Set<number>();

  test("gives the wanted port, else the next one above", async () => {
    const registry = new PortRegistry();
    const port = await freePort();
    expect(await registry.allocate(port, "a", none)).toBe(port);
    expect(await registry.allocate(port, "a", none)).toBe(port);
    expect(await registry.allocate(port, "b", none)).toBeGreaterThan(port);
    const held = await hold("127.0.0.1");
    expect(await registry.allocate(held, "c", none)).toBeGreaterThan(held);
  });

  test("twenty that ask for the same at once get twenty different ones", async () => {
    const registry = new PortRegistry();
    const port = await freePort();
    const given = await Promise.all(
      Array.from({ length: 20 }, (_, index) => registry.allocate(port, `owner${index}`, none)),
    );
    expect(new Set(given).size).toBe(20);
    expect(given).not.toContain(null);
  });

  test("moves around ports that others insist on, and takes returned ones again", async () => {
    const registry = new PortRegistry();
    const port = await freePort();
    await registry.allocate(port, "a", none);
    expect(await registry.allocate(port, "b", new Set([port + 1]))).toBeGreaterThan(port + 1);
    registry.release("a");
    expect(await registry.allocate(port, "c", none)).toBe(port);
  });

  test("finds nothing beyond the last port", async () => {
    const registry = new PortRegistry();
    for (const [index, port] of [65_534, 65_535].entries()) await registry.allocate(port, `x${index}`, none);
    expect(await registry.allocate(65_535, "late", none)).toBeNull();
  });
});

describe("variables", () => {
  test.each([
    ["dev:api", "DEV_API"],
    ["db", "DB"],
    ["Procfile/web", "PROCFILE_WEB"],
    ["9lives", "_9LIVES"],
    ["--x--", "X"],
    ["日本", ""],
  ])("%s is %s", (name, variable) => expect(variableName(name)).toBe(variable));

  const port = (value: number, env: string | null = null) => [{ name: "http", port: value, env }];
  const api = { name: "dev:api", ports: port(4311, "PORT"), http: true };
  const database = { name: "database", ports: port(5432), http: false };

  test("each is told where all are, and its own port by its own variable", () => {
    expect(serviceVariables(api, [api, database])).toEqual({
      DEV_API_PORT: "4311",
      DEV_API_URL: "http://127.0.0.1:4311",
      DATABASE_PORT: "5432",
      PORT: "4311",
    });
    expect(serviceVariables(database, [api, database])).not.toHaveProperty("PORT");
  });

  test("a database has no URL, and neither has a service without ports", () => {
    expect(serviceUrl(database)).toBeNull();
    expect(serviceUrl({ ports: [], http: true })).toBeNull();
  });

  test("of two names that look alike the first keeps the variable", () => {
    const other = { name: "dev-api", ports: port(9999), http: true };
    expect(serviceVariables(other, [api, other])["DEV_API_PORT"]).toBe("4311");
  });
});
