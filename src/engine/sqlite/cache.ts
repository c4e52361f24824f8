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
 * C5. What is not kept is mostly told by one bit: a look into maps of a hundred thousand entries
 *     costs a cold read a twentieth of its time.
 *
 * Not here: whether what is kept still holds (ledgers.ts), and copying (read.ts).
 */
import type { StoredEntry } from '../entry.ts';

/** What one entry takes beside its texts: the object, its numbers, its place in a map. */
const overheadBytes = 160;

/** What stands for a scope: the object itself finds its entries. */
interface Scope {
  readonly id: number;
}

interface Generation {
  readonly scopes: Map<Scope, Map<string, StoredEntry | null>>;
  readonly marks: Marks;
}

function newGeneration(marks = new Marks()): Generation {
  return { scopes: new Map(), marks };
}

export class EntryCache {
  readonly #halfBytes: number;
  #young = newGeneration();
  #old = newGeneration();
  #youngBytes = 0;
  readonly #visitors = new Marks();
  #visits = 0;

  constructor(capacityBytes: number) {
    this.#halfBytes = capacityBytes / 2;
  }

  /** The entry, `null` if it is known to be absent, undefined if nothing is known. */
  get(scope: Scope, key: string): StoredEntry | null | undefined {
    const mark = markOf(scope, key);
    const young = find(this.#young, scope, key, mark);
    if (young !== undefined) return young;
    const old = find(this.#old, scope, key, mark);
    if (old !== undefined) this.#keep(scope, key, old, mark);
    return old;
  }

  /**
   * Keeps an entry that was met before, and replaces what is kept of it. `entry` becomes the
   * cache's own: nobody may change it any more.
   */
  set(scope: Scope, key: string, entry: StoredEntry | null): void {
    const mark = markOf(scope, key);
    const entries = this.#young.marks.has(mark) ? this.#young.scopes.get(scope) : undefined;
    const before = entries?.get(key);
    if (before !== undefined && entries !== undefined) {
      // What is written again and again is found once.
      const youngBytes = this.#youngBytes + bytesOf(key, entry) - bytesOf(key, before);
      if (youngBytes <= this.#halfBytes) {
        entries.set(key, frozen(entry));
        this.#youngBytes = youngBytes;
        return;
      }
    }
    const isKept = before !== undefined || find(this.#old, scope, key, mark) !== undefined;
    if (isKept) this.#keep(scope, key, entry, mark);
    else this.#meet(scope, key, entry, mark);
  }

  /** `set` of an entry that was looked for here and not found: it is not looked for again. */
  add(scope: Scope, key: string, entry: StoredEntry | null): void {
    this.#meet(scope, key, entry, markOf(scope, key));
  }

  clear(): void {
    this.#young = newGeneration();
    this.#old = newGeneration();
    this.#youngBytes = 0;
  }

  #meet(scope: Scope, key: string, entry: StoredEntry | null, mark: number): void {
    if (this.#visitors.has(mark)) return this.#keep(scope, key, entry, mark);
    if (this.#visits >= visitsMax) {
      this.#visitors.clear();
      this.#visits = 0;
    }
    this.#visitors.add(mark);
    this.#visits += 1;
  }

  /** One that is too large is forgotten instead. */
  #keep(scope: Scope, key: string, entry: StoredEntry | null, mark: number): void {
    const bytes = bytesOf(key, entry);
    const isKept = bytes <= this.#halfBytes;
    if (isKept && this.#youngBytes + bytes > this.#halfBytes) this.#turn();
    let entries = this.#young.scopes.get(scope);
    if (entries === undefined) {
      entries = new Map();
      this.#young.scopes.set(scope, entries);
    }
    const before = entries.get(key);
    if (before !== undefined) this.#youngBytes -= bytesOf(key, before);
    if (!isKept) {
      entries.delete(key);
      this.#old.scopes.get(scope)?.delete(key);
      return;
    }
    this.#youngBytes += bytes;
    entries.set(key, frozen(entry));
    this.#young.marks.add(mark);
  }

  #turn(): void {
    const { marks } = this.#old;
    marks.clear();
    this.#old = this.#young;
    this.#young = newGeneration(marks);
    this.#youngBytes = 0;
  }
}

function find(
  { scopes, marks }: Generation,
  scope: Scope,
  key: string,
  mark: number,
): StoredEntry | null | undefined {
  return marks.has(mark) ? scopes.get(scope)?.get(key) : undefined;
}

const marksCount = 2 ** 20;
/**
 * Who was met of late is known by one bit each (the doorkeeper of TinyLFU, Einziger, Friedman and
 * Manes 2017). Up to 6 % of strangers are taken for acquaintances, which costs their keeping, no
 * more.
 */
const visitsMax = 2 ** 16;

/** One bit for each key of each scope; some have to share it. */
class Marks {
  readonly #bits = new Uint8Array(marksCount / 8);

  has(mark: number): boolean {
    return ((this.#bits[mark >>> 3] ?? 0) & (1 << (mark & 7))) !== 0;
  }

  add(mark: number): void {
    this.#bits[mark >>> 3] = (this.#bits[mark >>> 3] ?? 0) | (1 << (mark & 7));
  }

  clear(): void {
    this.#bits.fill(0);
  }
}

/** FNV-1a, folded so that the low bits depend on all of the key. */
function markOf({ id }: Scope, key: string): number {
  let hash = Math.imul(2_166_136_261 ^ id, 16_777_619);
  for (let at = 0; at < key.length; at += 1) {
    hash = Math.imul(hash ^ key.charCodeAt(at), 16_777_619);
  }
  return ((hash ^ (hash >>> 15)) >>> 0) % marksCount;
}

/** So that an entry of text can be handed out as it is. */
function frozen(entry: StoredEntry | null): StoredEntry | null {
  return entry === null ? null : Object.freeze(entry);
}

function bytesOf(key: string, entry: StoredEntry | null): number {
  if (entry === null) return overheadBytes + key.length;
  // A row that names a large value has that one's size.
  return overheadBytes + (entry.external ? key.length + entry.content.length : entry.size);
}
