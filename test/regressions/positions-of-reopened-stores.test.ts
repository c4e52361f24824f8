/**
 * Found by the power-cut and kill harnesses: positions that a reopened store took for lost history.
 */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { CommitAnswer, Ledger, Position } from '../../src/ledger/index.ts';
import { openFile, temporaryFolder } from './temporary-store.ts';

const ref = { scope: 's', key: 'k' };
const proposal = {
  mutations: [{ kind: 'set', ...ref, value: 'first' }],
  stamp: { client: 'client', sequence: 1 },
} as const;

function positionOf(answer: CommitAnswer): Position {
  expect(answer.kind).toBe('committed');
  return answer.position;
}

async function set(ledger: Ledger, value: string): Promise<Position> {
  return positionOf(await ledger.commit({ mutations: [{ kind: 'set', ...ref, value }] }));
}

test('a repeat after a reopening is answered with the position of the first answer', async () => {
  const path = join(temporaryFolder(), 'store.db');
  const first = await openFile(path);
  const given = positionOf(await first.ledger('app').commit(proposal));
  await first.close();
  const second = await openFile(path);
  const ledger = second.ledger('app');
  await set(ledger, 'second');

  const repeat = await ledger.commit(proposal);
  expect(repeat).toMatchObject({ replayed: true, position: given });
  const page = await ledger.log(positionOf(repeat));
  expect(page.kind).toBe('commits');
});

test('the position at which the log was trimmed stands after a reopening', async () => {
  const path = join(temporaryFolder(), 'store.db');
  const first = await openFile(path);
  const last = await set(first.ledger('app'), 'first');
  await first.close();
  const second = await openFile(path);
  const ledger = second.ledger('app');
  await set(ledger, 'second');
  const decision = {
    kind: 'decision',
    revisions: 0,
    writes: [],
    scopes: [],
    log: undefined,
  } as const;
  const trim = {
    ledger: 'app',
    reads: { refs: [], scopes: [] },
    decide: () => ({ ...decision, trimThrough: last.revision }),
  };
  const stamp = { member: 'trimmer', sequence: 1 };
  await second.engine.transact([trim], { stamp, durability: 'sync' });

  const page = await ledger.log(last);
  expect(page).toMatchObject({ kind: 'commits', commits: [{ changes: [{ kind: 'updated' }] }] });
});
