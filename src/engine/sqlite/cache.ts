/**
 * Entries kept in memory, by bytes, in two generations.
 *
 * C1. An entry is found in the young generation or is moved there from the old one. When the young
 *     one holds half of the capacity it becomes the old one, and what was old is forgotten: what
 *     is used stays, and a hit in the young generation changes nothing.
 * C2. Entries are found by the object that stands for their scope. Whoever drops that object has
 *     dropped the entries: nothing is invalidated one by one.
 * C3. That an entry is absent is kept too (`null`).
 * C4. What is met once is not kept: entries that nobody asks for again would cost more to keep (the
 *     collector copies whatever lives on) than to read. The second meeting keeps them.
 *
 * Not here: whether what is kept still holds (ledgers.ts), and copying (read.ts).
 */
import type { Content, StoredEntry } from '../entry.ts';

/** What one entry takes beside its texts: the object, its numbers, its place in a map. */
const overheadBytes = 160;

/** What stands for a scope: the object itself finds its entries. */
interface Scope {
  readonly id: number;
}

type Generation = Map<Scope, Map<string, StoredEntry | null>>;

export class EntryCache {
  readonly #halfBytes: number;
  #young: Generation = new Map();
  #old: Generation = new Map();
  #youngBytes = 0;
  readonly #visitors = new Visitors();

  constructor(capacityBytes: number) {
    this.#halfBytes = capacityBytes / 2;
  }

  /** The entry, `null` if it is known to be absent, undefined if nothing is known. */
  get(scope: Scope, key: string): StoredEntry | null | undefined {
    const young = this.#young.get(scope)?.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(scope)?.get(key);
    if (old !== undefined) this.#keep(scope, key, old, bytesOf(key, old));
    return old;
  }

  /**
   * Keeps an entry that was met before, and replaces what is kept of it. `entry` becomes the
   * cache's own: nobody may change it any more.
   */
  set(scope: Scope, key: string, entry: StoredEntry | null): void {
    const young = this.#young.get(scope);
    const old = this.#old.get(scope);
    const isKept = young?.has(key) === true || old?.has(key) === true;
    if (!isKept) return this.add(scope, key, entry);
    const bytes = bytesOf(key, entry);
    if (bytes <= this.#halfBytes) return this.#keep(scope, key, entry, bytes);
    young?.delete(key);
    old?.delete(key);
  }

  /** `set` of an entry that was looked for here and not found: it is not looked for again. */
  add(scope: Scope, key: string, entry: StoredEntry | null): void {
    if (!this.#visitors.knows(scope.id, key)) return;
    const bytes = bytesOf(key, entry);
    if (bytes <= this.#halfBytes) this.#keep(scope, key, entry, bytes);
  }

  clear(): void {
    this.#young = new Map();
    this.#old = new Map();
    this.#youngBytes = 0;
  }

  #keep(scope: Scope, key: string, entry: StoredEntry | null, bytes: number): void {
    if (this.#youngBytes + bytes > this.#halfBytes) this.#turn();
    let entries = this.#young.get(scope);
    if (entries === undefined) {
      entries = new Map();
      this.#young.set(scope, entries);
    }
    const before = entries.get(key);
    this.#youngBytes += before === undefined ? bytes : bytes - bytesOf(key, before);
    // So that an entry of text can be handed out as it is.
    entries.set(key, entry === null ? null : Object.freeze(entry));
  }

  #turn(): void {
    this.#old = this.#young;
    this.#young = new Map();
    this.#youngBytes = 0;
  }
}

const visitorBits = 2 ** 20;
const visitorsMax = 2 ** 16;

/**
 * Who was met of late, by one bit each (the doorkeeper of TinyLFU, Einziger, Friedman and Manes
 * 2017). Up to 6 % of strangers are taken for acquaintances, which costs their keeping, no more.
 */
class Visitors {
  readonly #bits = new Uint8Array(visitorBits / 8);
  #count = 0;

  /** Whether a key was met before; from now on it was. */
  knows(scope: number, key: string): boolean {
    const bit = hashOf(scope, key) % visitorBits;
    const [byte, mask] = [bit >>> 3, 1 << (bit & 7)];
    const seen = this.#bits[byte] ?? 0;
    if ((seen & mask) !== 0) return true;
    if (this.#count >= visitorsMax) {
      this.#bits.fill(0);
      this.#count = 0;
    }
    this.#bits[byte] = (this.#bits[byte] ?? 0) | mask;
    this.#count += 1;
    return false;
  }
}

/** FNV-1a, folded so that the low bits depend on all of the key. */
function hashOf(scope: number, key: string): number {
  let hash = Math.imul(2_166_136_261 ^ scope, 16_777_619);
  for (let at = 0; at < key.length; at += 1) {
    hash = Math.imul(hash ^ key.charCodeAt(at), 16_777_619);
  }
  return (hash ^ (hash >>> 15)) >>> 0;
}

function bytesOf(key: string, entry: StoredEntry | null): number {
  return overheadBytes + key.length + (entry === null ? 0 : contentBytes(entry.content));
}

function contentBytes(content: Content): number {
  return typeof content === 'string' ? content.length : content.byteLength;
}
