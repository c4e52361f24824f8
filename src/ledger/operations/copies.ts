/**
 * Copy on write, for one update: what came in is copied before its first change, and only then.
 *
 * Later operations of the same update change such a copy in place, so that a hundred appends to a
 * long list copy it once. A copy is in one place of the tree only, so no other place changes.
 */
export type Members = Record<string, unknown>;

export class Copies {
  readonly #own = new Set<object>();

  /** The array itself if it is a copy of this update's, else a new copy. */
  array(array: readonly unknown[]): unknown[] {
    return this.#own.has(array) ? (array as unknown[]) : this.adopt([...array]);
  }

  object(object: object): Members {
    return this.#own.has(object) ? (object as Members) : this.adopt<Members>({ ...object });
  }

  /** Takes in a container that nobody else holds. */
  adopt<T extends object>(container: T): T {
    this.#own.add(container);
    return container;
  }
}
