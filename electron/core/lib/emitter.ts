/**
 * Announces facts to whoever listens. Listeners are called in order of subscription; one that throws does not keep the
 * next from hearing (its error goes to `onError`). Events announce, they never steer: to make something happen, call it.
 */
export class Emitter<Fact> {
  readonly #listeners = new Set<(fact: Fact) => void>();
  readonly #onError: (error: unknown) => void;

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  /** Returns the function that ends the subscription; calling it again does nothing. */
  on(listener: (fact: Fact) => void): () => void {
    // A wrapper, so that one function subscribed twice is two subscriptions.
    const entry = (fact: Fact) => listener(fact);
    this.#listeners.add(entry);
    return () => this.#listeners.delete(entry);
  }

  emit(fact: Fact): void {
    // A copy: a listener may subscribe or leave while it is called.
    for (const listener of Array.from(this.#listeners)) {
      try {
        listener(fact);
      } catch (error) {
        this.#onError(error);
      }
    }
  }

  get listenerCount(): number {
    return this.#listeners.size;
  }
}
