/**
 * Entries kept in memory, by bytes, in two generations.
 *
 * C1. An entry is found in the young generation or is moved there from the old one. When the young
 *     one holds half of the capacity it becomes the old one, and what was old is forgotten: what
 *     is used stays, and a hit in the young generation changes nothing.
 * C2. Entries are found by the object that stands for their scope. Whoever drops that object has
 *     dropped the entries: nothing is invalidated one by one.
 * C3. That an entry is absent is kept too (`null`).
 *
 * Not here: whether what is kept still holds (ledgers.ts), and copying (read.ts).
 */
import type { Content, StoredEntry } from '../entry.ts';

/** What one entry takes beside its texts: the object, its numbers, its place in a map. */
const overheadBytes = 160;

type Generation = Map<object, Map<string, StoredEntry | null>>;

export class EntryCache {
  readonly #halfBytes: number;
  #young: Generation = new Map();
  #old: Generation = new Map();
  #youngBytes = 0;

  constructor(capacityBytes: number) {
    this.#halfBytes = capacityBytes / 2;
  }

  /** The entry, `null` if it is known to be absent, undefined if nothing is known. */
  get(scope: object, key: string): StoredEntry | null | undefined {
    const young = this.#young.get(scope)?.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(scope)?.get(key);
    if (old !== undefined) this.set(scope, key, old);
    return old;
  }

  /** `entry` becomes the cache's own: nobody may change it any more. */
  set(scope: object, key: string, entry: StoredEntry | null): void {
    const bytes = bytesOf(key, entry);
    if (bytes > this.#halfBytes) {
      this.#young.get(scope)?.delete(key);
      this.#old.get(scope)?.delete(key);
      return;
    }
    if (this.#youngBytes + bytes > this.#halfBytes) this.#turn();
    let entries = this.#young.get(scope);
    if (entries === undefined) {
      entries = new Map();
      this.#young.set(scope, entries);
    }
    const before = entries.get(key);
    this.#youngBytes += before === undefined ? bytes : bytes - bytesOf(key, before);
    entries.set(key, entry);
  }

  clear(): void {
    this.#young = new Map();
    this.#old = new Map();
    this.#youngBytes = 0;
  }

  #turn(): void {
    this.#old = this.#young;
    this.#young = new Map();
    this.#youngBytes = 0;
  }
}

function bytesOf(key: string, entry: StoredEntry | null): number {
  return overheadBytes + key.length + (entry === null ? 0 : contentBytes(entry.content));
}

function contentBytes(content: Content): number {
  return typeof content === 'string' ? content.length : content.byteLength;
}
