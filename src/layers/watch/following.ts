/** A watch whose events are handed to a function, one at a time. */
import type { Position } from '../../ledger/index.ts';
import type { Watch } from './watch.ts';
import type { WatchEvent } from './watch-options.ts';

export interface Watching {
  /** Where a later watch can go on; undefined before the first event. */
  readonly position: Position | undefined;
  /** Resolves when the watch is over; rejects with what the handler or the ledger threw. */
  readonly ended: Promise<void>;
  /**
   * Stops it; resolves when the handler that runs is done.
   *
   * @example
   * const watching = scope.watch({ kinds: ['deleted'] }, ({ kind }) => console.log(kind));
   * await watching.stop();
   * await watching.ended; // => undefined
   */
  stop(): Promise<void>;
}

/** The next event waits until the handler is done with the last: a slow handler loses nothing. */
export function followWatch<Out>(
  watch: Watch<Out>,
  handler: (event: WatchEvent<Out>) => unknown,
): Watching {
  async function run(): Promise<void> {
    for await (const event of watch) await handler(event);
  }
  const ended = run();
  // Whoever does not ask must not see this as an unhandled rejection.
  ended.catch(() => undefined);
  return {
    get position() {
      return watch.position;
    },
    ended,
    async stop() {
      await watch.return();
      await ended.catch(() => undefined);
    },
  };
}
