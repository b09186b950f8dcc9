/**
 * Serves the contract over one channel, whatever carries it.
 *
 * Theory of operation. Every frame is checked for its shape, then its sender, then its name (own keys of the contract
 * only), then its input (zod): a handler never sees anything unchecked. A procedure's answer goes out as one reply frame.
 * A stream gets a batcher of its own. Whatever a handler throws becomes data here, once. When the channel closes, every
 * call's signal aborts and every subscription ends.
 */
import { z } from "zod";
import { contract } from "#shared/contract.ts";
import type { ClientFrame, Procedure, Reply, Stream } from "#shared/rpc.ts";
import type { Clock } from "../core/lib/clock.ts";
import { AppError, errorText, toFailure } from "../core/lib/error.ts";
import type { Logger } from "../core/lib/logger.ts";
import { Batcher } from "./batcher.ts";
import type { Channel } from "./channel.ts";
import type { Handlers, Leaving, Sink } from "./handlers.ts";

/** Calls and streams one client may have open at once; far more than a window uses, far less than would hurt. */
const MAX_OPEN = 512;

const frameId = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const clientFrameSchema = z.discriminatedUnion("t", [
  z.object({ t: z.literal("call"), id: frameId, name: z.string().max(100), input: z.unknown() }),
  z.object({ t: z.literal("open"), id: frameId, name: z.string().max(100), input: z.unknown() }),
  z.object({ t: z.literal("ack"), id: frameId }),
  z.object({ t: z.literal("close"), id: frameId }),
]);

interface OpenCall {
  /** A stream's batcher; null for a procedure. */
  readonly batcher: Batcher<unknown> | null;
  readonly close: (left: Leaving) => void;
}

type AnyProcedureHandler = (input: unknown, signal: AbortSignal) => unknown;
type EndStream = (left: Leaving) => void;
type AnyStreamHandler = (input: unknown, sink: Sink<unknown>) => EndStream | Promise<EndStream>;

export interface ServeOptions {
  readonly channel: Channel;
  readonly handlers: Handlers;
  readonly clock: Clock;
  readonly logger: Logger;
}

export function serve(options: ServeOptions): void {
  const { channel } = options;
  const open = new Map<number, OpenCall>();
  channel.onFrame((raw) => {
    const parsed = clientFrameSchema.safeParse(raw);
    if (!parsed.success) {
      options.logger.warn("A client sent something that is no frame", { issue: parsed.error.issues[0]?.message });
      return;
    }
    const frame = parsed.data;
    switch (frame.t) {
      case "ack":
        return open.get(frame.id)?.batcher?.acknowledge();
      case "close":
        return open.get(frame.id)?.close("closed");
      case "call":
        return answer(options, open, frame);
      case "open":
        return subscribe(options, open, frame);
    }
  });
  channel.onClose(() => {
    for (const call of Array.from(open.values())) call.close("gone");
  });
}

function answer(options: ServeOptions, open: Map<number, OpenCall>, frame: ClientFrame & { t: "call" }): void {
  const controller = new AbortController();
  const reply = (answered: Reply) => {
    if (open.get(frame.id) === call) open.delete(frame.id);
    options.channel.send({ t: "reply", id: frame.id, reply: answered });
  };
  const call: OpenCall = { batcher: null, close: () => controller.abort() };
  void (async () => {
    try {
      const { handler, input } = admit(options, open, frame, "procedure");
      open.set(frame.id, call);
      const value = await (handler as AnyProcedureHandler)(input, controller.signal);
      reply({ ok: true, value });
    } catch (error) {
      report(options.logger, frame.name, error);
      reply({ ok: false, error: toFailure(error) });
    }
  })();
}

function subscribe(options: ServeOptions, open: Map<number, OpenCall>, frame: ClientFrame & { t: "open" }): void {
  const { channel } = options;
  let stop: EndStream | null = null;
  let left: Leaving = "closed";
  let ended = false;
  const end = (error: unknown, tell: boolean) => {
    if (ended) return;
    ended = true;
    if (open.get(frame.id) === call) open.delete(frame.id);
    if (error === undefined) batcher?.finish();
    else batcher?.close();
    stop?.(left);
    if (tell) channel.send({ t: "end", id: frame.id, error: error === undefined ? null : toFailure(error) });
  };
  let batcher: Batcher<unknown> | null = null;
  let call: OpenCall | null = null;
  void (async () => {
    try {
      const { handler, input, entry } = admit(options, open, frame, "stream");
      batcher = new Batcher<unknown>({
        clock: options.clock,
        overflow: (entry as Stream).overflow,
        send: (batch) => channel.send({ t: "batch", id: frame.id, ...batch }),
        onOverrun: () =>
          end(new AppError("unavailable", `The reader of ${frame.name} was too slow; open it again.`), true),
      });
      const close = (how: Leaving) => {
        left = how;
        end(new AppError("cancelled", "The reader left."), false);
      };
      call = { batcher, close };
      open.set(frame.id, call);
      const sink: Sink<unknown> = {
        push: (item) => batcher?.push(item),
        end: (error) => end(error, true),
      };
      const stopNow = await (handler as AnyStreamHandler)(input, sink);
      if (ended) stopNow(left);
      else stop = stopNow;
    } catch (error) {
      report(options.logger, frame.name, error);
      end(error, true);
    }
  })();
}

/** Every check between a well-formed frame and a handler. */
function admit(
  options: ServeOptions,
  open: Map<number, OpenCall>,
  frame: ClientFrame & { t: "call" | "open" },
  kind: "procedure" | "stream",
): { entry: Procedure | Stream; handler: unknown; input: unknown } {
  if (!options.channel.trusted()) {
    throw new AppError("forbidden", "This connection may not call the host.");
  }
  if (open.has(frame.id)) throw new AppError("bad_input", `The id ${frame.id} is in use on this connection.`);
  if (open.size >= MAX_OPEN)
    throw new AppError("unavailable", `More than ${MAX_OPEN} calls are open on this connection.`);
  const entry: Procedure | Stream | undefined = Object.hasOwn(contract, frame.name)
    ? contract[frame.name as keyof typeof contract]
    : undefined;
  if (entry?.kind !== kind) throw new AppError("unknown_call", `There is no ${kind} with that name.`);
  const parsed = entry.input.safeParse(frame.input);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new AppError("bad_input", `The input of ${frame.name} does not fit: ${describeIssue(issue)}.`, {
      details: { issues: parsed.error.issues.slice(0, 20).map(describeIssue) },
    });
  }
  return { entry, handler: options.handlers[frame.name as keyof Handlers], input: parsed.data };
}

function describeIssue(issue: z.core.$ZodIssue | undefined): string {
  if (issue === undefined) return "unknown";
  const path = issue.path.map(String).join(".");
  return path === "" ? issue.message : `${path}: ${issue.message}`;
}

/** Expected failures are the caller's to show; only faults of ours belong in our log. */
function report(logger: Logger, name: string, error: unknown): void {
  const failure = toFailure(error);
  if (failure.code !== "internal") return;
  logger.error(`${name} failed`, { error: errorText(error), stack: error instanceof Error ? error.stack : undefined });
}
