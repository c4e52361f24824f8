/**
 * Who wants to hear that a head moved.
 *
 * Listeners run after the call that moved it, one by one: a listener can neither delay a commit nor
 * keep the next listener from hearing of it.
 */
type Listener = (ledger: string) => void;

export class Hints {
  readonly #listeners = new Set<{ readonly call: Listener }>();

  /** The same function may listen twice; each subscription ends by itself. */
  subscribe(listener: Listener): () => void {
    const subscription = { call: listener };
    this.#listeners.add(subscription);
    return () => {
      this.#listeners.delete(subscription);
    };
  }

  publish(ledger: string): void {
    for (const subscription of this.#listeners) {
      queueMicrotask(() => {
        if (this.#listeners.has(subscription)) subscription.call(ledger);
      });
    }
  }
}
