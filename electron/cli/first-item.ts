import type { Client } from "#shared/client.ts";
import type { InputOf, ItemOf, StreamName } from "#shared/contract.ts";
import { AppError } from "../core/lib/error.ts";

/** The current state of a stream whose first item is one. @throws AppError `host_missing` where the host ends first. */
export function firstItem<Name extends StreamName>(
  client: Client,
  name: Name,
  input: InputOf<Name>,
): Promise<ItemOf<Name>> {
  return new Promise((resolve, reject) => {
    const stop = client.subscribe(name, input, {
      onBatch(items) {
        const newest = items.at(-1);
        if (newest === undefined) return;
        stop();
        resolve(newest);
      },
      onEnd: (error) => reject(new AppError(error?.code ?? "host_missing", error?.message ?? "The host has ended.")),
    });
  });
}
