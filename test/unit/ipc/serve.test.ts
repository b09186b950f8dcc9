import { afterEach, describe, expect, it } from "vitest";
import { contract } from "#shared/contract.ts";
import type { HostFrame } from "#shared/rpc.ts";
import { systemClock } from "../../../electron/core/lib/clock.ts";
import { AppError } from "../../../electron/core/lib/error.ts";
import { silentLogger } from "../../../electron/core/lib/logger.ts";
import type { Handlers, Leaving, Sink } from "../../../electron/ipc/handlers.ts";
import { serve } from "../../../electron/ipc/serve.ts";
import { transports, type TransportPair } from "../../support/transports.ts";

const names = Object.keys(contract) as (keyof typeof contract)[];
const kindOf = (name: keyof typeof contract) => contract[name].kind;

/** Records what reaches a handler; everything that must not reach one is seen here. */
function recordingHandlers(overrides: Partial<Record<string, unknown>> = {}) {
  const reached: string[] = [];
  const handlers = Object.fromEntries(
    names.map((name) => [
      name,
      overrides[name] ??
        ((_: unknown, sink?: Sink<unknown>) => {
          reached.push(name);
          return kindOf(name) === "stream" ? () => void sink : null;
        }),
    ]),
  ) as unknown as Handlers;
  return { handlers, reached };
}

const replyTo = (id: number) => (frame: HostFrame) => frame.t !== "batch" && frame.id === id;
const errorOf = (frame: HostFrame) =>
  frame.t === "reply" ? (frame.reply.ok ? null : frame.reply.error) : frame.t === "end" ? frame.error : null;

