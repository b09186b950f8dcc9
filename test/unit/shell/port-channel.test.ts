import { MessageChannel, type MessagePort } from "node:worker_threads";
import { once } from "node:events";
import { afterEach, describe, expect, it } from "vitest";
import type { HostFrame } from "#shared/rpc.ts";
import { createPortChannel, type Port } from "../../../electron/shell/port-channel.ts";

const opened: MessagePort[] = [];
afterEach(() => {
  for (const port of opened.splice(0)) port.close();
});

/** A real port of Node's in the clothes of Electron's: there, a message is an event with `data`. */
function ports(): { page: MessagePort; host: Port } {
  const { port1, port2 } = new MessageChannel();
  opened.push(port1, port2);
  return {
    page: port1,
    host: {
      on: (event: "message" | "close", listener: (message: { readonly data: unknown }) => void) =>
        port2.on(event, (data: unknown) => listener({ data })),
      postMessage: (message) => port2.postMessage(message),
      start: () => port2.start(),
      close: () => port2.close(),
    },
  };
}

const reply = (id: number): HostFrame => ({ t: "reply", id, reply: { ok: true, value: null } });

describe("a channel over a message port", () => {
  it("delivers what was sent before anybody listened, in order", async () => {
    const { page, host } = ports();
    const channel = createPortChannel(host, () => true);
    for (const id of [1, 2, 3]) page.postMessage({ id });
    const seen: unknown[] = [];
    await new Promise<void>((resolve) =>
      channel.onFrame((frame) => {
        seen.push(frame);
        if (seen.length === 3) resolve();
      }),
    );
    expect(seen).toEqual([{ id: 1 }, { id: 2 }, { id: 3 }]);
  });

  it("sends frames to the page", async () => {
    const { page, host } = ports();
    createPortChannel(host, () => true).send(reply(7));
    expect((await once(page, "message"))[0]).toEqual(reply(7));
  });

  it("tells once that the page is gone, and is not trusted any more", async () => {
    const { page, host } = ports();
    const channel = createPortChannel(host, () => true);
    channel.onFrame(() => undefined);
    let closed = 0;
    const ended = new Promise<void>((resolve) =>
      channel.onClose(() => {
        closed += 1;
        resolve();
      }),
    );
    expect(channel.trusted()).toBe(true);
    page.close();
    await ended;
    channel.close();
    expect([closed, channel.trusted()]).toEqual([1, false]);
  });

  it("drops what arrives or is sent after its end", async () => {
    const { page, host } = ports();
    const channel = createPortChannel(host, () => true);
    const seen: unknown[] = [];
    channel.onFrame((frame) => seen.push(frame));
    page.postMessage({ id: 1 });
    channel.close();
    channel.send(reply(1));
    await once(page, "close");
    expect(seen).toEqual([]);
  });

  it("tells a listener that comes too late at once", () => {
    const channel = createPortChannel(ports().host, () => true);
    channel.close();
    let told = false;
    channel.onClose(() => (told = true));
    expect(told).toBe(true);
  });

  it("asks anew for trust each time", () => {
    let ours = true;
    const channel = createPortChannel(ports().host, () => ours);
    expect(channel.trusted()).toBe(true);
    ours = false;
    expect(channel.trusted()).toBe(false);
  });
});
