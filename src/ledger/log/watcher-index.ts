/**
 * Who wants a change, found by what it is rather than by asking everyone: a change costs the
 * watchers that it concerns, however many there are.
 *
 * Prefixes are looked up by the lengths that occur: a scope has few lengths and many prefixes.
 */
export interface Place {
  /** Undefined: every scope. */
  readonly scope?: string | undefined;
  readonly key?: string | undefined;
  readonly prefix?: string | undefined;
}

interface ScopeRow<W> {
  readonly whole: Set<W>;
  readonly keys: Map<string, Set<W>>;
  readonly prefixes: Map<string, Set<W>>;
  /** How many prefixes have a length. */
  readonly lengths: Map<number, number>;
}

export class WatcherIndex<W extends { readonly place: Place }> {
  readonly #everywhere = new Set<W>();
  readonly #scopes = new Map<string, ScopeRow<W>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(watcher: W): void {
    this.#size += 1;
    const { scope, key, prefix } = watcher.place;
    if (scope === undefined) {
      this.#everywhere.add(watcher);
      return;
    }
    const row = this.#row(scope);
    if (key !== undefined) addTo(row.keys, key, watcher);
    else if (prefix === undefined) row.whole.add(watcher);
    else if (addTo(row.prefixes, prefix, watcher)) {
      row.lengths.set(prefix.length, (row.lengths.get(prefix.length) ?? 0) + 1);
    }
  }

  delete(watcher: W): void {
    this.#size -= 1;
    const { scope, key, prefix } = watcher.place;
    if (scope === undefined) {
      this.#everywhere.delete(watcher);
      return;
    }
    const row = this.#row(scope);
    if (key !== undefined) removeFrom(row.keys, key, watcher);
    else if (prefix === undefined) row.whole.delete(watcher);
    else if (removeFrom(row.prefixes, prefix, watcher)) {
      const left = (row.lengths.get(prefix.length) ?? 1) - 1;
      if (left === 0) row.lengths.delete(prefix.length);
      else row.lengths.set(prefix.length, left);
    }
    if (row.whole.size + row.keys.size + row.prefixes.size === 0) this.#scopes.delete(scope);
  }

  /** Calls `visit` with everyone whose place holds the key. */
  visit(scope: string, key: string, visit: (watcher: W) => void): void {
    for (const watcher of this.#everywhere) visit(watcher);
    const row = this.#scopes.get(scope);
    if (row === undefined) return;
    for (const watcher of row.whole) visit(watcher);
    const own = row.keys.get(key);
    if (own !== undefined) for (const watcher of own) visit(watcher);
    for (const length of row.lengths.keys()) {
      if (length > key.length) continue;
      const found = row.prefixes.get(key.slice(0, length));
      if (found !== undefined) for (const watcher of found) visit(watcher);
    }
  }

  all(): W[] {
    const found = [...this.#everywhere];
    for (const { whole, keys, prefixes } of this.#scopes.values()) {
      found.push(...whole);
      for (const watchers of keys.values()) found.push(...watchers);
      for (const watchers of prefixes.values()) found.push(...watchers);
    }
    return found;
  }

  #row(scope: string): ScopeRow<W> {
    let row = this.#scopes.get(scope);
    if (row === undefined) {
      row = { whole: new Set(), keys: new Map(), prefixes: new Map(), lengths: new Map() };
      this.#scopes.set(scope, row);
    }
    return row;
  }
}

/** Whether a place holds a key. */
export function holds(place: Place, scope: string, key: string): boolean {
  if (place.scope === undefined) return true;
  if (place.scope !== scope) return false;
  if (place.key !== undefined && place.key !== key) return false;
  return place.prefix === undefined || key.startsWith(place.prefix);
}

/** Whether it is the first of its name. */
function addTo<W>(sets: Map<string, Set<W>>, name: string, watcher: W): boolean {
  const set = sets.get(name);
  set?.add(watcher);
  if (set === undefined) sets.set(name, new Set([watcher]));
  return set === undefined;
}

/** Whether it was the last of its name. */
function removeFrom<W>(sets: Map<string, Set<W>>, name: string, watcher: W): boolean {
  const set = sets.get(name);
  set?.delete(watcher);
  if (set?.size !== 0) return false;
  sets.delete(name);
  return true;
}
