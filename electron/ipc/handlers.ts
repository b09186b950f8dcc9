import type { ItemOf, OutputOf, ParsedInputOf, ProcedureName, StreamName } from "#shared/contract.ts";

/** Where a stream's handler puts its items. Pushing after the end does nothing. */
export interface Sink<Item> {
  push(item: Item): void;
  /** Ends the stream from our side; with an error where it was not meant to end. */
  end(error?: unknown): void;
}

/** Answers one call. `signal` aborts when the caller gives up or leaves. */
export type ProcedureHandler<Name extends ProcedureName> = (
  input: ParsedInputOf<Name>,
  signal: AbortSignal,
) => OutputOf<Name> | Promise<OutputOf<Name>>;

/** How a subscription ended: `closed` by its reader or by us; `gone`: the connection broke, and its reader said nothing. */
export type Leaving = "closed" | "gone";

/** Starts one subscription: pushes the current state first, and returns the function that ends it. */
export type StreamHandler<Name extends StreamName> = (
  input: ParsedInputOf<Name>,
  sink: Sink<ItemOf<Name>>,
) => ((left: Leaving) => void) | Promise<(left: Leaving) => void>;

/** One handler for each line of the contract; the compiler sees to it that none is missing. */
export type Handlers = { readonly [Name in ProcedureName]: ProcedureHandler<Name> } & {
  readonly [Name in StreamName]: StreamHandler<Name>;
};
