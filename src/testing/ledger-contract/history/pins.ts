/** Retention and pins: how far back the log reaches, and who may hold it. */
import { expect } from 'vitest';
import { origin } from '../../../ledger/index.ts';
import { logOf, refusal, runDuties, set, told, write } from '../acts.ts';
import type { LedgerContract } from '../contract.ts';

const brief = { retention: { ms: 10 } };

export function pinsContract(contract: LedgerContract): void {
  contract.test('the log is kept for its time and forgotten after it', async (world) => {
    const opened = await world.start({ retention: { ms: 100 } });
    const { app, clock } = opened;
    await write(app, set('old', 1));
    clock.advance(60);
    const { position } = await write(app, set('young', 1));
    clock.advance(40);
    await runDuties(opened);
    expect(await logOf(app)).toHaveLength(2);
    clock.advance(1);
    await runDuties(opened);
    expect((await app.log(origin)).kind).toBe('trimmed');
    expect(await app.head()).toMatchObject({ trimmed: position.revision - 1 });
    expect((await app.scope('s')).entries).toBe(2);
  });

  contract.test('a log over its bytes forgets the oldest first', async (world) => {
    const opened = await world.start({ retention: { bytes: 10_000 } });
    const { app } = opened;
    for (let turn = 0; turn < 20; turn += 1)
      await write(app, set('k', `${turn} ${'x'.repeat(1000)}`));
    await runDuties(opened);
    const { logBytes, trimmed, position } = await app.head();
    expect(logBytes).toBeLessThanOrEqual(10_000);
    expect(trimmed).toBeGreaterThan(0);
    expect(trimmed).toBeLessThan(position.revision);
    expect((await app.log({ ...position, revision: trimmed })).kind).toBe('commits');
  });

  contract.test('a pin holds the log from its position on', async (world) => {
    const opened = await world.start(brief);
    const { app, clock } = opened;
    await write(app, set('k', 1));
    const { position } = await write(app, set('k', 2));
    await write(app, set('k', 3));
    const pin = await app.pin('backup', position, 1000);
    expect(pin).toEqual({ name: 'backup', position, expiresAt: clock.now() + 1000 });
    clock.advance(11);
    await runDuties(opened);
    expect((await app.log(origin)).kind).toBe('trimmed');
    expect(told(await logOf(app, {}, position))).toEqual(['updated k 3 was 2']);
  });

  contract.test('the same name moves the hold, and 0 releases it', async (world) => {
    const opened = await world.start(brief);
    const { app, clock } = opened;
    const { position: first } = await write(app, set('k', 1));
    const { position: second } = await write(app, set('k', 2));
    await write(app, set('k', 3));
    await app.pin('p', first, 1000);
    clock.advance(11);
    await runDuties(opened);
    expect((await app.log(first)).kind).toBe('commits');
    await app.pin('p', second, 1000);
    await runDuties(opened);
    expect([(await app.log(first)).kind, (await app.log(second)).kind]).toEqual([
      'trimmed',
      'commits',
    ]);
    await app.pin('p', second, 0);
    clock.advance(11);
    await runDuties(opened);
    expect((await app.log(second)).kind).toBe('trimmed');
    await app.pin('p', origin, 0);
  });

  contract.test('of several pins the earliest holds, and each ends at its time', async (world) => {
    const opened = await world.start(brief);
    const { app, clock } = opened;
    const { position: first } = await write(app, set('k', 1));
    const { position: second } = await write(app, set('k', 2));
    await write(app, set('k', 3));
    await app.pin('early', first, 100);
    await app.pin('__proto__', second, 200);
    const kinds = async () => [(await app.log(first)).kind, (await app.log(second)).kind];
    clock.advance(99);
    await runDuties(opened);
    expect(await kinds()).toEqual(['commits', 'commits']);
    clock.advance(1);
    await runDuties(opened);
    expect(await kinds()).toEqual(['trimmed', 'commits']);
    clock.advance(100);
    await runDuties(opened);
    expect(await kinds()).toEqual(['trimmed', 'trimmed']);
  });

  contract.test('beyond the hard cap not even a pin holds the log', async (world) => {
    const opened = await world.start({ retention: { bytes: 5000, hardBytes: 10_000 } });
    const { app } = opened;
    const { position } = await write(app, set('k', 0));
    await app.pin('slow', position, 60_000);
    for (let turn = 0; turn < 3; turn += 1)
      await write(app, set('k', `${turn} ${'x'.repeat(1000)}`));
    await runDuties(opened);
    expect((await app.log(position)).kind).toBe('commits');
    for (let turn = 0; turn < 8; turn += 1)
      await write(app, set('k', `${turn} ${'x'.repeat(1000)}`));
    await runDuties(opened);
    expect((await app.log(position)).kind).toBe('trimmed');
    expect((await app.head()).logBytes).toBeLessThanOrEqual(10_000);
    await refusal('trimmed', () => app.pin('slow', position, 60_000));
  });

  contract.test('a pin of one app holds no other app’s log', async (world) => {
    const opened = await world.start(brief);
    const { app, clock, ledger } = opened;
    const other = ledger('other');
    const { position } = await write(app, set('k', 1));
    const elsewhere = await write(other, set('k', 1));
    await write(other, set('k', 2));
    await app.pin('p', position, 1000);
    clock.advance(11);
    await runDuties(opened);
    expect((await other.log(elsewhere.position)).kind).toBe('trimmed');
  });

  contract.test('a pin is seen by every handle', async (world) => {
    const opened = await world.start(brief);
    const { position } = await write(opened.app, set('k', 1));
    await write(opened.app, set('k', 2));
    await opened.app.pin('p', position, 1000);
    const other = await world.reopen(opened, brief);
    opened.clock.advance(11);
    await runDuties(other);
    expect((await opened.app.log(position)).kind).toBe('commits');
  });
}
