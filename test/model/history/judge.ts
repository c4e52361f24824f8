/**
 * Whether a recorded history can be explained by one total order: that of the log.
 *
 * J1. Each commit of the log was proposed by exactly one call, or is one expiry that was due.
 * J2. Replayed in log order, the checks of every committed proposal hold, its changes are what its
 *     mutations make of the state before it, and every conflict is explained where it says.
 * J3. Every call takes effect between its start and its end: a read shows one state of the log,
 *     none older than what was answered before it began, none that was not yet proposed.
 * J4. The log folds to the state, and every watcher heard all of it once, in order.
 */
import { isDeepStrictEqual } from 'node:util';
import { expect } from 'vitest';
import type {
  Check,
  CheckFailure,
  Commit,
  Entry,
  Mutation,
  Receipt,
} from '../../../src/ledger/index.ts';
import { addressOf } from './record.ts';
import type { RecordedCommit, RecordedHistory, RecordedRead, Span } from './record.ts';

interface Held {
  readonly version: number;
  readonly value: unknown;
  readonly expiresAt: number | undefined;
}

/** The state after a revision. */
interface State {
  readonly revision: number;
  readonly entries: ReadonlyMap<string, Held>;
  /** The revision of each scope's last change. */
  readonly scopes: ReadonlyMap<string, number>;
}

const empty: State = { revision: 0, entries: new Map(), scopes: new Map() };

export function judge(history: RecordedHistory, finalEntries: readonly Entry[]): void {
  const { log } = history;
  const states = replay(log);
  const proposals = matchProposals(history.commits, log);
  for (const [index, commit] of log.entries()) {
    const proposed = proposals.get(commit.position.revision);
    if (proposed === undefined) judgeExpiry(commit, states[index]!);
    else judgeCommit(commit, proposed, states[index]!);
  }
  for (const recorded of history.commits) judgeAnswer(recorded, states);
  judgeTimes(history, states, proposals);
  for (const heard of history.heard) expect(heard).toEqual(log);
  const last = new Map(finalEntries.map((entry) => [addressOf(entry), heldOf(entry)]));
  expect(last).toEqual(states.at(-1)!.entries);
}

/** The state before the log, then after each of its commits. */
function replay(log: readonly Commit[]): State[] {
  const states: State[] = [empty];
  for (const { position, changes } of log) {
    const before = states.at(-1)!;
    expect(position.revision).toBeGreaterThan(before.revision);
    const entries = new Map(before.entries);
    const scopes = new Map(before.scopes);
    for (const change of changes) {
      const address = addressOf(change);
      expect(change.previous?.version).toBe(entries.get(address)?.version);
      expect(change.previous?.value?.decode()).toEqual(entries.get(address)?.value);
      scopes.set(change.scope, position.revision);
      if (change.value === undefined) entries.delete(address);
      else {
        const { expiresAt } = change;
        entries.set(address, {
          version: position.revision,
          value: change.value.decode(),
          expiresAt,
        });
      }
    }
    states.push({ revision: position.revision, entries, scopes });
  }
  return states;
}

/** The proposal of each commit, by revision. */
function matchProposals(
  commits: readonly RecordedCommit[],
  log: readonly Commit[],
): Map<number, RecordedCommit> {
  const revisions = new Set(log.map(({ position }) => position.revision));
  const proposals = new Map<number, RecordedCommit>();
  for (const recorded of commits) {
    const { answer } = recorded;
    if (answer.kind !== 'committed' || answer.replayed) continue;
    if (answer.results.every(({ version, change }) => version === 0 && change !== 'deleted'))
      continue;
    const { revision } = answer.position;
    if (!revisions.has(revision) || isIdle(recorded, log)) continue;
    expect(proposals.has(revision)).toBe(false);
    proposals.set(revision, recorded);
  }
  return proposals;
}

/** Whether a proposal came to nothing: it made what it removed again. */
function isIdle({ answer, proposal }: RecordedCommit, log: readonly Commit[]): boolean {
  const commit = log.find(({ position }) => position.revision === answer.position.revision);
  const touched = new Set((proposal.mutations ?? []).map(addressOf));
  const isOwn = commit?.changes.every((change) => touched.has(addressOf(change))) ?? false;
  const results = answer.kind === 'committed' ? answer.results : [];
  const wrote = results.some(({ version }) => version === answer.position.revision);
  const removed = commit?.changes.every(({ kind }) => kind === 'deleted') ?? false;
  return !isOwn || !(wrote || removed);
}

function judgeExpiry({ changes, time }: Commit, before: State): void {
  expect(changes.map(({ kind }) => kind)).toEqual(['expired']);
  const { expiresAt } = before.entries.get(addressOf(changes[0]!))!;
  expect(expiresAt).toBeLessThanOrEqual(time);
}

function judgeCommit(commit: Commit, { proposal }: RecordedCommit, before: State): void {
  for (const check of proposal.checks ?? []) expect(actualOf(check, before)).toBeUndefined();
  const expected = new Map<string, unknown>();
  for (const mutation of proposal.mutations ?? []) {
    const address = addressOf(mutation);
    const has = expected.has(address) ? expected.get(address) : before.entries.get(address)?.value;
    expected.set(address, mutated(mutation, has));
  }
  for (const [address, value] of expected) {
    if (value === undefined && !before.entries.has(address)) expected.delete(address);
  }
  const changes = commit.changes.map(
    (change) => [addressOf(change), change.value?.decode()] as const,
  );
  expect(new Map(changes)).toEqual(expected);
}

