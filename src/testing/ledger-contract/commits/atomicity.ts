/** All or nothing: whatever fails in a proposal, nothing of it is there. */
import { expect } from 'vitest';
import type { ErrorCode } from '../../../errors/index.ts';
import type { Mutation } from '../../../ledger/index.ts';
import { entryOf, logOf, refusal, scanAll, set, valueOf, write } from '../acts.ts';
import type { LedgerContract } from '../contract.ts';

function update(key: string, ...operations: readonly unknown[]): Mutation {
  return { kind: 'update', scope: 's', key, operations } as Mutation;
}

const failing: readonly (readonly [string, ErrorCode, Mutation])[] = [
  ['an increment of text', 'operation_failed', update('text', { op: 'increment' })],
  ['an append to text', 'operation_failed', update('text', { op: 'append', value: 1 })],
  ['an increment past 2^53', 'operation_failed', update('top', { op: 'increment' })],
  ['an operation on bytes', 'operation_failed', update('bytes', { op: 'increment' })],
  [
    'the last of many operations',
    'operation_failed',
    update('n', { op: 'increment' }, { op: 'append', value: 1 }),
  ],
  [
    'an update that grows past the largest value',
    'limit_exceeded',
    update('list', { op: 'append', value: 'x'.repeat(800) }),
  ],
];

export function atomicityContract(contract: LedgerContract): void {
  for (const [name, code, mutation] of failing) {
    contract.test(`${name} fails its whole proposal and changes nothing`, async (world) => {
      const { app } = await world.start({ maxValueBytes: 1000 });
      const start = [set('text', 'abc'), set('top', 2 ** 53 - 1), set('n', 1)];
      await write(app, ...start, set('bytes', Uint8Array.of(1)), set('list', ['x'.repeat(800)]));
      const [before, entries] = [await app.head(), await scanAll(app, { scope: 's' })];
      await refusal(code, () => write(app, set('new', 1), set('n', 2), mutation, set('late', 1)));
      expect(await app.head()).toEqual(before);
      expect(await scanAll(app, { scope: 's' })).toEqual(entries);
      expect(await logOf(app)).toHaveLength(1);
      const next = await write(app, set('new', 1));
      expect(next.position.revision).toBe(before.position.revision + 1);
    });
  }

  contract.test('a failing proposal does not unsettle what waits with it', async (world) => {
    const { app } = await world.start();
    await write(app, set('text', 'abc'));
    const answers = await Promise.allSettled(
      Array.from({ length: 30 }, (_, index) =>
        index % 3 === 1
          ? write(app, set('shared', index), update('text', { op: 'increment' }))
          : write(app, set(`k${index}`, index), update('n', { op: 'increment' })),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual(
      Array.from({ length: 30 }, (_, index) => (index % 3 === 1 ? 'rejected' : 'fulfilled')),
    );
    expect(await valueOf(app, 'n')).toBe(20);
    expect(await entryOf(app, 'shared')).toBeUndefined();
  });

  contract.test('the changes of one commit share its revision and its time', async (world) => {
    const { app } = await world.start();
    const keys = ['a', 'b', 'c'];
    const { position, time } = await write(app, ...keys.map((key) => set(key, key)));
    for (const key of keys) {
      expect(await entryOf(app, key)).toMatchObject({
        version: position.revision,
        updatedAt: time,
      });
    }
    const [only, ...more] = await logOf(app);
    expect([only?.changes.length, more.length]).toEqual([3, 0]);
  });

  contract.test('a read of several entries never shows half a commit', async (world) => {
    const { app } = await world.start();
    const refs = ['a', 'b'].map((key) => ({ scope: 's', key }));
    await write(app, set('a', 0), set('b', 0));
    const writing = (async () => {
      for (let turn = 1; turn <= 50; turn += 1) await write(app, set('a', turn), set('b', turn));
    })();
    for (let turn = 0; turn < 50; turn += 1) {
      const [a, b] = await app.read(refs);
      expect([b!.version, b!.value.decode()]).toEqual([a!.version, a!.value.decode()]);
    }
    await writing;
  });
}
