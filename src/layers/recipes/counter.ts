/**
 * Numbers that many change at once.
 *
 * Kept as plain numbers in a scope of yours, so that the scope's reads, watches and quotas apply.
 * A key that is missing counts as 0.
 */
import { HoldfastError } from '../../errors/index.ts';
import type { Scope } from '../scopes/index.ts';

export interface CounterBounds {
  /** The number may not fall below. */
  readonly min?: number | undefined;
  /** The number may not rise above. */
  readonly max?: number | undefined;
}

export type Counted =
  | { readonly kind: 'changed'; readonly value: number }
  /** Nothing was written; `value` is the number that there is. */
  | { readonly kind: 'refused'; readonly value: number };

class OutOfBounds extends Error {
  readonly value: number;

  constructor(value: number) {
    super();
    this.value = value;
  }
}

export class Counter {
  readonly #scope: Scope<number>;

  constructor(scope: Scope<number>) {
    this.#scope = scope;
  }

  /**
   * Adds `by`, which may be negative, and tells the number after it. Nobody's addition is lost, and
   * all who wait together share one durable write.
   * Throws `operation_failed` beyond ±(2^53−1), or if something else than a number is there.
   *
   * @example
   * const visits = new Counter(app.scope<number>('visits'));
   * await visits.add('ada'); // => 1
   * await visits.add('ada', 4); // => 5
   */
  async add(key: string, by = 1): Promise<number> {
    const operations = [{ op: 'increment', by }] as const;
    const { value } = await this.#scope.update(key, operations, { returns: 'values' });
    return value ?? 0;
  }

  /**
   * Adds `by` unless the number would leave its bounds: seats that are sold once, credit that does
   * not go below zero. Costs a read and a checked commit; a refusal costs no commit.
   *
   * @example
   * const seats = new Counter(app.scope<number>('seats'));
   * await seats.addWithin('flight-1', 2, { max: 3 }); // => { kind: 'changed', value: 2 }
   * await seats.addWithin('flight-1', 2, { max: 3 }); // => { kind: 'refused', value: 2 }
   */
  async addWithin(key: string, by: number, { min, max }: CounterBounds): Promise<Counted> {
    if (!Number.isSafeInteger(by)) {
      throw new HoldfastError('invalid_argument', `a counter needs a whole number, not ${by}`);
    }
    try {
      const add = (value = 0): number => {
        const next = value + by;
        // Whoever is out of bounds already may come back, step by step.
        const isBelow = min !== undefined && next < min && by < 0;
        const isAbove = max !== undefined && next > max && by > 0;
        if (isBelow || isAbove) throw new OutOfBounds(value);
        return next;
      };
      const { value = 0 } = await this.#scope.update(key, add, { returns: 'values' });
      return { kind: 'changed', value };
    } catch (error) {
      if (!(error instanceof OutOfBounds)) throw error;
      return { kind: 'refused', value: error.value };
    }
  }

  /**
   * The number now; 0 where there is none.
   *
   * @example
   * await new Counter(scope).value('ada'); // => 0
   */
  value(key: string): Promise<number> {
    return this.#scope.get(key, 0);
  }

  /**
   * Back to 0; tells the number that was there. Additions that come meanwhile are in that number or
   * count from 0, never neither.
   *
   * @example
   * const visits = new Counter(app.scope<number>('visits'));
   * await visits.add('ada', 7);
   * await visits.reset('ada'); // => 7
   * await visits.value('ada'); // => 0
   */
  async reset(key: string): Promise<number> {
    const { previous } = await this.#scope.delete(key, { returns: 'values' });
    return previous ?? 0;
  }
}
