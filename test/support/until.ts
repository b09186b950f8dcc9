/** Waits until `check` answers with something true, and returns it. Fails with `what` when the deadline passes. */
export async function until<Value>(
  what: string,
  ms: number,
  check: () => Value | Promise<Value>,
): Promise<NonNullable<Value>> {
  const end = performance.now() + ms;
  for (;;) {
    const value = await check();
    if (value !== false && value !== null && value !== undefined) return value as NonNullable<Value>;
    if (performance.now() > end) throw new Error(`waited ${ms} ms in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
