/** Positions: of another history, ahead, or forgotten; each is said, none is passed over. */
import { expect } from 'vitest';
import { origin } from '../../../ledger/index.ts';
import type { Ledger, LogPage, Position } from '../../../ledger/index.ts';
import { commitsOf, logOf, refusal, runDuties, set, write } from '../acts.ts';
import type { LedgerContract } from '../contract.ts';

async function firstPage(app: Ledger, after: Position): Promise<LogPage> {
  const watch = app.watch({ after })[Symbol.asyncIterator]();
  try {
    const step = await watch.next();
    if (step.done === true) throw new Error('the watch ended');
    return step.value;
  } finally {
    await watch.return?.();
  }
}

export function positionsContract(contract: LedgerContract): void {
  contract.test('a position ahead of the head is regressed', async (world) => {
    const { app } = await world.start();
    const { position } = await write(app, set('k', 1));
    const ahead = { ...position, revision: position.revision + 1 };
    expect(await app.log(ahead)).toEqual({ kind: 'regressed', head: position });
    expect(await firstPage(app, ahead)).toEqual({ kind: 'regressed', head: position });
    await refusal('regressed', () => app.pin('p', ahead, 1000));
  });

  contract.test('a position of another incarnation is regressed', async (world) => {
    const { app } = await world.start();
    await write(app, set('k', 1));
    const { position } = await write(app, set('k', 2));
    const foreign = { incarnation: 'another', revision: 1 };
    expect(await app.log(foreign)).toEqual({ kind: 'regressed', head: position });
    expect(await firstPage(app, foreign)).toEqual({ kind: 'regressed', head: position });
    await refusal('regressed', () => app.pin('p', foreign, 1000));
  });

  contract.test(
    'a foreign position is regressed for a watcher beside others too',
    async (world) => {
      const { app } = await world.start();
      const { position } = await write(app, set('k', 0));
      const other = app.watch({ after: position })[Symbol.asyncIterator]();
      for (let turn = 1; turn <= 5; turn += 1) {
        const next = other.next();
        await write(app, set('k', turn));
        await next;
      }
      const foreign = { incarnation: 'another', revision: position.revision + 2 };
      expect((await firstPage(app, foreign)).kind).toBe('regressed');
      await other.return?.();
    },
  );

  contract.test('the oldest position of the head reads all that the log still has', async (w) => {
    const opened = await w.start({ retention: { ms: 10 } });
    const { app, clock } = opened;
    expect((await app.head()).oldest).toEqual(origin);
    await write(app, set('k', 1));
    clock.advance(11);
    await runDuties(opened);
    await write(app, set('k', 2));
    const { oldest, trimmed } = await app.head();
    expect([oldest.revision, trimmed]).toEqual([1, 1]);
    expect(commitsOf(await app.log(oldest)).commits).toHaveLength(1);
  });

  contract.test('the origin is before every history, until the log was trimmed', async (world) => {
    const opened = await world.start({ retention: { ms: 10 } });
    const { app, clock } = opened;
    expect(commitsOf(await app.log(origin)).commits).toEqual([]);
    const { position } = await write(app, set('k', 1));
    expect(await logOf(app)).toHaveLength(1);
    clock.advance(11);
    await runDuties(opened);
    const { position: head, trimmed } = await app.head();
    expect(trimmed).toBeGreaterThanOrEqual(position.revision);
    expect(await app.log(origin)).toEqual({ kind: 'trimmed', head });
    expect(await firstPage(app, origin)).toEqual({ kind: 'trimmed', head });
    await refusal('trimmed', () => app.pin('p', origin, 1000));
  });

  contract.test(
    'the last trimmed position still reads on, the one before does not',
    async (world) => {
      const opened = await world.start({ retention: { ms: 10 } });
      const { app, clock } = opened;
      const receipts = [];
      for (let turn = 0; turn < 4; turn += 1) receipts.push(await write(app, set('k', turn)));
      clock.advance(11);
      const late = await write(app, set('k', 'late'));
      await runDuties(opened);
      const { trimmed } = await app.head();
      expect(trimmed).toBe(receipts[3]!.position.revision);
      const page = commitsOf(await app.log(receipts[3]!.position));
      expect(page.commits.map(({ position }) => position)).toEqual([late.position]);
      expect((await app.log(receipts[2]!.position)).kind).toBe('trimmed');
    },
  );

  contract.test('positions stay good over a reopening, and their log joins on', async (world) => {
    const opened = await world.start();
    const first = await write(opened.app, set('k', 1));
    const second = await world.reopen(opened);
    await opened.ledgers.close();
    const app = second.ledger('app');
    const after = await write(app, set('k', 2));
    const page = commitsOf(await app.log(first.position));
    expect(page.commits.map(({ position }) => position)).toEqual([after.position]);
    const whole = await logOf(app);
    expect(whole.map(({ position }) => position)).toEqual([first.position, after.position]);
    await app.pin('p', first.position, 1000);
  });

  contract.test('a position of one app is no position of another', async (world) => {
    const { app, ledger } = await world.start();
    for (let turn = 0; turn < 5; turn += 1) await write(app, set('k', turn));
    const { position } = await app.head();
    await write(ledger('other'), set('k', 1));
    expect((await ledger('other').log(position)).kind).toBe('regressed');
  });
}
