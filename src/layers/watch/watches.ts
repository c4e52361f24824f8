/**
 * All watches of one app: they share streams, so that ten thousand of them cost one.
 *
 * The first few places have a stream each, which carries only what matches: over a wire nothing
 * else is sent. Beyond that watchers share the stream of their scope, then that of the app.
 */
import { HoldfastError } from '../../errors/index.ts';
import { present } from '../../internal/assert.ts';
import type { Clock } from '../../internal/clock.ts';
import type { Random } from '../../internal/random.ts';
import { checkKey, checkKeyBound, checkScope, limits } from '../../ledger/index.ts';
import type { ChangeFilter, Ledger, Place, Position } from '../../ledger/index.ts';
import { Feed } from './feed.ts';
import { Patience } from '../../internal/patience.ts';
import { snapshotOf } from './snapshot.ts';
import { Watch } from './watch.ts';
import type { AppWatchOptions } from './watch-options.ts';
import type { Decode } from './watched-change.ts';
import { Watcher } from './watcher.ts';

export interface WatchesParts {
  readonly clock: Clock;
  readonly random: Random;
}

const batchMaxDefault = 1000;
const batchMaxMost = 10_000;
/** Streams for single places, and again for single scopes, before they are shared. */
const streamsMax = 16;
const kindNames = new Set(['created', 'updated', 'deleted', 'expired']);

export class Watches {
  readonly #ledger: Ledger;
  readonly #parts: WatchesParts;
  readonly #patience: Patience;
  readonly #feeds = new Map<string, { readonly feed: Feed; users: number }>();
  #asking: Promise<Position> | undefined;

  constructor(ledger: Ledger, parts: WatchesParts) {
    this.#ledger = ledger;
    this.#parts = parts;
    this.#patience = new Patience(parts.clock, parts.random);
  }

  /** Throws `invalid_argument` for options that make no sense together. */
  watch<Out>(options: AppWatchOptions = {}, decode?: Decode<Out>): Watch<Out> {
    checkOptions(options);
    const { scope, key, prefix, after, kinds, internal = false, keysOnly = false } = options;
    const place: Place = { scope, key, prefix };
    const begins = options.snapshot === true;
    const start = after === undefined ? this.#now(begins) : Promise.resolve(after);
    // Whoever never asks for an event must not see this as an unhandled rejection.
    start.catch(() => undefined);
    const pin = `watch/${begins ? this.#parts.random.hex(8) : ''}`;
    const asks = { place, keysOnly, internal: internal || scope !== undefined, pin };
    return new Watch<Out>({
      ledger: this.#ledger,
      patience: this.#patience,
      start,
      snapshot: begins ? (ask) => snapshotOf(this.#ledger, asks, ask) : undefined,
      kinds: kinds === undefined ? undefined : new Set(kinds),
      internal: asks.internal,
      batchMax: options.batchMax ?? batchMaxDefault,
      batchMs: options.batchMs ?? 0,
      signal: options.signal,
      decode,
      watcher: (from, signal) => this.#watcher(place, keysOnly, from, signal),
    });
  }

  #watcher(place: Place, keysOnly: boolean, start: Position, signal: AbortSignal): Watcher {
    const { name, feed } = this.#feedFor(place, keysOnly, start);
    signal.addEventListener('abort', () => this.#release(name), { once: true });
    return new Watcher(
      {
        ledger: this.#ledger,
        patience: this.#patience,
        place,
        keysOnly,
        signal,
        feed: () => feed,
      },
      start,
    );
  }

  #feedFor(place: Place, keysOnly: boolean, start: Position): { name: string; feed: Feed } {
    const { scope, key, prefix } = place;
    const wider: ChangeFilter[] = [{ scope, key, prefix }];
    if (key !== undefined || prefix !== undefined) wider.push({ scope });
    if (scope !== undefined) wider.push({});
    let narrow = 0;
    let ofScopes = 0;
    for (const { feed } of this.#feeds.values()) {
      const { filter } = feed;
      if (filter.key !== undefined || filter.prefix !== undefined) narrow += 1;
      else if (filter.scope !== undefined) ofScopes += 1;
    }
    for (const filter of wider) {
      const name = JSON.stringify([filter.scope, filter.key, filter.prefix, keysOnly]);
      const known = this.#feeds.get(name);
      if (known !== undefined) {
        known.users += 1;
        return { name, feed: known.feed };
      }
      const isNarrow = filter.key !== undefined || filter.prefix !== undefined;
      const isFull = filter.scope !== undefined && (isNarrow ? narrow : ofScopes) >= streamsMax;
      if (isFull) continue;
      const feed = new Feed(this.#ledger, { ...filter, keysOnly }, this.#patience, start);
      this.#feeds.set(name, { feed, users: 1 });
      return { name, feed };
    }
    throw new HoldfastError('internal', 'the app itself has a stream for every place');
  }

  #release(name: string): void {
    const known = this.#feeds.get(name);
    if (known === undefined) return;
    known.users -= 1;
    if (known.users === 0) this.#feeds.delete(name);
  }

  /** Those who ask in one go are answered by one question. */
  #now(isUnused: boolean): Promise<Position> {
    if (isUnused) return Promise.resolve({ incarnation: '', revision: 0 });
    this.#asking ??= Promise.resolve().then(async () => {
      this.#asking = undefined;
      const { signal } = new AbortController();
      const head = await this.#patience.until(() => this.#ledger.head(), signal);
      return present(head, 'the head of a ledger').position;
    });
    return this.#asking;
  }
}

function checkOptions(options: AppWatchOptions): void {
  const { scope, key, prefix, after, snapshot, kinds, batchMax, batchMs } = options;
  if (scope !== undefined) checkScope(scope);
  if (key !== undefined) checkKey(key);
  if (prefix !== undefined) checkKeyBound('prefix', prefix);
  if (scope === undefined && (key !== undefined || prefix !== undefined)) {
    throw invalid('a watch on a key or a prefix needs a scope');
  }
  if (key !== undefined && prefix !== undefined) {
    throw invalid('a watch is on a key or on a prefix, not on both');
  }
  if (after !== undefined && snapshot === true) {
    throw invalid('a watch begins with a snapshot or after a position, not with both');
  }
  for (const kind of kinds ?? []) {
    if (!kindNames.has(kind)) throw invalid(`there is no kind of change '${kind}'`);
  }
  checkCount('batchMax', batchMax, 1, batchMaxMost);
  checkCount('batchMs', batchMs, 0, limits.ttlMsMax);
}

function checkCount(name: string, value: number | undefined, least: number, most: number): void {
  if (value === undefined) return;
  if (Number.isSafeInteger(value) && value >= least && value <= most) return;
  throw invalid(`${name} must be a whole number from ${least} to ${most}`);
}

function invalid(message: string): HoldfastError {
  return new HoldfastError('invalid_argument', message);
}