describe.each(transports)("the contract over a $name", (transport) => {
  const open: TransportPair[] = [];
  afterEach(async () => {
    for (const pair of open.splice(0)) await pair.close();
  });

  async function start(handlers: Handlers): Promise<TransportPair> {
    const pair = await transport.open((channel) =>
      serve({ channel, handlers, clock: systemClock, logger: silentLogger }),
    );
    open.push(pair);
    return pair;
  }

  const frameFor = (name: keyof typeof contract, id: number, input: unknown) => ({
    t: kindOf(name) === "stream" ? "open" : "call",
    id,
    name,
    input,
  });

  it.each(names)("%s refuses input that does not fit, before its handler sees it", async (name) => {
    const { handlers, reached } = recordingHandlers();
    const { client } = await start(handlers);
    const wrongFields = {
      workspace: "../../etc",
      session: "x",
      project: "",
      directory: 5,
      url: 1,
      id: 3,
      text: 9,
      permission: 0,
      question: 0,
      since: "yesterday",
      theme: "pink",
    };
    // A call without any field accepts every object; only what is no object is wrong for it.
    const takesFields = Object.keys(contract[name].input.shape).length > 0;
    for (const [index, input] of [7, null, "text", [1], ...(takesFields ? [wrongFields] : [])].entries()) {
      client.send(frameFor(name, index, input));
      const frame = await client.next(replyTo(index));
      expect(errorOf(frame)?.code, JSON.stringify(input)).toBe("bad_input");
      expect(reached).toEqual([]);
    }
  });

  it.each(names)("%s refuses a sender that is not ours", async (name) => {
    const { handlers, reached } = recordingHandlers();
    const pair = await start(handlers);
    pair.distrust();
    pair.client.send(frameFor(name, 1, {}));
    expect(errorOf(await pair.client.next(replyTo(1)))?.code).toBe("forbidden");
    expect(reached).toEqual([]);
  });

  it.each(["__proto__", "constructor", "toString", "hasOwnProperty", "", "host.nothing", "host.watch "])(
    "knows no call named %j",
    async (name) => {
      const { client } = await start(recordingHandlers().handlers);
      client.send({ t: "call", id: 1, name, input: {} });
      expect(errorOf(await client.next(replyTo(1)))?.code).toBe("unknown_call");
    },
  );

  it("does not take a stream for a procedure, nor the other way round", async () => {
    const { client } = await start(recordingHandlers().handlers);
    client.send({ t: "call", id: 1, name: "host.watch", input: {} });
    client.send({ t: "open", id: 2, name: "host.info", input: {} });
    expect(errorOf(await client.next(replyTo(1)))?.code).toBe("unknown_call");
    expect(errorOf(await client.next(replyTo(2)))?.code).toBe("unknown_call");
  });

  it("ignores what is no frame and goes on serving", async () => {
    const { client } = await start(recordingHandlers({ "host.processes": () => "fine" }).handlers);
    for (const frame of [
      null,
      1,
      "x",
      [],
      {},
      { t: "call" },
      { t: "nothing", id: 1 },
      { t: "call", id: -1, name: "host.info" },
    ]) {
      client.send(frame);
    }
    client.send({ t: "call", id: 9, name: "host.processes", input: {} });
    expect(await client.next(replyTo(9))).toEqual({ t: "reply", id: 9, reply: { ok: true, value: "fine" } });
  });

  it("turns what a handler throws into data: ours with its next step, anything else as a fault", async () => {
    const { client } = await start(
      recordingHandlers({
        "host.info": () => {
          throw new AppError("docker_stopped", "The engine does not answer.", { next: "Start Docker." });
        },
        "host.processes": () => {
          throw new TypeError("boom");
        },
      }).handlers,
    );
    client.send({ t: "call", id: 1, name: "host.info", input: {} });
    client.send({ t: "call", id: 2, name: "host.processes", input: {} });
    expect(errorOf(await client.next(replyTo(1)))).toMatchObject({ code: "docker_stopped", next: "Start Docker." });
    expect(errorOf(await client.next(replyTo(2)))).toMatchObject({ code: "internal", message: "boom" });
  });

  it("delivers every item of a stream in order while the reader acknowledges", async () => {
    const { client } = await start(
      recordingHandlers({
        "session.events": (_: unknown, sink: Sink<unknown>) => {
          for (let index = 0; index < 6_000; index += 1)
            sink.push({ kind: "message_removed", messageId: String(index) });
          sink.end();
          return () => undefined;
        },
      }).handlers,
    );
    client.send({
      t: "open",
      id: 1,
      name: "session.events",
      input: { workspace: "wsp_0123456789abcdef", session: "ses_1" },
    });
    let count = 0;
    for (;;) {
      const frame = await client.next((candidate) => candidate.id === 1);
      if (frame.t === "end") break;
      if (frame.t !== "batch") continue;
      for (const item of frame.items as { messageId: string }[]) {
        expect(item.messageId).toBe(String(count));
        count += 1;
      }
      client.send({ t: "ack", id: 1 });
    }
    expect(count).toBe(6_000);
  });

  it("ends the subscription and aborts the call when the reader closes them or is gone, and tells which of the two", async () => {
    const ended: string[] = [];
    const { client } = await start(
      recordingHandlers({
        "host.watch": () => (left: Leaving) => ended.push(`stream ${left}`),
        "settings.watch": () => (left: Leaving) => ended.push(`stream ${left}`),
        "host.processes": (_: unknown, signal: AbortSignal) =>
          new Promise((_resolve, reject) => {
            signal.addEventListener("abort", () => {
              ended.push("call aborted");
              reject(new AppError("cancelled", "gone"));
            });
          }),
      }).handlers,
    );
    client.send({ t: "open", id: 1, name: "host.watch", input: {} });
    client.send({ t: "open", id: 2, name: "settings.watch", input: {} });
    client.send({ t: "call", id: 3, name: "host.processes", input: {} });
    client.send({ t: "close", id: 1 });
    await expect.poll(() => ended).toEqual(["stream closed"]);
    client.close();
    await expect.poll(() => ended.toSorted()).toEqual(["call aborted", "stream closed", "stream gone"]);
  });

  it("answers a second call with an id that is in use with an error", async () => {
    const { client } = await start(
      recordingHandlers({ "host.processes": () => new Promise(() => undefined) }).handlers,
    );
    client.send({ t: "call", id: 1, name: "host.processes", input: {} });
    client.send({ t: "call", id: 1, name: "host.processes", input: {} });
    expect(errorOf(await client.next(replyTo(1)))?.code).toBe("bad_input");
  });
});
