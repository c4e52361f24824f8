/**
 * Watchers that have seen all there is, until something comes that they want.
 *
 * A commit wakes those whose place it changes and nobody else, however many wait: whoever is not
 * woken has, by that, looked as far as the tail has read.
 */
import type { Position } from '../position.ts';
import type { NamedCommit } from './decode.ts';
import { WatcherIndex } from './watcher-index.ts';
import type { Place } from './watcher-index.ts';

interface Waiting {
  readonly place: Place;
  wake(seen: Position): void;
}

export class WaitingWatchers {
  readonly #index = new WatcherIndex<Waiting>();

  get size(): number {
    return this.#index.size;
  }

  /**
   * Resolves to where to look on from once something of `place` is found; with `at` itself when
   * `leaving` aborts.
   */
  wait(place: Place, at: Position, leaving: AbortSignal): Promise<Position> {
    if (leaving.aborted) return Promise.resolve(at);
    return new Promise((resolve) => {
      const leave = (): void => waiting.wake(at);
      const waiting: Waiting = {
        place,
        wake: (seen) => {
          leaving.removeEventListener('abort', leave);
          this.#index.delete(waiting);
          resolve(seen.revision > at.revision ? seen : at);
        },
      };
      leaving.addEventListener('abort', leave, { once: true });
      this.#index.add(waiting);
    });
  }

  /** To be called with what the tail found after `seen`. */
  found(commits: readonly NamedCommit[], seen: Position): void {
    const wanted = new Set<Waiting>();
    for (const { changes } of commits) {
      if (this.size === wanted.size) break;
      for (const { scope, key } of changes) {
        this.#index.visit(scope, key, (waiting) => wanted.add(waiting));
      }
    }
    for (const waiting of wanted) waiting.wake(seen);
  }

  wakeAll(seen: Position): void {
    for (const waiting of this.#index.all()) waiting.wake(seen);
  }
}
