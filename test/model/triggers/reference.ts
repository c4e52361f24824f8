/**
 * What triggers should have done, as simply as it can be said.
 *
 * An event says itself how many attempts on it fail, so that what becomes of it is known in
 * advance: it is handled, or it is a dead letter. Only when it is handled is left open.
 */
export const attempts = 3;

export interface Sent {
  readonly n: number;
  /** Attempts that fail, while the handler is ill. */
  readonly fails: number;
}

type Fate = 'handled' | 'dead' | 'dropped';

interface Known extends Sent {
  readonly key: string;
  fate: Fate;
  /** Whether it was tried again after it was given up: its place in the order is gone. */
  isReplayed: boolean;
}

export class Reference {
  readonly #events: Known[] = [];
  isWell = false;

  /** A change that the trigger listens to. */
  send(key: string, sent: Sent): void {
    this.#events.push({ ...sent, key, fate: this.#fateOf(sent), isReplayed: false });
  }

  get dead(): number[] {
    return this.#events.filter(({ fate }) => fate === 'dead').map(({ n }) => n);
  }

  replay(numbers: readonly number[]): void {
    for (const event of this.#of(numbers)) {
      event.isReplayed = true;
      event.fate = this.#fateOf(event);
    }
  }

  drop(numbers: readonly number[]): void {
    for (const event of this.#of(numbers)) event.fate = 'dropped';
  }

  /** What is wrong with the effects of a key, in the order in which they happened. */
  problemOf(key: string, effects: readonly number[]): string | undefined {
    const handled = this.#events.filter((event) => event.key === key && event.fate === 'handled');
    const expected = handled.map(({ n }) => n);
    if (effects.toSorted((a, b) => a - b).join() !== expected.join()) {
      return `${key}: ${effects.join()} happened, not ${expected.join()}`;
    }
    const replayed = new Set(handled.filter((event) => event.isReplayed).map(({ n }) => n));
    const first = effects.filter((n) => !replayed.has(n));
    const inOrder = first.toSorted((a, b) => a - b);
    return first.join() === inOrder.join() ? undefined : `${key}: out of order: ${first.join()}`;
  }

  get handled(): number {
    return this.#events.filter(({ fate }) => fate === 'handled').length;
  }

  #fateOf({ fails }: Sent): Fate {
    return this.isWell || fails < attempts ? 'handled' : 'dead';
  }

  #of(numbers: readonly number[]): Known[] {
    return this.#events.filter(({ n, fate }) => fate === 'dead' && numbers.includes(n));
  }
}
