/** Fetching large values by name, for reads and for the log. */
import type { Content, Engine, StoredEntry } from '../../engine/index.ts';
import { valuesScope } from '../keyspace/address.ts';
import { applyDifference, rowsOf } from '../keyspace/external.ts';
import type { ExternalRef } from '../keyspace/external.ts';
import { differenceSchema } from '../group/writes.ts';
import { StoredValue } from '../value/index.ts';

/** By id. A value that is gone by now (trimmed or erased meanwhile) is left out. */
export async function loadLargeValues(
  engine: Engine,
  ledger: string,
  named: readonly ExternalRef[],
): Promise<Map<string, StoredValue>> {
  const ids = [...new Set(named.flatMap((ref) => rowsOf(ref)))];
  const refs = ids.map((key) => ({ scope: valuesScope, key }));
  const { entries } = await engine.read(ledger, refs);
  const rows = new Map<string, StoredEntry>();
  for (const entry of entries) if (entry !== undefined) rows.set(entry.key, entry);
  const values = new Map<string, StoredValue>();
  for (const ref of named) {
    const content = contentOf(ref, rows);
    if (content !== undefined) values.set(ref.id, StoredValue.trusted(content));
  }
  return values;
}

function contentOf(ref: ExternalRef, rows: ReadonlyMap<string, StoredEntry>): Content | undefined {
  const row = rows.get(ref.id);
  if (row === undefined || row.schema !== differenceSchema) return row?.content;
  const base = rows.get(ref.base ?? '');
  return base === undefined
    ? undefined
    : applyDifference(String(base.content), String(row.content));
}
