/**
 * Whether a commit is what its proposal asked for: each change of it, no other, and not half of it.
 *
 * The proposal is made again from the actor's name; what it does to each entry is worked out from
 * what the log had left there.
 */
import { applyOperations, checkOperations, StoredValue } from '../../../src/ledger/index.ts';
import type { Change, ChangeKind, Commit, Mutation } from '../../../src/ledger/index.ts';
import { loadOf } from '../load/proposals.ts';
import type { App } from '../load/proposals.ts';
import type { Fold, Held } from './fold.ts';
import { addressOf } from './history.ts';
import type { Problems } from './problems.ts';

interface Expected {
  readonly kind: ChangeKind | 'none';
  readonly value?: StoredValue | undefined;
  readonly expiresAt?: number | undefined;
}

/** The actor of what the verifier itself writes. */
export const verifier = 'verifier';

/** `fold` stands right before the commit. */
export function explain(
  app: App,
  seed: number,
  commit: Commit,
  fold: Fold,
  problems: Problems,
): void {
  const { actor, changes, position } = commit;
  const where = `${app}: revision ${position.revision} of ${actor ?? 'nobody'}`;
  if (actor === verifier) return;
  if (actor === undefined) {
    if (!changes.every((change) => change.kind === 'expired')) {
      problems.add(`${where} is not an expiry, and nobody proposed it`);
    }
    return;
  }
  const [writer = '', index = ''] = actor.split(':');
  const load = loadOf(seed, writer, Number(index));
  const { mutations = [], checks = [] } = load.proposal;
  if (load.app !== app) problems.add(`${where} was proposed to ${load.app}`);
  const byAddress = new Map(changes.map((change) => [addressOf(change), change]));
  for (const mutation of mutations) {
    const address = addressOf(mutation);
    const change = byAddress.get(address);
    byAddress.delete(address);
    const expected = expectedOf(
      mutation,
      beforeOf(address, change, commit.time, fold),
      commit.time,
    );
    if (!matches(change, expected)) {
      problems.add(`${where}: ${address} should be ${expected.kind}, is ${change?.kind ?? 'none'}`);
    }
    if (checks.length > 0 && change?.kind !== 'created') {
      problems.add(`${where}: ${address} was to be created only`);
    }
  }
  if (byAddress.size > 0) problems.add(`${where} also changes ${[...byAddress.keys()].join(', ')}`);
}

function beforeOf(
  address: string,
  change: Change | undefined,
  time: number,
  fold: Fold,
): Held | undefined {
  const held = fold.isUnknown(address) ? (change?.previous as Held) : fold.state.get(address);
  const dead = held?.expiresAt !== undefined && held.expiresAt <= time;
  return dead ? undefined : held;
}

function expectedOf(mutation: Mutation, before: Held | undefined, time: number): Expected {
  const written = before === undefined ? 'created' : 'updated';
  switch (mutation.kind) {
    case 'delete':
      return { kind: before === undefined ? 'none' : 'deleted' };
    case 'touch': {
      if (before === undefined) return { kind: 'none' };
      const expiresAt = mutation.ttlMs === null ? undefined : time + mutation.ttlMs;
      return { kind: 'updated', value: before.value, expiresAt };
    }
    case 'set': {
      const expiresAt = typeof mutation.ttlMs === 'number' ? time + mutation.ttlMs : undefined;
      return { kind: written, value: StoredValue.of(mutation.value), expiresAt };
    }
    case 'update': {
      const operations = checkOperations(mutation.operations);
      const value = StoredValue.of(applyOperations(before?.value.decode(), operations));
      return { kind: written, value, expiresAt: before?.expiresAt };
    }
  }
}

function matches(change: Change | undefined, expected: Expected): boolean {
  if (change === undefined) return expected.kind === 'none';
  if (change.kind !== expected.kind) return false;
  if (expected.value === undefined) return true;
  const sameValue = change.value?.equals(expected.value) === true;
  return sameValue && change.expiresAt === expected.expiresAt;
}
