/** A host inside the page: handlers by name over the real frames, with the real acknowledgement and batch sizes. */
import type { Connection, ConnectionState } from "#shared/connection.ts";
import type { InputOf, ItemOf, OutputOf, ProcedureName, StreamName } from "#shared/contract.ts";
import type { Failure } from "#shared/failure.ts";
import {
  BATCH_MAX_ITEMS,
  BATCH_MAX_UNACKNOWLEDGED,
  STREAM_MAX_PENDING,
  type ClientFrame,
  type HostFrame,
} from "#shared/rpc.ts";

export class FakeFailure extends Error {
  readonly failure: Failure;
  constructor(code: Failure["code"], message: string, next: string | null = null, details: Failure["details"] = {}) {
    super(message);
    this.failure = { code, message, next, details };
  }
}

const failureOf = (error: unknown): Failure =>
  error instanceof FakeFailure ? error.failure : { code: "internal", message: String(error), next: null, details: {} };

export type Handlers = {
  [Name in ProcedureName]?: (input: InputOf<Name>) => OutputOf<Name> | Promise<OutputOf<Name>>;
} & { [Name in StreamName]?: (input: InputOf<Name>, push: (...items: ItemOf<Name>[]) => void) => (() => void) | void };

type Open = { pending: unknown[]; dropped: number; unacknowledged: number; stop: () => void };

export function createFakeConnection(handlers: Handlers, delayMs: number) {
  const frames = new Set<(frame: HostFrame) => void>();
  const states = new Set<(state: ConnectionState) => void>();
  const open = new Map<number, Open>();
  let state: ConnectionState = "connecting";
  const emit = (frame: HostFrame): void => {
    for (const listener of frames) listener(frame);
  };
  const flush = (id: number): void => {
    const stream = open.get(id);
    if (!stream) return;
    while (stream.pending.length > 0 && stream.unacknowledged < BATCH_MAX_UNACKNOWLEDGED) {
      const items = stream.pending.splice(0, BATCH_MAX_ITEMS);
      const { dropped } = stream;
      stream.dropped = 0;
      stream.unacknowledged += 1;
      setTimeout(() => emit({ t: "batch", id, items, dropped }), 0);
    }
  };
  const byName = handlers as Record<
    string,
    ((input: unknown, push?: (...items: unknown[]) => void) => unknown) | undefined
  >;
  const take = async (frame: ClientFrame): Promise<void> => {
    if (frame.t === "ack") {
      const stream = open.get(frame.id);
      if (stream) stream.unacknowledged -= 1;
      return flush(frame.id);
    }
    if (frame.t === "close") {
      open.get(frame.id)?.stop();
      open.delete(frame.id);
      return undefined;
    }
    const handler = byName[frame.name];
    if (frame.t === "open") {
      const stream: Open = { pending: [], dropped: 0, unacknowledged: 0, stop: () => {} };
      open.set(frame.id, stream);
      try {
        const stop = handler?.(frame.input, (...items) => {
          stream.pending.push(...items);
          const over = stream.pending.length - STREAM_MAX_PENDING;
          if (over > 0) {
            stream.pending.splice(0, over);
            stream.dropped += over;
          }
          flush(frame.id);
        });
        if (typeof stop === "function") stream.stop = stop as () => void;
      } catch (error) {
        open.delete(frame.id);
        emit({ t: "end", id: frame.id, error: failureOf(error) });
      }
      return undefined;
    }
    await new Promise((resolve) => setTimeout(resolve, delayMs));
    try {
      if (!handler) throw new FakeFailure("unavailable", `The fake host has no "${frame.name}".`);
      emit({ t: "reply", id: frame.id, reply: { ok: true, value: await handler(frame.input) } });
    } catch (error) {
      emit({ t: "reply", id: frame.id, reply: { ok: false, error: failureOf(error) } });
    }
  };
  const become = (next: ConnectionState): void => {
    state = next;
    for (const listener of states) listener(next);
  };
  setTimeout(() => become("open"), 30);
  const connection: Connection = {
    send: (frame) => void take(structuredClone(frame)),
    onFrame: (listener) => (frames.add(listener), () => frames.delete(listener)),
    state: () => state,
    onState: (listener) => (states.add(listener), () => states.delete(listener)),
    close: () => become("closed"),
  };
  return { connection, become };
}
