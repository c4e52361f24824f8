/**
 * The state of one ledger in memory: its head, its entries by scope, its expiry index.
 *
 * L1. `put` and `remove` keep the entries and the expiry index in step.
 * L2. Contents are copied on the way in; `fresh` copies them on the way out.
 * L3. A scope without entries is kept while its revision is above `head.trimmed`: a check of
 *     "unchanged since" still needs it. Below that the log is gone and so is whoever could ask.
 *
 * Not here: deciding what to write (transact.ts), the log's rows (log.ts), reading (read.ts).
 */
import { SortedMap } from '../../internal/sorted-map.ts';
import { compareText } from '../../internal/text-order.ts';
import type { Content, Head, Incarnation, Ref, ScopeStat, StoredEntry } from '../entry.ts';
import type { Applied, PutWrite, ScopeDelta } from '../transaction.ts';
import { storedOf } from '../kept-entry.ts';
import { MemoryLog } from './log.ts';

/** Scopes that count for their ledger's head; these belong to the ledger itself. */
const uncountedPrefix = '$ledger/';

export interface MemoryScope {
  stat: ScopeStat;
  readonly entries: SortedMap<string, StoredEntry>;
}

interface ExpiryKey extends Ref {
  readonly expiresAt: number;
}

/** The last stamp of a member that was applied or, without `applied`, fenced. */
export interface LastStamp {
  readonly sequence: number;
  readonly applied: Applied | undefined;
}

export class MemoryLedger {
  readonly name: string;
  readonly scopes = new SortedMap<string, MemoryScope>(compareText);
  readonly expiry = new SortedMap<ExpiryKey, StoredEntry>(compareExpiry);
  readonly log = new MemoryLog();
  readonly stamps = new Map<string, LastStamp>();
  readonly incarnations: Incarnation[] = [];
  readonly #emptied = new Set<string>();
  #revision = 0;
  #time = 0;
  #entries = 0;
  #bytes = 0;

  constructor(name: string) {
    this.name = name;
  }

  get head(): Head {
    return {
      incarnation: this.incarnations.at(-1)?.id ?? '',
      revision: this.#revision,
      time: this.#time,
      trimmed: this.log.trimmed,
      entries: this.#entries,
      bytes: this.#bytes,
      logBytes: this.log.bytes,
    };
  }

  entry(ref: Ref): StoredEntry | undefined {
    return this.scopes.get(ref.scope)?.entries.get(ref.key);
  }

  stat(scope: string): ScopeStat {
    return this.scopes.get(scope)?.stat ?? { scope, entries: 0, bytes: 0, revision: 0 };
  }

  /** Takes the next `revisions` for a commit of `incarnation` at `time`. */
  advance(revisions: number, time: number, incarnation: string): void {
    if (this.incarnations.at(-1)?.id !== incarnation) {
      this.incarnations.push({ id: incarnation, from: this.#revision });
    }
    this.#revision += revisions;
    this.#time = time;
  }

  put(write: PutWrite, base: number, time: number): void {
    const { scope, key, expiresAt } = write;
    const entry = storedOf(write, base + write.offset, time);
    this.remove(write);
    this.#scope(scope).entries.set(key, entry);
    if (expiresAt !== undefined) this.expiry.set({ scope, key, expiresAt }, entry);
  }

  remove({ scope, key }: Ref): void {
    const entries = this.scopes.get(scope)?.entries;
    const expiresAt = entries?.get(key)?.expiresAt;
    if (expiresAt !== undefined) this.expiry.delete({ scope, key, expiresAt });
    entries?.delete(key);
  }

  count(delta: ScopeDelta, base: number): void {
    const scope = this.#scope(delta.scope);
    const { entries, bytes, revision } = scope.stat;
    scope.stat = {
      scope: delta.scope,
      entries: entries + delta.entries,
      bytes: bytes + delta.bytes,
      revision: delta.offset === undefined ? revision : Math.max(revision, base + delta.offset),
    };
    if (!delta.scope.startsWith(uncountedPrefix)) {
      this.#entries += delta.entries;
      this.#bytes += delta.bytes;
    }
    if (scope.stat.entries === 0) this.#emptied.add(delta.scope);
  }

  /** Forgets the scopes that are empty and that nobody can ask about any more: after a trim. */
  prune(): void {
    for (const name of this.#emptied) {
      const scope = this.scopes.get(name);
      const isEmpty = scope !== undefined && scope.entries.size === 0 && scope.stat.entries === 0;
      if (!isEmpty) this.#emptied.delete(name);
      else if (scope.stat.revision <= this.log.trimmed) {
        this.#emptied.delete(name);
        this.scopes.delete(name);
      }
    }
  }

  #scope(name: string): MemoryScope {
    const known = this.scopes.get(name);
    if (known !== undefined) return known;
    const added: MemoryScope = {
      stat: { scope: name, entries: 0, bytes: 0, revision: 0 },
      entries: new SortedMap(compareText),
    };
    this.scopes.set(name, added);
    return added;
  }
}

/** An entry that its receiver may change without reaching the stored one. */
export function fresh(entry: StoredEntry): StoredEntry {
  return { ...entry, content: copyOf(entry.content) };
}

function copyOf(content: Content): Content {
  return typeof content === 'string' ? content : new Uint8Array(content);
}

function compareExpiry(a: ExpiryKey, b: ExpiryKey): number {
  return a.expiresAt - b.expiresAt || compareText(a.scope, b.scope) || compareText(a.key, b.key);
}
