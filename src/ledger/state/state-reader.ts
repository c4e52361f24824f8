/**
 * Reading the state: entries, scans and counts, with the dead left out.
 *
 * S1. Expiry is judged by the time of the read, for each entry: nothing dead is ever returned.
 * S2. All pages of a scan show the scope as of the first page's revision: what changed since is
 *     rolled back with the log. An entry that has died since is left out all the same.
 */
import type { Engine, Head, Ref, ScanRange, StoredEntry } from '../../engine/index.ts';
import { HoldfastError } from '../../errors/index.ts';
import { compareText, prefixSuccessor } from '../../internal/text-order.ts';
import type { Entry, EntryHead } from '../entry.ts';
import { decodeExternal } from '../keyspace/external.ts';
import type { ExternalRef } from '../keyspace/external.ts';
import type { Page, ScanQuery, ScopeInfo, ScopesQuery } from '../ledger.ts';
import { tuning } from '../group/tuning.ts';
import { limits } from '../limits.ts';
import { loadLargeValues } from '../log/large-values.ts';
import { positionOf } from '../log/reader.ts';
import type { LogReader } from '../log/reader.ts';
import { isNamed } from '../log/decode.ts';
import type { LogValue, NamedChange } from '../log/decode.ts';
import type { Position } from '../position.ts';
import { decodeCursor, encodeCursor } from './cursor.ts';
import { StoredValue } from '../value/index.ts';

/** An entry whose large value is only named. */
interface NamedEntry extends EntryHead {
  readonly value: LogValue;
}

export class StateReader {
  readonly #engine: Engine;
  readonly #ledger: string;
  readonly #log: LogReader;

  constructor(engine: Engine, ledger: string, log: LogReader) {
    this.#engine = engine;
    this.#ledger = ledger;
    this.#log = log;
  }

  async read(refs: readonly Ref[]): Promise<(Entry | undefined)[]> {
    for (;;) {
      const { entries, time } = await this.#engine.read(this.#ledger, refs);
      let large = false;
      const found: (Entry | undefined)[] = [];
      for (const entry of entries) {
        if (entry === undefined || isDead(entry, time)) found.push(undefined);
        else if (entry.external) {
          large = true;
          found.push(undefined);
        } else found.push(entryOf(entry));
      }
      if (!large) return found;
      const alive = entries.map((entry) =>
        entry === undefined || isDead(entry, time) ? undefined : namedOf(entry),
      );
      const resolved = await this.#resolve(alive);
      if (resolved !== undefined) return resolved;
    }
  }

  async scan(query: ScanQuery, keysOnly: boolean): Promise<Page<Entry | EntryHead>> {
    const range = rangeOf(query, keysOnly);
    for (;;) {
      const { entries, head, time } = await this.#engine.scan(this.#ledger, range);
      const cursor = query.cursor === undefined ? undefined : decodeCursor(query.cursor);
      const position = cursor?.position ?? positionOf(head);
      const full = entries.length >= range.limit;
      const last = entries.at(-1)?.key;
      let named = entries.map((entry) => namedOf(entry, keysOnly));
      if (cursor !== undefined && !samePlace(position, head)) {
        const reached = full ? last : undefined;
        named = await this.#rollBack(named, range, reached, position);
      }
      const alive = named.filter((entry) => !isDead(entry, time));
      // What was deleted since comes on top of what is there: the rest is for the next page.
      const shown = alive.slice(0, keysOnly ? range.limit : fittingCount(alive, range.limit));
      const items = keysOnly
        ? shown.map(({ value: _, ...entryHead }) => entryHead)
        : await this.#resolve(shown);
      if (items === undefined) continue;
      const after = alive.length > shown.length ? shown.at(-1)?.key : full ? last : undefined;
      const next = after === undefined ? undefined : encodeCursor({ position, after });
      return { items: items as (Entry | EntryHead)[], cursor: next, position };
    }
  }

