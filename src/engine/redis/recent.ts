/**
 * What a ledger held after this process's last commit to it, so that the next one need not ask.
 *
 * M1. A view from here holds only if the head is exactly what it was: revision, incarnation and
 *     counts. The script that applies a decision compares them, so all of it is validated (T1).
 * M2. Only what is applied rests on it. Reads, and decisions that write nothing, ask the server.
 * M3. It is `ageMaxMs` old at most: so long, the server's time is carried on by the monotonic clock
 *     of this process.
 * M4. It is bounded: the ledgers that were committed to longest ago are forgotten first, and one
 *     ledger that takes too much is forgotten as a whole.
 * M5. Where others commit to the ledger too, it is in vain. After each time that it was, it is left
 *     alone for twice as many commits.
 */
import { LRUCache } from 'lru-cache';
import type { Clock } from '../../internal/clock.ts';
import type { Head, Ref, StoredEntry } from '../entry.ts';
import type { Decision, Reads } from '../transaction.ts';
import { fresh, storedOf } from '../kept-entry.ts';
import type { LedgerState } from './ledgers.ts';
import type { Snapshot } from './read.ts';

const ageMaxMs = 1000;
const restMax = 64;
/** What an entry takes beside its texts, and a ledger beside its entries. */
const overheadBytes = 200;

/** A view from memory, and the counts that the head must still have. */
export interface Recollection extends Snapshot {
  readonly totals: string;
}

export interface AppliedChange {
  readonly reads: Reads;
  readonly view: Snapshot;
  readonly decision: Decision;
  /** The ledger's revision before the decision. */
  readonly base: number;
  readonly time: number;
  /** After it. */
  readonly incarnation: string;
  readonly now: number;
  readonly totals: string;
}

interface Recent {
  readonly head: Head;
  readonly totals: string;
  /** The server's clock, and this process's when it was told. */
  readonly now: number;
  readonly at: number;
  readonly known: Known;
}

/**
 * The entries that are known, by scope and key; null where there is none. In two steps, since the
 * texts that callers bring know their hash already, and one that is put together does not.
 */
class Known {
  readonly #scopes = new Map<string, Map<string, StoredEntry | null>>();
  bytes = 0;

  get({ scope, key }: Ref): StoredEntry | null | undefined {
    return this.#scopes.get(scope)?.get(key);
  }

  set({ scope, key }: Ref, entry: StoredEntry | null): void {
    let keys = this.#scopes.get(scope);
    if (keys === undefined) {
      keys = new Map();
      this.#scopes.set(scope, keys);
    }
    const old = keys.get(key);
    const added = entry?.content.length ?? 0;
    if (old === undefined) this.bytes += overheadBytes + scope.length + key.length + added;
    else this.bytes += added - (old?.content.length ?? 0);
    keys.set(key, entry);
  }
}

interface Rest {
  /** Commits that are still to pass before it is tried again, and how many it was last. */
  left: number;
  last: number;
}

export interface RecentOptions {
  /** For all that is remembered. */
  readonly cacheBytes: number;
  readonly clock: Clock;
  /** Empty where the server's clock is the engine's. */
  now(): string;
}

export class RecentStates {
  readonly #clock: Clock;
  readonly #now: () => string;
  readonly #ledgerBytesMax: number;
  readonly #recent: LRUCache<LedgerState, Recent>;
  readonly #rests = new WeakMap<LedgerState, Rest>();

  constructor({ cacheBytes, clock, now }: RecentOptions) {
    this.#clock = clock;
    this.#now = now;
    this.#ledgerBytesMax = cacheBytes / 2;
    this.#recent = new LRUCache({
      maxSize: Math.max(1, cacheBytes),
      sizeCalculation: ({ known }) => overheadBytes + known.bytes,
    });
  }

  /** Undefined if not all of it is known. */
  recall(state: LedgerState, { refs, scopes }: Reads): Recollection | undefined {
    const recent = this.#recent.get(state);
    if (recent === undefined || scopes.length > 0) return undefined;
    const age = this.#clock.monotonic() - recent.at;
    if (age > ageMaxMs) return undefined;
    const entries: (StoredEntry | undefined)[] = [];
    for (const ref of refs) {
      const entry = recent.known.get(ref);
      if (entry === undefined) return undefined;
      entries.push(entry === null ? undefined : fresh(entry));
    }
    const given = this.#now();
    const now = given === '' ? Math.floor(recent.now + age) : Number(given);
    const { head, totals } = recent;
    return { head, time: Math.max(now, head.time), entries, scopes: [], totals };
  }

  /** A view from here did not hold. */
  missed(state: LedgerState): void {
    const { last = 0 } = this.#rests.get(state) ?? {};
    const next = Math.min(restMax, Math.max(1, last * 2));
    this.#rests.set(state, { left: next, last: next });
    this.forget(state);
  }

  forget(state: LedgerState): void {
    this.#recent.delete(state);
  }

  /** Notes a commit of this process. All of its view held at `base`. */
  note(state: LedgerState, change: AppliedChange): void {
    const { reads, view, decision, base, time, incarnation, now, totals } = change;
    if (decision.revisions === 0 || !this.#isRested(state)) {
      this.forget(state);
      return;
    }
    const before = this.#recent.get(state);
    const isNext =
      before?.head.revision === base && before.head.incarnation === view.head.incarnation;
    const known = isNext ? before.known : new Known();
    if (!('totals' in view)) {
      for (const [index, ref] of reads.refs.entries()) {
        const entry = view.entries[index];
        known.set(ref, entry === undefined ? null : fresh(entry));
      }
    }
    for (const write of decision.writes) {
      known.set(write, write.kind === 'put' ? storedOf(write, base + write.offset, time) : null);
    }
    if (known.bytes > this.#ledgerBytesMax) {
      this.forget(state);
      return;
    }
    const [trimmed = 0, count = 0, stored = 0, logBytes = 0] = totals.split(' ').map(Number);
    const revision = base + decision.revisions;
    const at = this.#clock.monotonic();
    const counts = { trimmed, entries: count, bytes: stored, logBytes };
    const head = Object.freeze({ incarnation, revision, time, ...counts });
    this.#recent.set(state, { head, totals, now, at, known });
    if (isNext) this.#rests.delete(state);
  }

  /** Whether it is to be tried again after this commit. */
  #isRested(state: LedgerState): boolean {
    const rest = this.#rests.get(state);
    if (rest === undefined) return true;
    rest.left -= 1;
    return rest.left <= 0;
  }
}
