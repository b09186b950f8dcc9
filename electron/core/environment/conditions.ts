/** Waits for something to be true, looked at whenever anything has changed. */
export class Conditions {
  readonly #waiters = new Set<() => void>();

  /** Resolves once `condition` holds, at once if it does. */
  until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const check = () => {
        if (!condition()) return;
        this.#waiters.delete(check);
        resolve();
      };
      this.#waiters.add(check);
      check();
    });
  }

  /** Something has changed. */
  look(): void {
    for (const check of Array.from(this.#waiters)) check();
  }
}