  async scopes(query: ScopesQuery): Promise<Page<ScopeInfo>> {
    const { prefix, internal = false, limit = limits.scanLimitDefault } = query;
    const cursor = query.cursor === undefined ? undefined : decodeCursor(query.cursor);
    const items: ScopeInfo[] = [];
    let after = cursor?.after;
    for (;;) {
      const { scopes, head } = await this.#engine.scopes(this.#ledger, {
        from: prefix,
        to: prefix === undefined ? undefined : prefixSuccessor(prefix),
        after,
        limit,
      });
      for (const census of scopes) {
        after = census.scope;
        // The engine's upper bound is inclusive; the prefix's successor does not have the prefix.
        if (prefix !== undefined && !census.scope.startsWith(prefix)) continue;
        const info = infoOf(census);
        if (info.entries > 0 && (internal || !info.scope.startsWith('$'))) items.push(info);
        if (items.length === limit) break;
      }
      const position = cursor?.position ?? positionOf(head);
      const more = scopes.length === limit || items.length === limit;
      if (items.length === limit || !more) {
        const next = more && after !== undefined ? encodeCursor({ position, after }) : undefined;
        return { items, cursor: next, position };
      }
    }
  }

  async scope(name: string): Promise<ScopeInfo> {
    const { scopes } = await this.#engine.scopes(this.#ledger, { from: name, limit: 1 });
    const census = scopes[0];
    if (census?.scope !== name) return { scope: name, entries: 0, bytes: 0, revision: 0 };
    return infoOf(census);
  }

  /**
   * Entries that are dead by then, found by looking at every entry: for when the store has so many
   * dead that the engine's list of them says nothing about one ledger.
   */
  async deadBy(moment: number, scopes?: ReadonlySet<string>): Promise<Ref[]> {
    const dead: Ref[] = [];
    for (const scope of scopes ?? (await this.#allScopes())) {
      const range = { scope, reverse: false, limit: limits.scanLimitMax, keysOnly: true };
      for (let after: string | undefined; ;) {
        const { entries } = await this.#engine.scan(this.#ledger, { ...range, after });
        for (const entry of entries) {
          if (isDead(entry, moment)) dead.push({ scope, key: entry.key });
        }
        after = entries.at(-1)?.key;
        if (after === undefined) break;
      }
    }
    return dead;
  }

  async #allScopes(): Promise<string[]> {
    const names: string[] = [];
    for (;;) {
      const query = { after: names.at(-1), limit: limits.scanLimitMax };
      const { scopes } = await this.#engine.scopes(this.#ledger, query);
      if (scopes.length === 0) return names;
      names.push(...scopes.map(({ scope }) => scope));
    }
  }

  /** Undefined if a value went away between the reads: the caller reads again. */
  async #resolve(
    entries: readonly (NamedEntry | undefined)[],
  ): Promise<(Entry | undefined)[] | undefined> {
    const wanted: ExternalRef[] = [];
    for (const entry of entries) {
      if (entry !== undefined && isNamed(entry.value)) wanted.push(entry.value);
    }
    const loaded =
      wanted.length === 0 ? undefined : await loadLargeValues(this.#engine, this.#ledger, wanted);
    const resolved: (Entry | undefined)[] = [];
    for (const entry of entries) {
      if (entry === undefined) {
        resolved.push(undefined);
        continue;
      }
      const value = isNamed(entry.value) ? loaded?.get(entry.value.id) : entry.value;
      if (value === undefined) return undefined;
      resolved.push({ ...entry, value });
    }
    return resolved;
  }

  /** The entries of a page as they were at `position`, up to the key that the page reached. */
  async #rollBack(
    entries: readonly NamedEntry[],
    range: ScanRange,
    reached: string | undefined,
    position: Position,
  ): Promise<NamedEntry[]> {
    const before = new Map<string, NamedEntry | undefined>();
    for (let at = position; ;) {
      const page = await this.#log.named(at.revision, { scope: range.scope }, at);
      if (page.kind !== 'commits') throw goneCursor(page.kind);
      for (const { changes } of page.commits) {
        for (const change of changes) {
          if (before.has(change.key)) continue;
          // What was erased since is gone from the past too.
          before.set(change.key, change.erased === true ? undefined : previousOf(change));
        }
      }
      if (page.through.revision >= page.head.revision) break;
      at = page.through;
    }
    const kept = entries.filter((entry) => !before.has(entry.key));
    for (const [key, entry] of before) {
      if (entry !== undefined && isInRange(key, range, reached)) kept.push(entry);
    }
    kept.sort((a, b) => compareText(a.key, b.key) * (range.reverse ? -1 : 1));
    return kept;
  }
}

function rangeOf(query: ScanQuery, keysOnly: boolean): ScanRange {
  const { scope, prefix, reverse = false, limit = limits.scanLimitDefault } = query;
  let { from, to } = query;
  if (prefix !== undefined) {
    const end = prefixSuccessor(prefix);
    if (from === undefined || compareText(from, prefix) < 0) from = prefix;
    if (end !== undefined && (to === undefined || compareText(to, end) > 0)) to = end;
  }
  const after = query.cursor === undefined ? undefined : decodeCursor(query.cursor).after;
  return { scope, from, to, after, reverse, limit, keysOnly };
}

function isInRange(key: string, range: ScanRange, reached: string | undefined): boolean {
  const { from, to, after, reverse } = range;
  if (from !== undefined && compareText(key, from) < 0) return false;
  if (to !== undefined && compareText(key, to) >= 0) return false;
  const direction = reverse ? -1 : 1;
  if (after !== undefined && compareText(key, after) * direction <= 0) return false;
  return reached === undefined || compareText(key, reached) * direction <= 0;
}

/**
 * How many of the entries a page may show: a page of large values must fit into memory and frames.
 */
function fittingCount(entries: readonly NamedEntry[], limit: number): number {
  let bytes = 0;
  let count = 0;
  for (const { size } of entries) {
    bytes += size;
    if (count >= limit || (count > 0 && bytes > tuning.pageBytes)) break;
    count += 1;
  }
  return count;
}

function samePlace(position: Position, head: Head): boolean {
  return position.revision === head.revision && position.incarnation === head.incarnation;
}

function isDead(entry: { readonly expiresAt: number | undefined }, time: number): boolean {
  return entry.expiresAt !== undefined && entry.expiresAt <= time;
}

function entryOf(entry: StoredEntry): Entry {
  const { scope, key, version, createdAt, updatedAt, expiresAt, schema, size } = entry;
  const value = StoredValue.trusted(entry.content);
  return { scope, key, version, createdAt, updatedAt, expiresAt, schema, size, value };
}

function namedOf(entry: StoredEntry, keysOnly = false): NamedEntry {
  if (!entry.external || keysOnly) return entryOf(entry);
  return { ...entryOf({ ...entry, content: '' }), value: decodeExternal(entry.content) };
}

function previousOf({ scope, key, previous }: NamedChange): NamedEntry | undefined {
  return previous && { scope, key, ...previous };
}

function infoOf(census: {
  readonly scope: string;
  readonly entries: number;
  readonly bytes: number;
  readonly revision: number;
  readonly expiredEntries: number;
  readonly expiredBytes: number;
}): ScopeInfo {
  const { scope, revision } = census;
  return {
    scope,
    entries: census.entries - census.expiredEntries,
    bytes: census.bytes - census.expiredBytes,
    revision,
  };
}

function goneCursor(kind: 'trimmed' | 'regressed'): HoldfastError {
  return new HoldfastError(kind, 'the log no longer reaches back to where this scan began', {
    details: { what: 'cursor' },
  });
}
