/**
 * The two primitives of the contract, and the frames that carry them.
 *
 * A procedure asks and is answered. A stream is subscribed to: its first item is the current state, and it ends when either
 * side closes it. Both travel as frames over one ordered, two-way connection (a MessagePort or a WebSocket).
 */
import type { z } from "zod";
import type { Failure } from "./failure.ts";

/** Items of one `batch` frame at most. Measured: without this cap frames stutter as badly as with one message an item. */
export const BATCH_MAX_ITEMS = 1_000;
/** A batch waits this long for company, in ms: one frame at 60 Hz. */
export const BATCH_FLUSH_MS = 16;
/**
 * From one batch of a `merge` stream to the next, in ms: what a person reads while it is written waits half a frame at most,
 * and not at all where nothing was sent for that long.
 */
export const BATCH_MERGE_BEAT_MS = 8;
/** Batches of one stream sent but not yet acknowledged by the page. Beyond it, items wait in the host. */
export const BATCH_MAX_UNACKNOWLEDGED = 4;
/** Items of one stream waiting in the host. At the bound the stream's `overflow` rule applies. */
export const STREAM_MAX_PENDING = 20_000;

export type Procedure<Input extends z.ZodType = z.ZodType, Output extends z.ZodType = z.ZodType> = {
  readonly kind: "procedure";
  readonly input: Input;
  readonly output: Output;
};

/**
 * What a stream does with items its reader is too slow for:
 * `latest`: an item is a whole state, so a newer one replaces the one that waits;
 * `drop`: the oldest are dropped at the bound and counted in the next batch;
 * `merge`: neighbours are joined by `merge` (which returns null where they cannot be), and nothing is dropped.
 */
export type Overflow<Item> =
  | { readonly rule: "latest" }
  | { readonly rule: "drop" }
  | { readonly rule: "merge"; readonly merge: (earlier: Item, later: Item) => Item | null };

export type Stream<Input extends z.ZodType = z.ZodType, Item extends z.ZodType = z.ZodType> = {
  readonly kind: "stream";
  readonly input: Input;
  readonly item: Item;
  readonly overflow: Overflow<z.infer<Item>>;
};

/** Declares a call that is answered once. Inputs are checked in the host at run time, outputs by the compiler and in tests. */
export function procedure<Input extends z.ZodType, Output extends z.ZodType>(
  input: Input,
  output: Output,
): Procedure<Input, Output> {
  return { kind: "procedure", input, output };
}

/** Declares a subscription. See {@link Overflow} for what happens when its reader is slow. */
export function stream<Input extends z.ZodType, Item extends z.ZodType>(
  input: Input,
  item: Item,
  overflow: Overflow<z.infer<Item>>,
): Stream<Input, Item> {
  return { kind: "stream", input, item, overflow };
}

export type Reply<Value = unknown> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly error: Failure };

/** Items in order; `dropped` items were lost just before the first of them. */
export type Batch<Item = unknown> = { readonly items: readonly Item[]; readonly dropped: number };

/** From the page or the command line to the host. `id` is chosen by the client and unique on its connection. */
export type ClientFrame =
  | { readonly t: "call"; readonly id: number; readonly name: string; readonly input: unknown }
  | { readonly t: "open"; readonly id: number; readonly name: string; readonly input: unknown }
  /** One batch of stream `id` has been taken over by the reader. */
  | { readonly t: "ack"; readonly id: number }
  /** Ends stream `id`, or gives up call `id`: the handler's signal aborts. */
  | { readonly t: "close"; readonly id: number };

export type HostFrame =
  | { readonly t: "reply"; readonly id: number; readonly reply: Reply }
  | ({ readonly t: "batch"; readonly id: number } & Batch)
  /** The stream is over; `error` says why where it was not asked for. */
  | { readonly t: "end"; readonly id: number; readonly error: Failure | null };
