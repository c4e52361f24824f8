/**
 * Snapshots and deltas of a structured state as bytes.
 *
 * Both are a list of changes; a snapshot has only such that set. JSON values travel as their text
 * and are validated once, where they are read.
 */
import { HoldfastError } from '../../../errors/index.ts';
import { limits, StoredValue } from '../../../ledger/index.ts';
import type { Operation } from '../../../ledger/index.ts';
import { flag, optionalBytes, optionalText, repeated, shape, text } from '../wire/shape.ts';
import type { Fielded } from '../wire/shape.ts';
import type { Change } from './change.ts';

const changeFields = {
  key: text(1),
  json: optionalText(2),
  bytes: optionalBytes(3),
  /** A JSON array of operations. */
  operations: optionalText(4),
  deleted: flag(5),
};
const changesShape = shape({ changes: repeated(1, shape(changeFields)) });

export function encodeChanges(changes: readonly Change[]): Uint8Array {
  return changesShape.encode({ changes: changes.map(written) });
}

/** Throws `protocol`, `invalid_value` or `limit_exceeded`. */
export function decodeChanges(bytes: Uint8Array): readonly Change[] {
  return changesShape.decode(bytes).changes.map(read);
}

export function encodeEntries(entries: Iterable<readonly [string, StoredValue]>): Uint8Array {
  const changes = Array.from(entries, ([key, value]): Change => ({ key, kind: 'set', value }));
  return encodeChanges(changes);
}

export function decodeEntries(bytes: Uint8Array): readonly (readonly [string, StoredValue])[] {
  return decodeChanges(bytes).map((change) => {
    if (change.kind === 'set') return [change.key, change.value] as const;
    throw malformed(`a snapshot has a '${change.kind}' of '${change.key}'`);
  });
}

function written(change: Change): Fielded<typeof changeFields> {
  const { key } = change;
  const none = { json: undefined, bytes: undefined, operations: undefined, deleted: false };
  switch (change.kind) {
    case 'set': {
      const { content } = change.value;
      return typeof content === 'string'
        ? { ...none, key, json: content }
        : { ...none, key, bytes: content };
    }
    case 'update':
      return { ...none, key, operations: JSON.stringify(change.operations) };
    case 'delete':
      return { ...none, key, deleted: true };
  }
}

function read(fields: Fielded<typeof changeFields>): Change {
  const { key, json, bytes, operations, deleted } = fields;
  const most = limits.valueBytesMax;
  if (json !== undefined) return { key, kind: 'set', value: StoredValue.parse(json, most) };
  if (bytes !== undefined) return { key, kind: 'set', value: StoredValue.of(bytes, most) };
  if (operations !== undefined) {
    const list = StoredValue.parse(operations, most).decode();
    if (!Array.isArray(list)) throw malformed(`the operations on '${key}' are no list`);
    return { key, kind: 'update', operations: list as readonly Operation[] };
  }
  if (deleted) return { key, kind: 'delete' };
  throw malformed(`the change of '${key}' says nothing`);
}

function malformed(message: string): HoldfastError {
  return new HoldfastError('protocol', message);
}
