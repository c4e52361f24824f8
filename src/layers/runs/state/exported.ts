/**
 * State as data that can leave: plain JSON, bytes in base64, every value wrapped, so that nothing
 * a user stored can be taken for a marker.
 */
import { HoldfastError } from '../../../errors/index.ts';
import { limits, StoredValue } from '../../../ledger/index.ts';
import {
  checkExecutor,
  checkListName,
  checkStateKey,
  indexOf,
  listPrefix,
  placeName,
  placeOf,
} from './place.ts';
import type { RunState, StateChanges, StateSource } from './run-state.ts';

/** One value: of a shared key, or of `executor`'s own; or one item of a list. */
export interface ExportedEntry {
  readonly executor?: string;
  readonly key?: string;
  readonly list?: string;
  readonly index?: number;
  readonly json?: unknown;
  readonly base64?: string;
}

export interface ExportedState {
  readonly format: number;
  readonly entries: readonly ExportedEntry[];
}

const formatVersion = 1;

export function exportedState(state: RunState): ExportedState {
  const entries = Array.from(state.entries(), ([place, value]) => exportedEntry(place, value));
  return { format: formatVersion, entries };
}

function exportedEntry(place: string, value: StoredValue): ExportedEntry {
  const { kind: _kind, executor, ...named } = placeName(place);
  const owner = executor === undefined ? {} : { executor };
  const bytes = value.content;
  if (typeof bytes === 'string') return { ...owner, ...named, json: value.decode() };
  return { ...owner, ...named, base64: toBase64(bytes) };
}

/**
 * What exported state makes of `state`: its keys on top, its lists in place of those of the same
 * name. Throws `invalid_argument` for what is no exported state.
 */
export function importedState(exported: ExportedState, state: StateSource): StateChanges {
  const { format, entries }: Partial<ExportedState> = exported ?? {};
  if (format !== formatVersion || !isList(entries)) {
    throw invalid(`not a state of format ${formatVersion}`);
  }
  const changes = new Map<string, StoredValue | undefined>();
  const lists = new Map<string, number[]>();
  for (const entry of entries) {
    const [place, value] = importedEntry(entry);
    changes.set(place, value);
    if (entry.list === undefined) continue;
    const prefix = listPrefix(entry.executor, entry.list);
    lists.set(prefix, [...(lists.get(prefix) ?? []), indexOf(prefix, place)]);
  }
  for (const [prefix, indexes] of lists) {
    const span = Math.max(...indexes) - Math.min(...indexes) + 1;
    if (span !== indexes.length) throw invalid('a list has gaps');
    for (const place of state.places(prefix)) {
      if (!changes.has(place)) changes.set(place, undefined);
    }
  }
  return changes;
}

function importedEntry(entry: ExportedEntry): [place: string, value: StoredValue] {
  const { executor, key, list, index, json, base64 } = entry;
  if (executor !== undefined) checkExecutor(executor);
  if ((json === undefined) === (base64 === undefined)) throw invalid('a value is json or base64');
  const given = base64 === undefined ? json : fromBase64(base64);
  const value = StoredValue.of(given, limits.valueBytesMax);
  if (key !== undefined) {
    checkStateKey(key);
    return [placeOf({ kind: 'key', executor, key }), value];
  }
  if (list?.startsWith('$') !== true) checkListName(list);
  if (!Number.isSafeInteger(index) || index === undefined || index < 0) {
    throw invalid('an item of a list has an index');
  }
  return [placeOf({ kind: 'item', executor, list, index }), value];
}

function isList(entries: unknown): entries is readonly ExportedEntry[] {
  return Array.isArray(entries);
}

function invalid(reason: string): HoldfastError {
  return new HoldfastError('invalid_argument', `this cannot be imported: ${reason}`);
}

function toBase64(bytes: Uint8Array): string {
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}

function fromBase64(text: string): Uint8Array {
  try {
    return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
  } catch (cause) {
    throw new HoldfastError('invalid_argument', 'base64 that cannot be read', { cause });
  }
}
