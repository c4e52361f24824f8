/** What differs between the states of two checkpoints, of one run or of two. */
import type { StoredValue } from '../../../ledger/index.ts';
import { placeName } from '../state/place.ts';
import { compareText } from '../../../internal/text-order.ts';
import { indexAt, readRows } from './load.ts';
import type { Row } from './load.ts';
import type { RunHome } from './run-home.ts';
import { sameValue } from '../state/run-state.ts';

/** A key, or an item of a list, that is not the same; `before` or `after` is missing if absent. */
export interface StateDifference {
  /** Whose private state it is; undefined for shared state. */
  readonly executor: string | undefined;
  readonly key?: string | undefined;
  readonly list?: string | undefined;
  readonly index?: number | undefined;
  readonly before?: unknown;
  readonly after?: unknown;
}

export interface CheckpointPlace {
  readonly home: RunHome;
  readonly number: number;
}

/** In the order of places. Costs the heads of rows, and the values that may differ. */
export async function difference(
  a: CheckpointPlace,
  b: CheckpointPlace,
): Promise<StateDifference[]> {
  const [before, after] = await Promise.all([indexAt(a.home, a.number), indexAt(b.home, b.number)]);
  const places = new Set([...before.keys(), ...after.keys()]);
  const suspects = [...places].filter((place) => !sameRow(before.get(place), after.get(place)));
  const rows = (index: ReadonlyMap<string, Row>) => suspects.flatMap((one) => index.get(one) ?? []);
  const [old, fresh] = await Promise.all([
    readRows(a.home, rows(before)),
    readRows(b.home, rows(after)),
  ]);
  const found: StateDifference[] = [];
  for (const place of suspects.sort(compareText)) {
    const was = valueAt(place, before, old);
    const is = valueAt(place, after, fresh);
    if (sameValue(was, is)) continue;
    const { kind: _kind, ...named } = placeName(place);
    found.push({
      ...named,
      ...(was === undefined ? {} : { before: was.decode() }),
      ...(is === undefined ? {} : { after: is.decode() }),
    });
  }
  return found;
}

function sameRow(a: Row | undefined, b: Row | undefined): boolean {
  return a?.number === b?.number && a?.scope === b?.scope;
}

function valueAt(
  place: string,
  index: ReadonlyMap<string, Row>,
  values: ReadonlyMap<Row, StoredValue>,
): StoredValue | undefined {
  const row = index.get(place);
  return row && values.get(row);
}
