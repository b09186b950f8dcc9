import { createServer, type AddressInfo } from "node:net";
import { expect, it } from "vitest";
import {
  listensEverywhere,
  lsofShowsWildcard,
  tableShowsWildcard,
} from "../../../../electron/core/process/wildcard-listener.ts";

it.each([
  ["127.0.0.1", false],
  ["0.0.0.0", true],
  ["::1", false],
  ["::", true],
])("a listener on %s: %s", async (host, everywhere) => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const { port } = server.address() as AddressInfo;
  expect(await listensEverywhere(port)).toBe(everywhere);
  await new Promise((resolve) => server.close(resolve));
  expect(await listensEverywhere(port)).toBe(false);
});

it("knows a connection on a port from a listener, and one port from another", () => {
  const listening = "   0: 00000000:1000 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1";
  const connected = "   1: 00000000:1001 0100007F:8888 01 00000000:00000000 00:00000000 00000000     0        0 2";
  const table = `  sl  local_address rem_address   st\n${listening}\n${connected}\n`;
  expect(tableShowsWildcard(table, 0x1000)).toBe(true);
  expect(tableShowsWildcard(table, 0x1001)).toBe(false);
  expect(tableShowsWildcard(table, 0x1002)).toBe(false);
  expect(tableShowsWildcard("", 0x1000)).toBe(false);
});

it("reads what lsof says", () => {
  expect(lsofShowsWildcard("p12\nf7\nn*:4096\n")).toBe(true);
  expect(lsofShowsWildcard("p12\nf7\nn127.0.0.1:4096\nf8\nn[::1]:4096\n")).toBe(false);
  expect(lsofShowsWildcard("")).toBe(false);
});
