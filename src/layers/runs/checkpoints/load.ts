/**
 * The state of a run as a checkpoint has it, put together from rows.
 *
 * L1. A place has the row with the greatest number up to the checkpoint's; a fork that has none
 *     has what its base has.
 * L2. Cost: the heads of all rows that are kept, and the values of the checkpoint alone.
 */
import { limits } from '../../../ledger/index.ts';
import type { EntryHead, Ref, StoredValue } from '../../../ledger/index.ts';
import { pagesOf } from '../../scopes/index.ts';
import { rowKey, rowOf, rowPrefix } from '../keyspace.ts';
import { RunState } from '../state/run-state.ts';
import type { RunHome } from './run-home.ts';

/** `schema` of a row that says that nothing is there. */
export const goneSchema = 1;

export interface Row {
  readonly scope: string;
  readonly place: string;
  readonly number: number;
  readonly isGone: boolean;
}

/** Which row each place of a state has. */
export type StateIndex = ReadonlyMap<string, Row>;

const readAttempts = 3;

/** All rows of a run, in the order of their keys. */
export async function* rowsOf(home: RunHome): AsyncGenerator<Row, void, undefined> {
  const { ledger } = home.host;
  const query = {
    scope: home.scope,
    prefix: rowPrefix,
    limit: limits.scanLimitMax,
    keysOnly: true,
  } as const;
  for await (const page of pagesOf((one) => ledger.scan(one), query, {})) {
    for (const head of page) yield rowOfHead(head);
  }
}

function rowOfHead({ scope, key, schema }: EntryHead): Row {
  return { scope, ...rowOf(key), isGone: schema === goneSchema };
}

/** What is there at checkpoint `number`, base and all. */
export async function indexAt(home: RunHome, number: number): Promise<StateIndex> {
  const base = (await home.record())?.base;
  const index = new Map<string, Row>(
    base === undefined ? [] : await indexAt(home.sibling(base.run), base.checkpoint),
  );
  const own = new Map<string, Row>();
  for await (const row of rowsOf(home)) {
    const best = own.get(row.place);
    if (row.number <= number && row.number >= (best?.number ?? 0)) own.set(row.place, row);
  }
  for (const [place, row] of own) {
    if (row.isGone) index.delete(place);
    else index.set(place, row);
  }
  return index;
}

/** Throws `not_found` if the checkpoint went while it was read. */
export async function loadState(
  home: RunHome,
  number: number,
  maxBytes: number,
): Promise<RunState> {
  for (let attempt = 1; ; attempt += 1) {
    const index = await indexAt(home, number);
    const values = await readRows(home, [...index.values()]);
    const state = new RunState(maxBytes);
    const changes = new Map<string, StoredValue>();
    for (const [place, row] of index) {
      const value = values.get(row);
      if (value !== undefined) changes.set(place, value);
    }
    if (changes.size === index.size) {
      state.checkRoom(changes);
      state.apply(changes);
      return state;
    }
    // Rows that went belong to checkpoints that were pruned meanwhile, this one perhaps.
    if (attempt === readAttempts || (await home.checkpoint(number)) === undefined) {
      throw home.missing(number);
    }
  }
}

/** The values of rows; those that are gone are left out. */
export async function readRows(
  home: RunHome,
  rows: readonly Row[],
): Promise<Map<Row, StoredValue>> {
  const values = new Map<Row, StoredValue>();
  const refs = rows.map(({ scope, place, number }): Ref => ({ scope, key: rowKey(place, number) }));
  const entries = await home.host.reads.readAll(refs);
  for (const [position, row] of rows.entries()) {
    const value = entries[position]?.value;
    if (value !== undefined) values.set(row, value);
  }
  return values;
}
