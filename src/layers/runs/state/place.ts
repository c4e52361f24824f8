/**
 * Places of a run's state: where a key, a private key and a list's item are.
 *
 * A space is the shared state or one executor's private state. No two names lead to one place:
 * names of executors and lists are escaped, keys come last and stand as they are.
 */
import { HoldfastError } from '../../../errors/index.ts';
import { limits } from '../../../ledger/index.ts';
import { checkBytes, ordered, unordered } from '../keyspace.ts';

/** The executor whose private state is meant; undefined for the shared state. */
export type Space = string | undefined;

/** What a place holds, as people name it. */
export type PlaceName =
  | { readonly kind: 'key'; readonly executor: Space; readonly key: string }
  | {
      readonly kind: 'item';
      readonly executor: Space;
      readonly list: string;
      readonly index: number;
    };

const reservedMark = '$';

/** Throws `invalid_name`. Names that start with `$` are reserved. */
export function checkStateKey(key: unknown): asserts key is string {
  checkBytes('state key', key, limits.stateKeyBytes);
  checkUnreserved('state key', key);
}

export function checkListName(name: unknown): asserts name is string {
  checkBytes('list', name, limits.stateListBytes);
  checkUnreserved('list', name);
}

export function checkExecutor(name: unknown): asserts name is string {
  checkBytes('executor', name, limits.executorNameBytes);
  checkUnreserved('executor', name);
}

function checkUnreserved(kind: string, name: string): void {
  if (!name.startsWith(reservedMark)) return;
  const text = `the ${kind} '${name}' starts with '${reservedMark}', which is reserved`;
  throw new HoldfastError('invalid_name', text, { details: { kind, name, reason: 'reserved' } });
}

/** What all keys of a space start with. */
export function keysPrefix(space: Space): string {
  return space === undefined ? 's/' : `p/${escaped(space)}/`;
}

/** What all items of a list start with. */
export function listPrefix(space: Space, list: string): string {
  return `${listsPrefix(space)}${escaped(list)}/`;
}

/** What all items of all lists of a space start with. */
export function listsPrefix(space: Space): string {
  return space === undefined ? 'l/' : `m/${escaped(space)}/`;
}

export function itemPlace(prefix: string, index: number): string {
  return prefix + ordered(index);
}

export function indexOf(prefix: string, place: string): number {
  return unordered(place.slice(prefix.length));
}

export function placeName(place: string): PlaceName {
  const [kind, first = '', second = ''] = place.split('/', 3);
  switch (kind) {
    case 's':
      return { kind: 'key', executor: undefined, key: place.slice(2) };
    case 'p':
      return { kind: 'key', executor: unescaped(first), key: place.slice(first.length + 3) };
    case 'l': {
      const index = unordered(second);
      return { kind: 'item', executor: undefined, list: unescaped(first), index };
    }
    default: {
      const index = unordered(place.slice(place.lastIndexOf('/') + 1));
      return { kind: 'item', executor: unescaped(first), list: unescaped(second), index };
    }
  }
}

/** The place of what `placeName` names. */
export function placeOf(name: PlaceName): string {
  if (name.kind === 'key') return keysPrefix(name.executor) + name.key;
  return itemPlace(listPrefix(name.executor, name.list), name.index);
}

/** As a message says it: `'total'`, `'draft' of writer`. */
export function shownPlace(place: string): string {
  const name = placeName(place);
  const what = name.kind === 'key' ? `'${name.key}'` : `list '${name.list}'`;
  return name.executor === undefined ? what : `${what} of executor '${name.executor}'`;
}

function escaped(name: string): string {
  return name.replaceAll('%', '%25').replaceAll('/', '%2F');
}

function unescaped(text: string): string {
  return text.replaceAll('%2F', '/').replaceAll('%25', '%');
}
