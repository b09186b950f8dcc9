import { expect, test } from "vitest";
import { CallError, createClient } from "#shared/client.ts";
import type { Connection, ConnectionState } from "#shared/connection.ts";
import type { ClientFrame, HostFrame } from "#shared/rpc.ts";
import type { WorkspaceId } from "#shared/schema/id.ts";

const workspace = "wsp_0123456789abcdef" as WorkspaceId;

function wire(first: ConnectionState = "open") {
  const sent: ClientFrame[] = [];
  const frames = new Set<(frame: HostFrame) => void>();
  const states = new Set<(state: ConnectionState) => void>();
  let state = first;
  const connection: Connection = {
    send: (frame) => void sent.push(frame),
    onFrame: (listener) => (frames.add(listener), () => frames.delete(listener)),
    state: () => state,
    onState: (listener) => (states.add(listener), () => states.delete(listener)),
    close: () => become("closed"),
  };
  const become = (next: ConnectionState): void => {
    state = next;
    for (const listener of states) listener(next);
  };
  const receive = (frame: HostFrame): void => {
    for (const listener of frames) listener(frame);
  };
  return { client: createClient(connection), sent, become, receive };
}

const code = (error: unknown) => (error instanceof CallError ? error.failure.code : String(error));

test("a call resolves with the value of its own reply, whatever order replies come in", async () => {
  const { client, sent, receive } = wire();
  const first = client.call("log.sources", { workspace });
  const second = client.call("host.pickFolder", {});
  expect(sent.map((frame) => [frame.t, "name" in frame ? frame.name : null])).toEqual([
    ["call", "log.sources"],
    ["call", "host.pickFolder"],
  ]);
  receive({ t: "reply", id: sent[1]!.id, reply: { ok: true, value: "/srv/shop" } });
  receive({ t: "reply", id: sent[0]!.id, reply: { ok: true, value: ["api"] } });
  expect(await first).toEqual(["api"]);
  expect(await second).toBe("/srv/shop");
});

test("a failed reply rejects with the failure's code, cause and next step", async () => {
  const { client, sent, receive } = wire();
  const call = client.call("project.open", { directory: "/nowhere" });
  const error = {
    code: "folder_missing",
    message: "There is nothing at /nowhere.",
    next: "Choose another folder.",
    details: {},
  } as const;
  receive({ t: "reply", id: sent[0]!.id, reply: { ok: false, error } });
  await expect(call).rejects.toMatchObject({ message: error.message, failure: error });
});

test("what is asked before the connection opened is sent once it is open", async () => {
  const { client, sent, become, receive } = wire("connecting");
  const call = client.call("host.pickFolder", {});
  const seen: unknown[] = [];
  client.subscribe("host.watch", {}, { onBatch: (items) => void seen.push(...items) });
  expect(sent).toEqual([]);
  become("open");
  expect(sent.map((frame) => frame.t)).toEqual(["call", "open"]);
  receive({ t: "reply", id: sent[0]!.id, reply: { ok: true, value: null } });
  expect(await call).toBeNull();
});

test("an aborted call tells the host, rejects as cancelled, and ignores a late reply", async () => {
  const { client, sent, receive } = wire();
  const abort = new AbortController();
  const call = client.call("environment.stop", { workspace }, { signal: abort.signal });
  abort.abort();
  expect(sent.at(-1)).toEqual({ t: "close", id: sent[0]!.id });
  receive({ t: "reply", id: sent[0]!.id, reply: { ok: true, value: null } });
  expect(await call.catch(code)).toBe("cancelled");
  expect(await client.call("host.stop", {}, { signal: abort.signal }).catch(code)).toBe("cancelled");
  expect(sent).toHaveLength(2);
});

test("a batch is acknowledged after the reader took it over, also when that takes time or throws", async () => {
  const { client, sent, receive } = wire();
  const order: string[] = [];
  let release: () => void = () => {};
  client.subscribe(
    "log.follow",
    { workspace },
    {
      onBatch: (items, dropped) => {
        order.push(`${items.length}+${dropped}`);
        if (dropped === 7) return new Promise((resolve) => (release = resolve));
        if (dropped === 9) throw new Error("a fault of the reader");
        return undefined;
      },
    },
  );
  const { id } = sent[0]!;
  receive({ t: "batch", id, items: [1, 2], dropped: 0 });
  expect(sent.slice(1)).toEqual([{ t: "ack", id }]);
  receive({ t: "batch", id, items: [3], dropped: 7 });
  expect(sent).toHaveLength(2);
  release();
  await new Promise((resolve) => setImmediate(resolve));
  expect(sent).toHaveLength(3);
  expect(() => receive({ t: "batch", id, items: [4], dropped: 9 })).toThrow("a fault of the reader");
  expect(sent).toHaveLength(4);
  expect(order).toEqual(["2+0", "1+7", "1+9"]);
});

test("a stopped stream closes once and hears nothing more", () => {
  const { client, sent, receive } = wire();
  const heard: unknown[] = [];
  const stop = client.subscribe(
    "host.watch",
    {},
    { onBatch: (items) => void heard.push(items), onEnd: (error) => void heard.push(error) },
  );
  const { id } = sent[0]!;
  stop();
  stop();
  receive({ t: "batch", id, items: [1], dropped: 0 });
  receive({ t: "end", id, error: null });
  expect(sent.map((frame) => frame.t)).toEqual(["open", "close"]);
  expect(heard).toEqual([]);
});

test("a lost connection fails the calls in flight and opens the streams again where they left off", async () => {
  const { client, sent, become, receive } = wire();
  let after = 0;
  client.subscribe("log.follow", () => ({ workspace, after }), {
    onBatch: (items) => {
      after = items.at(-1)?.seq ?? after;
    },
  });
  const stopped = client.subscribe("host.watch", {}, { onBatch: () => {} });
  stopped();
  const call = client.call("environment.start", { workspace });
  receive({ t: "batch", id: sent[0]!.id, items: [{ seq: 41 }], dropped: 0 });
  become("lost");
  expect(await call.catch(code)).toBe("host_missing");
  expect(await client.call("environment.start", { workspace }).catch(code)).toBe("host_missing");
  sent.length = 0;
  become("open");
  expect(sent).toEqual([{ t: "open", id: expect.any(Number), name: "log.follow", input: { workspace, after: 41 } }]);
  receive({ t: "batch", id: sent[0]!.id, items: [{ seq: 42 }], dropped: 0 });
  expect(after).toBe(42);
});

test("an acknowledgement of the old connection is not sent on the new one", async () => {
  const { client, sent, become, receive } = wire();
  let release: () => void = () => {};
  client.subscribe("host.watch", {}, { onBatch: () => new Promise((resolve) => (release = resolve)) });
  receive({ t: "batch", id: sent[0]!.id, items: [1], dropped: 0 });
  become("lost");
  become("open");
  release();
  await new Promise((resolve) => setImmediate(resolve));
  expect(sent.map((frame) => frame.t)).toEqual(["open", "open"]);
});

test("the end of the connection ends every stream with a reason", () => {
  const { client, sent, receive } = wire();
  const ends: unknown[] = [];
  client.subscribe("host.watch", {}, { onBatch: () => {}, onEnd: (error) => void ends.push(error?.code ?? null) });
  client.subscribe("project.watch", {}, { onBatch: () => {}, onEnd: (error) => void ends.push(error?.code ?? null) });
  receive({ t: "end", id: sent[1]!.id, error: null });
  client.close();
  expect(ends).toEqual([null, "host_missing"]);
});
