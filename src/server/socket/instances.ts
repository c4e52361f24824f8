/**
 * The connections of each client, numbered by it: what a network delivers late, or twice, is taken
 * once.
 *
 * I1. No number of an instance is let in twice, nor one below another that was let in.
 * I2. A later connection ends the earlier ones: what had not begun there never begins, so nothing
 *     that a client gave up and sent again is done behind the repeat.
 *
 * Of this process alone: a server of several workers keeps it for each of them.
 */
import { HoldfastError } from '../../errors/index.ts';
import { LRUCache } from 'lru-cache';

interface Latest {
  readonly connection: number;
  readonly replaced: () => void;
}

/** Counted as sizes: a cache of so many places would lay them all out when a server starts. */
const remembered = { maxSize: 100_000, sizeCalculation: () => 1 };

export class Instances {
  readonly #latest = new LRUCache<string, Latest>(remembered);

  /** Throws `unavailable` for a connection that was made before; the client makes another. */
  enter(key: string, connection: number, replaced: () => void): void {
    const latest = this.#latest.get(key);
    if (latest !== undefined && latest.connection >= connection) {
      throw new HoldfastError('unavailable', 'this connection, or a later one, was made already', {
        details: { connection },
      });
    }
    this.#latest.set(key, { connection, replaced });
    latest?.replaced();
  }

  /** The client is gone; its number is still known. */
  left(key: string, connection: number): void {
    if (this.#latest.peek(key)?.connection === connection) {
      this.#latest.set(key, { connection, replaced: () => undefined });
    }
  }
}
