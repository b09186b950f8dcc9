import type { InputOf } from "#shared/contract.ts";

/** Streams whose every item is a whole state. */
export type StateStream = "host.watch" | "settings.watch" | "project.watch" | "environment.watch" | "chat.watch";

/** Holds the subscriptions of the page; see live.ts. */
export interface Live {
  retain<Name extends StateStream>(name: Name, input: InputOf<Name>): () => void;
}
