/**
 * The typed client of the contract, for the page and the command line alike. It knows neither the DOM nor Node.
 *
 * Theory of operation: every call and subscription gets an id of its own on the connection. What is asked before the
 * connection opened waits for it. When an open connection is lost, calls in flight fail (nobody knows whether they ran, so
 * repeating them is the person's decision), and streams are opened again under a new id as soon as it is back: their first
 * item is the current state, so nothing has to be replayed.
 */
import type { Connection, ConnectionState } from "./connection.ts";
import type { InputOf, ItemOf, OutputOf, ProcedureName, StreamName } from "./contract.ts";
import type { Failure } from "./failure.ts";
import type { HostFrame, Reply } from "./rpc.ts";

/** A failure of the host as an exception, so that a caller can `await` and the failure's code, cause and next step survive. */
export class CallError extends Error {
  readonly failure: Failure;
  constructor(failure: Failure) {
    super(failure.message);
    this.name = "CallError";
    this.failure = failure;
  }
}

/** The part of an AbortSignal that is needed; the platform's own fits. */
export interface CancelSignal {
  readonly aborted: boolean;
  addEventListener(type: "abort", listener: () => void): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

export interface StreamListener<Item> {
  /**
   * Takes over the items; `dropped` were lost just before the first of them. The batch is acknowledged when this returns, or
   * when the promise it returns settles: a slow reader slows the host down instead of filling its own memory.
   */
  onBatch(items: readonly Item[], dropped: number): void | Promise<void>;
  /** The stream is over; null where the host ended it normally. Never called after the reader stopped it. */
  onEnd?(error: Failure | null): void;
}

export interface Client {
  /** Rejects with a {@link CallError}. The deadline is the host's; a shorter one is the caller's `signal`. */
  call<Name extends ProcedureName>(
    name: Name,
    input: InputOf<Name>,
    options?: { readonly signal?: CancelSignal | undefined },
  ): Promise<OutputOf<Name>>;
  /**
   * Follows a stream until the returned function is called. An input given as a function is asked again at every reopening,
   * so that a reader can go on after the last item it has seen.
   */
  subscribe<Name extends StreamName>(
    name: Name,
    input: InputOf<Name> | (() => InputOf<Name>),
    listener: StreamListener<ItemOf<Name>>,
  ): () => void;
  state(): ConnectionState;
  onState(listener: (state: ConnectionState) => void): () => void;
  close(): void;
}

type Call = {
  readonly name: string;
  readonly input: unknown;
  sent: boolean;
  readonly settle: (reply: Reply) => void;
};

type Subscription = {
  id: number;
  readonly name: string;
  readonly input: () => unknown;
  readonly listener: StreamListener<unknown>;
};

function failed(code: Failure["code"], message: string, next: string | null): Reply & { readonly ok: false } {
  return { ok: false, error: { code, message, next, details: {} } };
}

const lost = (name: string) =>
  failed(
    "host_missing",
    `The connection to the host was lost before "${name}" was answered.`,
    "Look at the state, then try again.",
  );
const away = (name: string) =>
  failed(
    "host_missing",
    `"${name}" was not sent: the host does not answer.`,
    "Wait until the connection is back, or start the host.",
  );

/** Makes a client over one connection. The connection belongs to the client from then on: closing one closes the other. */
export function createClient(connection: Connection): Client {
  let lastId = 0;
  const calls = new Map<number, Call>();
  const subscriptions = new Map<number, Subscription>();

  const sendCall = (id: number, call: Call): void => {
    call.sent = true;
    connection.send({ t: "call", id, name: call.name, input: call.input });
  };

  const openStream = (subscription: Subscription): void => {
    connection.send({ t: "open", id: subscription.id, name: subscription.name, input: subscription.input() });
  };

  const failCalls = (reply: (name: string) => Reply): void => {
    const open = [...calls.values()];
    calls.clear();
    for (const call of open) call.settle(reply(call.name));
  };

  const acknowledge = (subscription: Subscription, id: number): void => {
    // After a reconnect or a stop the host no longer knows this id.
    if (subscriptions.get(id) === subscription && connection.state() === "open") connection.send({ t: "ack", id });
  };

  const takeBatch = (frame: Extract<HostFrame, { t: "batch" }>): void => {
    const subscription = subscriptions.get(frame.id);
    if (!subscription) return;
    let taken: void | Promise<void> = undefined;
    try {
      taken = subscription.listener.onBatch(frame.items, frame.dropped);
    } finally {
      // A reader that throws is a fault of that reader; it must not stop its stream for ever as well.
      if (taken) void taken.finally(() => acknowledge(subscription, frame.id));
      else acknowledge(subscription, frame.id);
    }
  };

  connection.onFrame((frame) => {
    switch (frame.t) {
      case "reply": {
        const call = calls.get(frame.id);
        calls.delete(frame.id);
        call?.settle(frame.reply);
        return;
      }
      case "batch":
        return takeBatch(frame);
      case "end": {
        const subscription = subscriptions.get(frame.id);
        subscriptions.delete(frame.id);
        subscription?.listener.onEnd?.(frame.error);
        return;
      }
    }
  });

  connection.onState((state) => {
    if (state === "open") {
      for (const [id, call] of calls) if (!call.sent) sendCall(id, call);
      const again = [...subscriptions.values()];
      subscriptions.clear();
      for (const subscription of again) {
        subscription.id = lastId += 1;
        subscriptions.set(subscription.id, subscription);
        openStream(subscription);
      }
    } else if (state === "lost") {
      failCalls(lost);
    } else if (state === "closed") {
      failCalls(lost);
      const ended = [...subscriptions.values()];
      subscriptions.clear();
      for (const { name, listener } of ended) listener.onEnd?.(lost(name).error);
    }
  });

  return {
    call: (name, input, options) =>
      new Promise((resolve, reject) => {
        const signal = options?.signal;
        const settle = (reply: Reply): void => {
          signal?.removeEventListener("abort", cancel);
          // The contract's type and the host's own compiler vouch for the value; inputs are what is checked at run time.
          if (reply.ok) resolve(reply.value as never);
          else reject(new CallError(reply.error));
        };
        const id = (lastId += 1);
        const call: Call = { name, input, sent: false, settle };
        const cancel = (): void => {
          if (!calls.delete(id)) return;
          if (call.sent && connection.state() === "open") connection.send({ t: "close", id });
          settle(failed("cancelled", `"${name}" was given up before it was answered.`, null));
        };
        const state = connection.state();
        if (signal?.aborted) return settle(failed("cancelled", `"${name}" was given up before it was sent.`, null));
        if (state === "lost" || state === "closed") return settle(away(name));
        signal?.addEventListener("abort", cancel);
        calls.set(id, call);
        if (state === "open") sendCall(id, call);
      }),

    subscribe: (name, input, listener) => {
      const subscription: Subscription = {
        id: (lastId += 1),
        name,
        input: typeof input === "function" ? input : () => input,
        // Items of this stream have this listener's type by the contract.
        listener: listener as StreamListener<unknown>,
      };
      subscriptions.set(subscription.id, subscription);
      if (connection.state() === "open") openStream(subscription);
      return () => {
        if (!subscriptions.delete(subscription.id)) return;
        if (connection.state() === "open") connection.send({ t: "close", id: subscription.id });
      };
    },

    state: () => connection.state(),
    onState: (listener) => connection.onState(listener),
    close: () => connection.close(),
  };
}
