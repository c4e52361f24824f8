/**
 * Erasure: taking every value that one key ever had out of the log, so that people's data can go.
 *
 * What remains says that the key changed and when, not to what. Operations go too: they hold
 * values.
 */
import type { Decision, LogRow, PutWrite, Ref, View, Work, Write } from '../../engine/index.ts';
import { HoldfastError } from '../../errors/index.ts';
import { erasuresRef, valuesScope } from '../keyspace/address.ts';
import { rowsOf } from '../keyspace/external.ts';
import type { ExternalRef } from '../keyspace/external.ts';
import { splitBody } from '../log/decode.ts';
import type { RawChange, RawValue } from '../log/decode.ts';

export interface ErasedRow {
  readonly last: number;
  readonly body: string;
  readonly changes: number;
  /** Rows of large values that go with it. */
  readonly values: readonly string[];
}

/** The row without the values of `ref` up to revision `through`; undefined if it has none. */
export function eraseFromRow(row: LogRow, ref: Ref, through: number): ErasedRow | undefined {
  const { body, values } = splitBody(row.body);
  const scope = body.scopes.indexOf(ref.scope);
  const gone = new Set<string>();
  let count = 0;
  const texts: string[] = [];
  let length = 0;
  const moved = new Map<string, number>();
  function keep(value: RawValue): RawValue {
    if (!Array.isArray(value)) return value;
    const [start, size, bytes] = value as [number, number, 1?];
    const place = `${start},${size}`;
    let to = moved.get(place);
    if (to === undefined) {
      to = length;
      moved.set(place, to);
      texts.push(values.slice(start, start + size));
      length += size;
    }
    return bytes === 1 ? [to, size, 1] : [to, size];
  }
  for (const [offset, , , changes] of body.commits) {
    const isMeant = row.first - 1 + offset <= through;
    for (const change of changes) {
      const matches = isMeant && change[1] === scope && change[2] === ref.key;
      if (matches && strip(change, gone)) count += 1;
      change[3] = keep(change[3]);
      if (change[8] !== 0) change[8][6] = keep(change[8][6]);
    }
  }
  if (count === 0) return undefined;
  const text = `${JSON.stringify(body)}\n${texts.join('')}`;
  return { last: row.last, body: text, changes: count, values: [...gone] };
}

/** Returns whether there was anything to take. */
function strip(change: RawChange, gone: Set<string>): boolean {
  const previous = change[8];
  const held = [change[3], previous === 0 ? 0 : previous[6]].filter((value) => value !== 0);
  for (const value of held) {
    if (!Array.isArray(value)) for (const id of rowsOf(value as ExternalRef)) gone.add(id);
  }
  const had = held.length > 0 || change.length > 9;
  change[3] = 0;
  if (previous !== 0) previous[6] = 0;
  change.length = 9;
  return had;
}

/**
 * Puts the erased rows in place of those that were read. Throws `contended` if another erasure did
 * so since: its values would come back.
 */
export class EraseWork implements Work {
  readonly ledger: string;
  readonly reads = { refs: [erasuresRef], scopes: [] };
  readonly #rows: readonly ErasedRow[];
  readonly #since: number;

  /** `since` is the version of `erasuresRef`, read before the rows were. */
  constructor(ledger: string, rows: readonly ErasedRow[], since: number) {
    this.ledger = ledger;
    this.#rows = rows;
    this.#since = since;
  }

  decide({ entries }: View): Decision {
    if ((entries[0]?.version ?? 0) !== this.#since) {
      throw new HoldfastError('contended', 'another erasure rewrote the log meanwhile');
    }
    const keys = new Set(this.#rows.flatMap((row) => row.values));
    const writes: Write[] = [...keys].map((key) => ({ kind: 'delete', scope: valuesScope, key }));
    const rewrites = this.#rows.map(({ last, body }) => ({ last, body }));
    writes.push(erasuresRow());
    return { kind: 'decision', revisions: 1, writes, scopes: [], log: undefined, rewrites };
  }
}

function erasuresRow(): PutWrite {
  const times = { createdAt: undefined, expiresAt: undefined };
  const fields = { ...times, schema: 0, size: 0, external: false };
  return { kind: 'put', ...erasuresRef, content: '', offset: 1, ...fields };
}
