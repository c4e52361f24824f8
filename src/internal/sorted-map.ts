/**
 * A map that is iterated in the order of its keys, in either direction, from any place.
 *
 * Keys and values lie in chunks of at most `chunkSizeMax`, so that finding is two binary searches
 * and inserting moves one chunk, whatever the size of the map. JavaScript has no ordered map, and a
 * single sorted array moves megabytes for each insertion once it is large.
 *
 * M1. No chunk is empty; chunks and the keys in them ascend by `compare`.
 * M2. A key occurs once.
 * M3. Changing the map ends the iterations that are under way: they may skip or repeat keys.
 *
 * Not here: copying. Keys and values are handed out as they were put in.
 */

const chunkSizeMax = 256;

interface Chunk<K, V> {
  readonly keys: K[];
  readonly values: V[];
}

/** Bounds of an iteration. `from` is inclusive; `above`, `to` and `below` are exclusive. */
export interface Bounds<K> {
  readonly from?: K | undefined;
  readonly above?: K | undefined;
  readonly to?: K | undefined;
  readonly below?: K | undefined;
}

export class SortedMap<K, V> {
  readonly #compare: (a: K, b: K) => number;
  #chunks: Chunk<K, V>[] = [];
  #size = 0;

  constructor(compare: (a: K, b: K) => number) {
    this.#compare = compare;
  }

  get size(): number {
    return this.#size;
  }

  get(key: K): V | undefined {
    const chunk = this.#chunks[this.#chunkOf(key)];
    if (chunk === undefined) return undefined;
    const index = this.#indexIn(chunk, key);
    return this.#holds(chunk, index, key) ? chunk.values[index] : undefined;
  }

  has(key: K): boolean {
    const chunk = this.#chunks[this.#chunkOf(key)];
    return chunk !== undefined && this.#holds(chunk, this.#indexIn(chunk, key), key);
  }

  set(key: K, value: V): void {
    const place = this.#chunkOf(key);
    const chunk = this.#chunks[place];
    if (chunk === undefined) {
      this.#chunks.push({ keys: [key], values: [value] });
      this.#size += 1;
      return;
    }
    const index = this.#indexIn(chunk, key);
    if (this.#holds(chunk, index, key)) {
      chunk.values[index] = value;
      return;
    }
    chunk.keys.splice(index, 0, key);
    chunk.values.splice(index, 0, value);
    this.#size += 1;
    if (chunk.keys.length > chunkSizeMax) this.#split(place, chunk);
  }

  /** Whether the key was there. */
  delete(key: K): boolean {
    const place = this.#chunkOf(key);
    const chunk = this.#chunks[place];
    if (chunk === undefined) return false;
    const index = this.#indexIn(chunk, key);
    if (!this.#holds(chunk, index, key)) return false;
    chunk.keys.splice(index, 1);
    chunk.values.splice(index, 1);
    this.#size -= 1;
    this.#join(place, chunk);
    return true;
  }

  clear(): void {
    this.#chunks = [];
    this.#size = 0;
  }

  /** The pairs within the bounds, ascending, or descending if `reverse`. */
  *entries(bounds: Bounds<K> = {}, reverse = false): Generator<readonly [K, V], void, undefined> {
    const [startChunk, startIndex] = this.#start(bounds);
    const [endChunk, endIndex] = this.#end(bounds);
    const step = reverse ? -1 : 1;
    const last = reverse ? startChunk : endChunk;
    let place = reverse ? endChunk : startChunk;
    for (; reverse ? place >= last : place <= last; place += step) {
      const chunk = this.#chunks[place];
      if (chunk === undefined) continue;
      const low = place === startChunk ? startIndex : 0;
      const high = place === endChunk ? endIndex : chunk.keys.length;
      for (let count = 0; count < high - low; count += 1) {
        const index = reverse ? high - 1 - count : low + count;
        yield [chunk.keys[index] as K, chunk.values[index] as V];
      }
    }
  }

  /** The place of the first pair within the bounds. */
  #start(bounds: Bounds<K>): [chunk: number, index: number] {
    let start: [number, number] = [0, 0];
    if (bounds.from !== undefined) start = this.#seek(bounds.from, false);
    if (bounds.above !== undefined) start = later(start, this.#seek(bounds.above, true));
    return start;
  }

  /** The place behind the last pair within the bounds. */
  #end(bounds: Bounds<K>): [chunk: number, index: number] {
    let end: [number, number] = [this.#chunks.length, 0];
    if (bounds.to !== undefined) end = this.#seek(bounds.to, false);
    if (bounds.below !== undefined) end = earlier(end, this.#seek(bounds.below, false));
    return end;
  }

  /** The place of the first key that is not below `key`, or, if `past`, of the first above it. */
  #seek(key: K, past: boolean): [chunk: number, index: number] {
    const place = this.#chunkOf(key);
    const chunk = this.#chunks[place];
    if (chunk === undefined) return [0, 0];
    const index = this.#indexIn(chunk, key);
    return [place, past && this.#holds(chunk, index, key) ? index + 1 : index];
  }

  /** The last chunk whose first key is not above `key`, or the first chunk. */
  #chunkOf(key: K): number {
    let low = 0;
    let high = this.#chunks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.#compare(this.#chunks[middle]?.keys[0] as K, key) <= 0) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** The index of the first key in the chunk that is not below `key`. */
  #indexIn(chunk: Chunk<K, V>, key: K): number {
    let low = 0;
    let high = chunk.keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#compare(chunk.keys[middle] as K, key) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #holds(chunk: Chunk<K, V>, index: number, key: K): boolean {
    return index < chunk.keys.length && this.#compare(chunk.keys[index] as K, key) === 0;
  }

  #split(place: number, chunk: Chunk<K, V>): void {
    // Keys that arrive in order keep full chunks behind them instead of halves.
    const appending = place === this.#chunks.length - 1;
    const kept = appending ? chunkSizeMax - 16 : chunkSizeMax >>> 1;
    this.#chunks.splice(place + 1, 0, {
      keys: chunk.keys.splice(kept),
      values: chunk.values.splice(kept),
    });
  }

  /** Removes an empty chunk and merges a small one, so that deletions do not leave crumbs. */
  #join(place: number, chunk: Chunk<K, V>): void {
    if (chunk.keys.length === 0) {
      this.#chunks.splice(place, 1);
      return;
    }
    const next = this.#chunks[place + 1];
    if (next === undefined || chunk.keys.length + next.keys.length > chunkSizeMax >>> 1) return;
    chunk.keys.push(...next.keys);
    chunk.values.push(...next.values);
    this.#chunks.splice(place + 1, 1);
  }
}

function isEarlier(a: [number, number], b: [number, number]): boolean {
  return a[0] < b[0] || (a[0] === b[0] && a[1] < b[1]);
}

function earlier(a: [number, number], b: [number, number]): [number, number] {
  return isEarlier(b, a) ? b : a;
}

function later(a: [number, number], b: [number, number]): [number, number] {
  return isEarlier(a, b) ? b : a;
}