function mutated(mutation: Mutation, value: unknown): unknown {
  switch (mutation.kind) {
    case 'set':
      return mutation.value;
    case 'delete':
      return undefined;
    case 'touch':
      return value;
    case 'update':
      return Number(value ?? 0) + 1;
  }
}

/** What there is instead of what the check asks for; undefined if it holds. */
function actualOf(check: Check, state: State): number | undefined {
  if (check.kind === 'unchanged') {
    const last = state.scopes.get(check.scope) ?? 0;
    return last <= check.since.revision ? undefined : last;
  }
  if (check.kind === 'epoch') throw new Error('no epochs are recorded');
  const entry = state.entries.get(addressOf(check));
  const version = entry?.version ?? 0;
  if (check.kind === 'version') return version === check.version ? undefined : version;
  const holds = entry !== undefined && isDeepStrictEqual(entry.value, check.value);
  return holds ? undefined : version;
}

/** What a conflict, or a commit of nothing, says of the place where it was judged. */
function judgeAnswer({ proposal, answer }: RecordedCommit, states: readonly State[]): void {
  if (answer.kind === 'committed' && answer.results.some(({ change }) => change !== 'none')) return;
  if (answer.kind === 'committed' && answer.replayed) return;
  const state = states.findLast(({ revision }) => revision <= answer.position.revision)!;
  const failures: Pick<CheckFailure, 'index' | 'actual'>[] = [];
  const told = new Map<number, CheckFailure>();
  if (answer.kind === 'conflict') for (const one of answer.failures) told.set(one.index, one);
  for (const [index, check] of (proposal.checks ?? []).entries()) {
    const actual = actualOf(check, state);
    if (actual === undefined) continue;
    const isEarlier = isEarlierChange(check, told.get(index)?.actual, state, states);
    failures.push({ index, actual: isEarlier ? told.get(index)!.actual : actual });
  }
  const given = [...told.values()].map(({ index, actual }) => ({ index, actual }));
  expect(given).toEqual(failures);
}

/**
 * A scope that changed stays changed: a conflict over it may name a change that others followed.
 */
function isEarlierChange(
  check: Check,
  actual: number | undefined,
  state: State,
  states: readonly State[],
): boolean {
  if (check.kind !== 'unchanged' || actual === undefined) return false;
  if (actual <= check.since.revision || actual > state.revision) return false;
  const changed = states.findLast(({ revision }) => revision === actual);
  return changed?.scopes.get(check.scope) === actual;
}

interface Timed extends Span {
  /** The earliest place from `low` on that explains the call; undefined if there is none. */
  place(low: number): number | undefined;
}

/** J3: walks the calls by their start, each taking the earliest place that explains it. */
function judgeTimes(
  { commits, reads, scans }: RecordedHistory,
  states: readonly State[],
  proposals: ReadonlyMap<number, RecordedCommit>,
): void {
  const calls: Timed[] = [
    ...commits.map((recorded) => timedCommit(recorded, proposals)),
    ...reads.map((read) => timedRead(read, states)),
    ...scans.map((scan) => {
      const refs = addressesOf(scan.scope, states, scan.entries);
      const entries = refs.map(({ key }) => scan.entries.find((entry) => entry.key === key));
      return timedRead({ ...scan, refs, entries }, states);
    }),
  ];
  const ended: { readonly end: number; readonly at: number }[] = [];
  for (const call of calls.toSorted((one, other) => one.start - other.start)) {
    const low = Math.max(0, ...ended.filter(({ end }) => end < call.start).map(({ at }) => at));
    const at = call.place(low);
    expect(at, `a call that nothing after revision ${low} explains`).toBeDefined();
    ended.push({ end: call.end, at: at! });
    for (const [revision, { start }] of proposals) {
      if (revision <= at!) expect(start).toBeLessThan(call.end);
    }
  }
}

function timedCommit(
  recorded: RecordedCommit,
  proposals: ReadonlyMap<number, RecordedCommit>,
): Timed {
  const { revision } = recorded.answer.position;
  const isWrite = proposals.get(revision) === recorded;
  const isReplay = (recorded.answer as Receipt).replayed;
  return {
    ...recorded,
    place(low) {
      if (isReplay) return low;
      return (isWrite ? revision > low : revision >= low) ? revision : undefined;
    },
  };
}

function timedRead(read: RecordedRead, states: readonly State[]): Timed {
  return {
    ...read,
    place(low) {
      const first = states.findLastIndex(({ revision }) => revision <= low);
      const found = states.slice(first).find((state) => explains(state, read));
      return found && Math.max(low, found.revision);
    },
  };
}

function explains(state: State, { refs, entries, from, to }: RecordedRead): boolean {
  return refs.every((ref, index) => {
    const held = state.entries.get(addressOf(ref));
    const entry = entries[index];
    const { expiresAt = Infinity } = held ?? {};
    if (entry === undefined) return held === undefined || expiresAt <= to;
    return expiresAt > from && isDeepStrictEqual(held, heldOf(entry));
  });
}

/** Every key that the scope ever had, so that what a scan left out is judged too. */
function addressesOf(scope: string, states: readonly State[], entries: readonly Entry[]) {
  const keys = new Set(entries.map(({ key }) => key));
  for (const state of states) {
    for (const address of state.entries.keys()) {
      if (address.startsWith(`${scope}/`)) keys.add(address.slice(scope.length + 1));
    }
  }
  return [...keys].map((key) => ({ scope, key }));
}

function heldOf({ version, value, expiresAt }: Entry): Held {
  return { version, value: value.decode(), expiresAt };
}
