/**
 * Pushed state: one subscription per stream and input however many components read it, its newest item in the query cache.
 * The screen reads only this, never the answer of a call. Log lines and session events do not come here.
 */
import { skipToken, useQuery, type QueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import type { Client } from "#shared/client.ts";
import type { InputOf, ItemOf, StreamName } from "#shared/contract.ts";
import type { Failure } from "#shared/failure.ts";
import { useApp } from "../view/app.ts";
import type { Live, StateStream } from "./state-streams.ts";

/** The newest item, when it came (ms since the epoch), and the failure that ended the stream, if any. */
export type Pushed<Item> = { readonly item: Item | null; readonly at: number; readonly failure: Failure | null };

/** A stream that failed is tried again after this long, in ms: its workspace may be there again. */
const RETRY_MS = 3_000;
/** A page change drops its readers and brings new ones at once; the subscription outlives that moment. In ms. */
const LINGER_MS = 2_000;

const keyOf = (name: StreamName, input: unknown) => ["pushed", name, input] as const;

export function createLive(client: Client, cache: QueryClient): Live {
  type Entry = { readers: number; stop: () => void; leaving: number | undefined };
  const entries = new Map<string, Entry>();

  const follow = <Name extends StateStream>(name: Name, input: InputOf<Name>): (() => void) => {
    let timer: number | undefined;
    let stop: () => void = () => {};
    const put = (change: Partial<Pushed<ItemOf<Name>>>): void => {
      cache.setQueryData<Pushed<ItemOf<Name>>>(keyOf(name, input), (old) => ({
        item: old?.item ?? null,
        at: old?.at ?? 0,
        failure: null,
        ...change,
      }));
    };
    const open = (): void => {
      stop = client.subscribe(name, input, {
        onBatch: (items) => {
          const newest = items.at(-1);
          if (newest !== undefined) put({ item: newest, at: Date.now() });
        },
        onEnd: (failure) => {
          put({ failure });
          if (client.state() !== "closed") timer = window.setTimeout(open, RETRY_MS);
        },
      });
    };
    open();
    return () => {
      window.clearTimeout(timer);
      stop();
    };
  };

  return {
    retain: (name, input) => {
      const key = JSON.stringify([name, input]);
      const entry = entries.get(key) ?? { readers: 0, stop: follow(name, input), leaving: undefined };
      entries.set(key, entry);
      entry.readers += 1;
      window.clearTimeout(entry.leaving);
      return () => {
        entry.readers -= 1;
        if (entry.readers > 0) return;
        entry.leaving = window.setTimeout(() => {
          entries.delete(key);
          entry.stop();
        }, LINGER_MS);
      };
    },
  };
}

/** Follows a state while the component is there. Null input: follows nothing yet. */
export function useLive<Name extends StateStream>(name: Name, input: InputOf<Name> | null): Pushed<ItemOf<Name>> {
  const { live } = useApp();
  const key = input === null ? null : JSON.stringify(input);
  useEffect(() => (key === null ? undefined : live.retain(name, JSON.parse(key) as InputOf<Name>)), [live, name, key]);
  const { data } = useQuery<Pushed<ItemOf<Name>>>({
    queryKey: keyOf(name, input),
    queryFn: skipToken,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: Number.POSITIVE_INFINITY,
  });
  return data ?? nothing;
}

const nothing: Pushed<never> = { item: null, at: 0, failure: null };

/** Puts a state of an earlier visit in place, so that the first paint shows the real frame. Its `at` of 0 marks it as old. */
export function seedLive<Name extends StateStream>(
  cache: QueryClient,
  name: Name,
  input: InputOf<Name>,
  item: ItemOf<Name>,
): void {
  cache.setQueryData<Pushed<ItemOf<Name>>>(keyOf(name, input), { item, at: 0, failure: null });
}
