/**
 * The writes of a step's executors become one set of changes, or a conflict that names them.
 *
 * M1. The outcome depends on the declared order of executors, never on which was done first.
 * M2. Equal values conflict too: that they are equal today is chance. Only where the intent is the
 *     same (both remove, both clear) or the order cannot matter (operations that commute) there is
 *     nothing to decide.
 * M3. What comes to the value that was there is no change.
 */
import { HoldfastError } from '../../../errors/index.ts';
import { present } from '../../../internal/assert.ts';
import { limits, StoredValue } from '../../../ledger/index.ts';
import { commute } from './commuting.ts';
import { operated, valueOf } from './pending.ts';
import type { ListWrites, PendingWrites, Write } from './pending.ts';
import { itemPlace, placeName, shownPlace } from './place.ts';
import type { Policies } from './policies.ts';
import { sameValue } from './run-state.ts';
import type { StateChanges, StateSource } from './run-state.ts';

interface Writer {
  readonly executor: string;
  readonly write: Write;
}

interface ListWriter extends ListWrites {
  readonly executor: string;
}

/** Throws `step_conflict`, and what operations or a reducer throw. */
export function mergedChanges(
  start: StateSource,
  pendings: readonly PendingWrites[],
  policies: Policies,
): StateChanges {
  const changes = new Map<string, StoredValue | undefined>();
  for (const [place, writers] of writersOf(pendings)) {
    const value = resolved(place, writers, start, policies);
    if (!sameValue(value, start.get(place))) changes.set(place, value);
  }
  for (const [prefix, writers] of listWritersOf(pendings)) {
    addListChanges(changes, prefix, writers, start);
  }
  return changes;
}

/** By place, in the declared order of executors. */
function writersOf(pendings: readonly PendingWrites[]): Map<string, Writer[]> {
  const byPlace = new Map<string, Writer[]>();
  for (const { executor, writes } of pendings) {
    for (const [place, write] of writes) {
      const writers = byPlace.get(place);
      if (writers === undefined) byPlace.set(place, [{ executor, write }]);
      else writers.push({ executor, write });
    }
  }
  const clearing = pendings.filter(({ cleared }) => cleared.size > 0);
  if (clearing.length === 0) return byPlace;
  for (const [place, writers] of byPlace) addClears(place, writers, clearing, pendings);
  return byPlace;
}

/** A clear writes to whatever others write in its space, even to what was not there before. */
function addClears(
  place: string,
  writers: Writer[],
  clearing: readonly PendingWrites[],
  pendings: readonly PendingWrites[],
): void {
  for (const { executor, cleared } of clearing) {
    const wrote = writers.some((writer) => writer.executor === executor);
    const reaches = [...cleared].some((prefix) => place.startsWith(prefix));
    if (!wrote && reaches) writers.push({ executor, write: { kind: 'delete' } });
  }
  const rank = new Map(pendings.map(({ executor }, index) => [executor, index]));
  writers.sort((a, b) => (rank.get(a.executor) ?? 0) - (rank.get(b.executor) ?? 0));
}

function resolved(
  place: string,
  writers: readonly Writer[],
  start: StateSource,
  policies: Policies,
): StoredValue | undefined {
  const last = present(writers.at(-1), 'a writer').write;
  if (writers.length === 1) return alone(place, last, start);
  if (writers.every(({ write }) => write.kind === 'delete')) return undefined;
  const operations = writers.flatMap(({ write }) =>
    write.kind === 'update' ? [write.operations] : [],
  );
  const allCommute = operations.every((one, index) =>
    operations.slice(index + 1).every((other) => commute(one, other)),
  );
  if (operations.length === writers.length && allCommute) {
    return operated(place, start.get(place), operations.flat());
  }
  const name = placeName(place);
  const policy = name.kind === 'key' ? policies.of(name.key) : undefined;
  if (policy === undefined || name.kind !== 'key') throw conflict(place, writers);
  if (policy === 'last') return valueOf(last);
  const merged = policies.reduce(policy.reduce, {
    key: name.key,
    start: start.get(place)?.decode(),
    writes: writers.map(({ executor, write }) => ({
      executor,
      value: valueOf(write)?.decode(),
    })),
  });
  return merged === undefined ? undefined : StoredValue.of(merged, limits.valueBytesMax);
}

function alone(place: string, write: Write, start: StateSource): StoredValue | undefined {
  const before = start.get(place);
  // An import came in between: operations apply to what is there now.
  if (write.kind !== 'update' || write.base === before) return valueOf(write);
  return operated(place, before, write.operations);
}

function conflict(place: string, writers: readonly Writer[]): HoldfastError {
  const name = placeName(place);
  const key = name.kind === 'key' ? name.key : name.list;
  const [first, second] = writers;
  const shown = `${first?.executor} (${first?.write.kind}) and ${second?.executor} (${second?.write.kind})`;
  return new HoldfastError(
    'step_conflict',
    `${shown} wrote ${shownPlace(place)} in one step; give the key a policy, or let one write it`,
    {
      details: {
        key,
        executors: writers.map(({ executor }) => executor),
        writes: writers.map(({ write }) => write.kind),
      },
    },
  );
}

function listWritersOf(pendings: readonly PendingWrites[]): Map<string, ListWriter[]> {
  const byList = new Map<string, ListWriter[]>();
  for (const { executor, lists } of pendings) {
    for (const [prefix, writes] of lists) {
      const writers = byList.get(prefix) ?? [];
      writers.push({ executor, ...writes });
      byList.set(prefix, writers);
    }
  }
  return byList;
}

function addListChanges(
  changes: Map<string, StoredValue | undefined>,
  prefix: string,
  writers: readonly ListWriter[],
  start: StateSource,
): void {
  const clearer = writers.find(({ cleared }) => cleared);
  const other = writers.find(({ executor, appended }) => {
    return executor !== clearer?.executor && appended.length > 0;
  });
  if (clearer !== undefined && other !== undefined) throw listConflict(prefix, clearer, other);
  const { first, next } = start.bounds(prefix);
  const dropped = Math.max(...writers.map((writer) => writer.dropped));
  for (let index = first; index < first + dropped; index += 1) {
    changes.set(itemPlace(prefix, index), undefined);
  }
  const appended = writers.flatMap((writer) => writer.appended);
  for (const [offset, item] of appended.entries()) {
    changes.set(itemPlace(prefix, next + offset), item);
  }
}

function listConflict(prefix: string, clearer: ListWriter, other: ListWriter): HoldfastError {
  const place = shownPlace(itemPlace(prefix, 0));
  return new HoldfastError(
    'step_conflict',
    `${clearer.executor} (clear) and ${other.executor} (append) wrote ${place} in one step`,
    {
      details: {
        key: place,
        executors: [clearer.executor, other.executor],
        writes: ['clear', 'append'],
      },
    },
  );
}
