import { createServer, get, type Server } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ReplicaFront } from "../../../../electron/core/environment/replica-front.ts";
import { freePort, listen } from "../../../support/environment-world.ts";

let targets: number[];
let trouble: string[];
let servers: Server[];
let front: ReplicaFront;
let port: number;

beforeEach(async () => {
  targets = [];
  trouble = [];
  servers = [];
  port = await freePort();
  front = new ReplicaFront({ name: "api", targets: () => targets, onTrouble: (text) => trouble.push(text) });
});
afterEach(async () => {
  await front.close();
  for (const server of servers) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

async function replica(answer: string): Promise<void> {
  const server = createServer((request, response) => {
    if (request.url === "/half") {
      response.write("begun");
      setTimeout(() => request.socket.destroy(), 20);
    } else response.end(`${answer} ${request.headers.host}`);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  servers.push(server);
  targets.push((server.address() as AddressInfo).port);
}

function ask(path = "/"): Promise<string> {
  return new Promise((resolve) => {
    get(`http://127.0.0.1:${port}${path}`, { agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part: string) => (text += part));
      response.on("error", () => undefined);
      response.on("close", () => resolve(`${response.statusCode} ${text}${response.complete ? "" : " (cut off)"}`));
    }).on("error", (error) => resolve(error.message));
  });
}

test("one after the other, each told the host that was asked for", async () => {
  await replica("a");
  await replica("b");
  expect(front.port).toBeNull();
  await front.open(port);
  expect(front.port).toBe(port);
  const host = `127.0.0.1:${port}`;
  expect([await ask(), await ask(), await ask()]).toEqual([`200 a ${host}`, `200 b ${host}`, `200 a ${host}`]);
  await front.close();
  expect(front.port).toBeNull();
  expect(await ask()).toContain("ECONNREFUSED");
});

test("one that is gone is an answer and a word in the log, and the next request goes to the next", async () => {
  targets.push(await freePort());
  await replica("b");
  await front.open(port);
  expect(await ask()).toBe("502 api did not answer.\n");
  expect(trouble).toEqual([expect.stringContaining("one of api could not be reached")]);
  expect(await ask()).toContain("200 b");
});

test("an answer that breaks off breaks off, and nobody is blamed", async () => {
  await replica("a");
  await front.open(port);
  expect(await ask("/half")).toBe("200 begun (cut off)");
  expect(trouble).toEqual([]);
});

test("an upgrade with nobody behind it, or nobody who answers, is closed", async () => {
  await front.open(port);
  const upgrade = () =>
    new Promise<string>((resolve) => {
      const socket = connect(port, "127.0.0.1", () =>
        socket.write("GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"),
      );
      let text = "";
      socket.setEncoding("utf8").on("data", (part: string) => (text += part));
      socket.on("error", () => undefined);
      socket.on("close", () => resolve(text));
    });
  expect(await upgrade()).toBe("");
  targets.push(await freePort());
  expect(await upgrade()).not.toContain("101");
});

test("a port that is held is refused, and nothing stays open", async () => {
  const holder = await listen(port);
  await expect(front.open(port)).rejects.toThrow("EADDRINUSE");
  expect(front.port).toBeNull();
  await new Promise((resolve) => holder.close(resolve));
  await front.open(port);
  expect(front.port).toBe(port);
});
