/** Listeners of one kind of fact. A listener that throws does not keep the others from hearing it. */
export interface Emitter<Fact> {
  readonly emit: (fact: Fact) => void;
  readonly on: (listener: (fact: Fact) => void) => () => void;
}

export function createEmitter<Fact>(): Emitter<Fact> {
  const listeners = new Set<(fact: Fact) => void>();
  return {
    emit: (fact) => {
      for (const listener of listeners) {
        try {
          listener(fact);
        } catch (error) {
          // Shown where every uncaught error of the page is shown; here it must not stop the others.
          reportError(error);
        }
      }
    },
    on: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
