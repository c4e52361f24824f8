/**
 * Which checkpoints stay, and what goes with those that do not.
 *
 * R1. A checkpoint stays if any rule keeps it, if a fork stands on it, or if it is the run's last.
 * R2. A row goes only if no checkpoint that is kept lies between it and its successor: what is kept
 *     never changes.
 * R3. A manifest goes before its rows, so a crash in between leaves garbage that the next pruning
 *     finds, never a checkpoint without its rows. Anybody may prune while the run goes on.
 */
import { HoldfastError } from '../../../errors/index.ts';
import { limits } from '../../../ledger/index.ts';
import type { Check, Entry, Mutation } from '../../../ledger/index.ts';
import { checkpointNumber, rowKey } from '../keyspace.ts';
import { rowsOf } from './load.ts';
import type { Row } from './load.ts';
import { manifestOf } from './manifest.ts';
import type { RunHome } from './run-home.ts';

/** A checkpoint that fits any of these stays. */
export interface Retention {
  /** The newest n. */
  readonly last?: number | undefined;
  /** Those not older than this. */
  readonly withinMs?: number | undefined;
  /** Those that carry one of these tags. */
  readonly tags?: readonly string[] | undefined;
}

export interface Pruned {
  /** Checkpoints that went. */
  readonly checkpoints: number;
  /** Rows of the state that went. */
  readonly rows: number;
  /** Checkpoints that would have gone, but forks stand on them. */
  readonly held: number;
}

/** Each needs a check and a mutation. */
const manifestsPerCommit = Math.floor(limits.checksPerProposal / 2);

export function checkRetention(keep: Retention): void {
  const { last, withinMs, tags } = keep;
  const numbers = [last, withinMs].filter((number) => number !== undefined);
  const areWhole = numbers.every((number) => Number.isSafeInteger(number) && number >= 0);
  if (areWhole && (numbers.length > 0 || Array.isArray(tags))) return;
  const text = 'say what to keep: last (a count), withinMs or tags';
  throw new HoldfastError('invalid_argument', text, { details: { keep: { ...keep } } });
}

export async function prune(home: RunHome, keep: Retention): Promise<Pruned> {
  checkRetention(keep);
  const { time } = await home.host.ledger.head();
  let position = -1;
  return dropCheckpoints(home, (entry) => {
    position += 1;
    if (keep.last !== undefined && position < keep.last) return false;
    if (keep.withinMs !== undefined && entry.createdAt >= time - keep.withinMs) return false;
    if (keep.tags === undefined) return true;
    const { tags } = manifestOf(entry);
    return !tags.some((tag) => keep.tags?.includes(tag));
  });
}

/** `drops` is asked newest first, about all but the last checkpoint of the run. */
export async function dropCheckpoints(
  home: RunHome,
  drops: (entry: Entry) => boolean,
): Promise<Pruned> {
  const dropped: Entry[] = [];
  const kept: number[] = [];
  let held = 0;
  for await (const entry of home.manifests(true)) {
    const isLast = kept.length === 0 && dropped.length === 0;
    const goes = drops(entry) && !isLast;
    const isHeld = goes && manifestOf(entry).forks.length > 0;
    if (isHeld) held += 1;
    if (goes && !isHeld) dropped.push(entry);
    else kept.push(checkpointNumber(entry.key));
  }
  const lost = await dropManifests(home, dropped);
  kept.push(...lost.map(({ key }) => checkpointNumber(key)));
  const rows = dropped.length === lost.length ? 0 : await dropRows(home, kept);
  return { checkpoints: dropped.length - lost.length, rows, held: held + lost.length };
}

/** Returns those that must stay after all: they changed, so a fork was made meanwhile. */
async function dropManifests(home: RunHome, entries: readonly Entry[]): Promise<Entry[]> {
  const lost: Entry[] = [];
  for (let from = 0; from < entries.length; from += manifestsPerCommit) {
    let share = entries.slice(from, from + manifestsPerCommit);
    while (share.length > 0) {
      const checks = share.map(({ scope, key, version }): Check => {
        return { kind: 'version', scope, key, version };
      });
      const mutations = share.map(({ scope, key }): Mutation => ({ kind: 'delete', scope, key }));
      const answer = await home.host.commit({ checks, mutations });
      if (answer.kind === 'committed') break;
      const failed = new Set(answer.failures.map(({ index }) => index));
      for (const { index, actual } of answer.failures) {
        const entry = share[index];
        if (entry !== undefined && actual !== 0) lost.push(entry);
      }
      share = share.filter((_, index) => !failed.has(index));
    }
  }
  return lost;
}

/** Rows that none of the checkpoints `kept`, nor any later one, can need. */
async function dropRows(home: RunHome, kept: readonly number[]): Promise<number> {
  const isFork = (await home.record())?.base !== undefined;
  const ascending = [...kept].sort((a, b) => a - b);
  const last = ascending.at(-1) ?? 0;
  const byPlace = new Map<string, Row[]>();
  for await (const row of rowsOf(home)) {
    if (row.number > last) continue;
    const rows = byPlace.get(row.place);
    if (rows === undefined) byPlace.set(row.place, [row]);
    else rows.push(row);
  }
  let waiting: Mutation[] = [];
  let count = 0;
  for (const rows of byPlace.values()) {
    for (const { place, number } of garbage(rows, ascending, isFork)) {
      waiting.push({ kind: 'delete', ...home.ref(rowKey(place, number)) });
      count += 1;
      if (waiting.length < limits.mutationsPerProposal) continue;
      await home.host.apply({ mutations: waiting });
      waiting = [];
    }
  }
  if (waiting.length > 0) await home.host.apply({ mutations: waiting });
  return count;
}

/** `kept` ascends; the last of them is the run's own last, whose rows stay. */
function garbage(rows: readonly Row[], kept: readonly number[], isFork: boolean): Row[] {
  const ascending = [...rows].sort((a, b) => a.number - b.number);
  const found: Row[] = [];
  let hasValue = isFork;
  for (const [position, row] of ascending.entries()) {
    const successor = ascending[position + 1]?.number ?? Infinity;
    const first = kept[firstFrom(kept, row.number)] ?? Infinity;
    const isNeeded = first < successor;
    // An absence that hides nothing says nothing.
    if (!isNeeded || (row.isGone && !hasValue)) found.push(row);
    else hasValue = true;
  }
  return found;
}

/** The index of the first of ascending numbers that is not below `number`. */
function firstFrom(numbers: readonly number[], number: number): number {
  let low = 0;
  let high = numbers.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((numbers[middle] ?? 0) < number) low = middle + 1;
    else high = middle;
  }
  return low;
}
