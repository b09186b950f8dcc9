/** For long work on the event loop: everything else has its turn before this resolves. To be awaited after each part of some ms. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** The items, so many in one turn of the event loop. A list of strangers may have ten thousand, of which each takes 0.1 ms. */
export async function* inTurns<Item>(items: Iterable<Item>, atATime = 50): AsyncGenerator<Item> {
  let count = 0;
  for (const item of items) {
    count += 1;
    if (count % atATime === 0) await nextTurn();
    yield item;
  }
}
