/**
 * Announces facts to whoever listens. Listeners are called in order of subscription; one that throws does not keep the
 * next from hearing (its error goes to `onError`). Events announce, they never steer: to make something happen, call it.
 */
export class Emitter<Fact> {
  /** Replaced, never changed: a listener may subscribe or leave while it is called. */
  #listeners: readonly ((fact: Fact) => void)[] = [];
  readonly #onError: (error: unknown) => void;

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  /** Returns the function that ends the subscription; calling it again does nothing. */
  on(listener: (fact: Fact) => void): () => void {
    // A wrapper, so that one function subscribed twice is two subscriptions.
    const entry = (fact: Fact) => listener(fact);
    this.#listeners = [...this.#listeners, entry];
    return () => {
      this.#listeners = this.#listeners.filter((other) => other !== entry);
    };
  }

  emit(fact: Fact): void {
    for (const listener of this.#listeners) {
      try {
        listener(fact);
      } catch (error) {
        this.#onError(error);
      }
    }
  }

  get listenerCount(): number {
    return this.#listeners.length;
  }
}
