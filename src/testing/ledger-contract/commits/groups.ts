/** Group commit: many proposals in one transaction, each with its own revision, none starved. */
import { expect, vi } from 'vitest';
import { increment, logOf, refusal, revisionOf, set, told, valueOf, write } from '../acts.ts';
import type { LedgerContract } from '../contract.ts';

export function groupsContract(contract: LedgerContract): void {
  contract.test('a thousand concurrent increments are a thousand right answers', async (world) => {
    const { app } = await world.start();
    const answers = await Promise.all(
      Array.from({ length: 1000 }, () =>
        app.commit({ mutations: [increment('n')], returns: 'values' }),
      ),
    );
    const values: unknown[] = [];
    const revisions: number[] = [];
    for (const answer of answers) {
      if (answer.kind !== 'committed') throw new Error('a conflict without a check');
      values.push(answer.results[0]?.value?.decode());
      revisions.push(answer.position.revision);
    }
    const counted = Array.from({ length: 1000 }, (_, index) => index + 1);
    expect(values.toSorted((a, b) => Number(a) - Number(b))).toEqual(counted);
    expect(new Set(revisions).size).toBe(1000);
    expect(await valueOf(app, 'n')).toBe(1000);
    expect(await logOf(app)).toHaveLength(1000);
  });

  contract.test('proposals are applied in the order of their calls', async (world) => {
    const { app } = await world.start();
    await Promise.all(Array.from({ length: 600 }, (_, index) => write(app, set('k', index))));
    expect(await valueOf(app, 'k')).toBe(599);
    const commits = await logOf(app);
    expect(told(commits).slice(0, 3)).toEqual([
      'created k 0',
      'updated k 1 was 0',
      'updated k 2 was 1',
    ]);
    expect(commits.map(({ changes }) => changes[0]?.value?.decode())).toEqual(
      Array.from({ length: 600 }, (_, index) => index),
    );
  });

  contract.test('a group is bounded in what it reads and writes, however small', async (world) => {
    const { app, ledgers } = await world.start();
    const transact = vi.spyOn(ledgers.engine, 'transact');
    const proposals = Array.from({ length: 40 }, (_, index) => {
      return Array.from({ length: 1000 }, (__, key) => set(`${index}-${key}`, 1));
    });
    await Promise.all(proposals.map((mutations) => write(app, ...mutations)));
    const { entries } = await app.head();
    expect(entries).toBe(40_000);
    const sizes = transact.mock.calls.map(([works]) => works[0]?.reads.refs.length ?? 0);
    expect(Math.max(...sizes)).toBeLessThan(12_000);
    expect(Math.max(...sizes)).toBeGreaterThan(1000);
  });

  contract.test('each commit’s change knows the version that it replaced', async (world) => {
    const { app } = await world.start();
    await Promise.all(Array.from({ length: 50 }, () => write(app, increment('n'))));
    const commits = await logOf(app);
    for (const [index, { changes }] of commits.entries()) {
      const previous = index === 0 ? undefined : commits[index - 1]!.position.revision;
      expect(changes[0]?.previous?.version).toBe(previous);
    }
  });

  contract.test('revisions of a ledger have no holes as long as no upkeep runs', async (world) => {
    const { app } = await world.start();
    await Promise.all(
      Array.from({ length: 40 }, (_, index) => write(app, set(`k${index}`, index))),
    );
    const revisions = (await logOf(app)).map(({ position }) => position.revision);
    expect(revisions).toEqual(Array.from({ length: 40 }, (_, index) => index + 1));
    expect(await revisionOf(app)).toBe(40);
  });

  contract.test(
    'a noisy app with thousands waiting does not keep a quiet one waiting',
    async (world) => {
      const { app, ledger } = await world.start();
      let answered = 0;
      const noise = Array.from({ length: 4000 }, async () => {
        await write(app, increment('n'));
        answered += 1;
      });
      await write(ledger('quiet'), set('k', 1));
      expect(answered).toBeLessThan(2000);
      await Promise.all(noise);
      expect(await valueOf(app, 'n')).toBe(4000);
    },
  );

  contract.test('each app has revisions of its own', async (world) => {
    const { app, ledger } = await world.start();
    const other = ledger('other');
    await Promise.all([
      write(app, set('k', 1)),
      write(other, set('k', 2)),
      write(app, set('l', 3)),
    ]);
    expect([await revisionOf(app), await revisionOf(other)]).toEqual([2, 1]);
    expect([await valueOf(app, 'k'), await valueOf(other, 'k')]).toEqual([1, 2]);
    expect(await valueOf(other, 'l')).toBeUndefined();
  });

  contract.test('large proposals are grouped by their bytes and all get through', async (world) => {
    const { app } = await world.start();
    const text = 'x'.repeat(900_000);
    const writing = Array.from({ length: 25 }, (_, index) => write(app, set(`k${index}`, text)));
    await Promise.all(writing);
    expect((await app.scope('s')).entries).toBe(25);
    expect(await logOf(app, { keysOnly: true })).toHaveLength(25);
  });

  contract.test('updates that grow past a group’s bytes go on in the next group', async (world) => {
    const { app } = await world.start();
    const base = { text: 'x'.repeat(700_000), n: 0 };
    await write(app, set('k', base));
    const operations = [{ op: 'increment', path: ['n'] }] as const;
    const one = () => write(app, { kind: 'update', scope: 's', key: 'k', operations } as never);
    await Promise.all(Array.from({ length: 30 }, one));
    expect(await valueOf(app, 'k')).toEqual({ ...base, n: 30 });
  });

  contract.test('time never runs backwards, whatever the clock does', async (world) => {
    const { app, clock } = await world.start();
    const first = await write(app, set('k', 1));
    clock.set(clock.now() - 60_000);
    const second = await write(app, set('k', 2));
    expect(second.time).toBe(first.time);
    expect((await app.head()).time).toBe(first.time);
    clock.set(first.time + 5);
    expect((await write(app, set('k', 3))).time).toBe(first.time + 5);
  });

  contract.test(
    'more proposals than may wait are refused, and the others are not',
    async (world) => {
      const { app } = await world.start();
      const full = Array.from({ length: 100_000 }, () => app.commit({}));
      await refusal('overloaded', () => app.commit({}));
      const answers = await Promise.all(full);
      expect(answers.every(({ kind }) => kind === 'committed')).toBe(true);
    },
  );
}
