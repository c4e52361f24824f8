/** One store through several handles, at once or one after the other. */
import { expect } from 'vitest';
import { ManualClock } from '../../manual-clock.ts';
import type { Contract } from '../contract.ts';
import { patiently } from '../steady-engine.ts';
import { commit, contentAt, newStamp, put, scanAll, upkeep, viewOf, workOf } from '../writing.ts';

export function handlesContract(contract: Contract): void {
  together(contract);
  oneAfterTheOther(contract);
}

function together(contract: Contract): void {
  contract.testWith(['shared'], 'each handle sees what the other committed', async (world) => {
    const one = await world.open();
    const two = await world.reopen(one);
    const first = await commit(one, 'app', [put('s', 'a', 'one')]);
    expect(await contentAt(two, 'app', 's', 'a')).toBe('one');
    const second = await commit(two, 'app', [put('s', 'a', 'two')]);
    const history = await one.incarnations('app');
    expect(history[0]).toEqual({ id: first.incarnation, from: 0 });
    expect(second).toMatchObject({ base: 1, incarnation: history.at(-1)?.id });
    expect(await contentAt(one, 'app', 's', 'a')).toBe('two');
    expect((await one.log('app', { after: 0, limit: 10 })).rows).toHaveLength(2);
    expect(await two.ledgers()).toEqual(['app']);
  });

  contract.testWith(['shared'], 'each handle sees what the other read before', async (world) => {
    const one = await world.open();
    const two = await world.reopen(one);
    for (let turn = 1; turn <= 10; turn += 1) {
      const [writer, reader] = turn % 2 === 0 ? [one, two] : [two, one];
      expect(await contentAt(writer, 'app', 's', 'a')).toBe(turn === 1 ? undefined : `${turn - 1}`);
      await commit(writer, 'app', [put('s', 'a', `${turn}`)]);
      expect(await contentAt(reader, 'app', 's', 'a')).toBe(`${turn}`);
      expect(await scanAll(reader, 'app', { scope: 's' })).toMatchObject([{ version: turn }]);
      const { scopes } = await reader.scopes('app', { limit: 10 });
      expect(scopes).toMatchObject([{ entries: 1, revision: turn }]);
    }
  });

  contract.testWith(['shared'], 'handles share members, due entries and fences', async (world) => {
    const one = await world.open();
    const two = await world.reopen(one);
    await one.heartbeat('one', 60_000);
    await two.heartbeat('two', 60_000);
    const ids = (await one.members()).members.map(({ id }) => id).sort();
    expect(ids).toEqual(['one', 'two']);
    await commit(one, 'app', [put('s', 'k', '', { expiresAt: 5 })]);
    expect(await two.due(5, 10)).toHaveLength(1);
    const stamp = newStamp();
    expect(await two.resolve('app', stamp)).toBe('not-applied');
    const call = world
      .raw(one)
      .transact([workOf('app', [put('s', 'late')])], { stamp, durability: 'sync' });
    await call.catch(() => undefined);
    expect(await contentAt(two, 'app', 's', 'late')).toBeUndefined();
  });

  contract.testWith(['shared'], 'closing one handle leaves the other at work', async (world) => {
    const one = await world.open();
    const two = await world.reopen(one);
    await commit(one, 'app', [put('s', 'a', 'one')]);
    await one.close();
    expect(await contentAt(two, 'app', 's', 'a')).toBe('one');
    await commit(two, 'app', [put('s', 'a', 'two')]);
    const three = await world.reopen(two);
    expect(await contentAt(three, 'app', 's', 'a')).toBe('two');
  });

  contract.testWith(
    ['shared', 'injectedClock'],
    'time never runs backwards between handles whose clocks differ',
    async (world) => {
      const one = await world.open({ clock: new ManualClock(9000) });
      const two = await world.reopen(one, { clock: new ManualClock(4000) });
      await commit(one, 'app', [put('s', 'a')]);
      expect(await commit(two, 'app', [put('s', 'a')])).toMatchObject({ time: 9000 });
      expect((await two.read('app', [])).time).toBe(9000);
    },
  );
}

function oneAfterTheOther(contract: Contract): void {
  contract.testWith(
    ['persistent'],
    'what was committed is there after reopening',
    async (world) => {
      const before = await world.open();
      const text = 'é\u{1f600}'.repeat(1000);
      await commit(before, 'app', [put('s', 'text', text), put('s', 'due', '', { expiresAt: 9 })]);
      await commit(before, 'app', [put('t', 'bytes', Uint8Array.of(0, 255))], { revisions: 3 });
      await upkeep(before, 'app', { trimThrough: 1 });
      const { head } = await before.read('app', []);
      const log = await before.log('app', { after: 0, limit: 10 });
      const incarnations = await before.incarnations('app');
      const scopes = ['s', 't'];
      const stats = (await viewOf(before, 'app', { scopes })).scopes;
      await before.close();

      const after = await world.reopen(before);
      expect((await after.read('app', [])).head).toEqual(head);
      expect(await contentAt(after, 'app', 's', 'text')).toBe(text);
      expect([...((await contentAt(after, 'app', 't', 'bytes')) as Uint8Array)]).toEqual([0, 255]);
      expect((await after.log('app', { after: 0, limit: 10 })).rows).toEqual(log.rows);
      expect(await after.incarnations('app')).toEqual(incarnations);
      expect((await viewOf(after, 'app', { scopes })).scopes).toEqual(stats);
      expect(await after.due(9, 10)).toHaveLength(1);
      expect(await after.ledgers()).toEqual(['app']);
      const { base, incarnation } = await commit(after, 'app', [put('s', 'x')]);
      expect(base).toBe(head.revision);
      // A file may have been copied back: what was committed after the copy must be told apart.
      expect(incarnation === head.incarnation).toBe(contract.supports.noticesLoss === true);
      const begun = { id: incarnation, from: head.revision };
      expect(await after.incarnations('app')).toEqual(
        contract.supports.noticesLoss === true ? incarnations : [...incarnations, begun],
      );
    },
  );

  contract.testWith(['persistent'], 'stamps and fences hold after reopening', async (world) => {
    const before = await world.open();
    const raw = world.raw(before);
    const [made, fenced] = [newStamp(), newStamp()];
    const work = workOf('app', [put('s', 'a')]);
    await patiently(() => raw.transact([work], { stamp: made, durability: 'sync' }));
    const answer = await before.resolve('app', made);
    expect(await before.resolve('app', fenced)).toBe('not-applied');
    await before.close();

    const after = await world.reopen(before);
    expect(await after.resolve('app', made)).toEqual(answer);
    const late = workOf('app', [put('s', 'late')]);
    const call = world.raw(after).transact([late], { stamp: fenced, durability: 'sync' });
    await call.catch(() => undefined);
    expect(await contentAt(after, 'app', 's', 'late')).toBeUndefined();
  });

  contract.testWith(
    ['persistent'],
    'relaxed commits are there after an orderly close',
    async (world) => {
      const before = await world.open();
      const options = { stamp: newStamp(), durability: 'relaxed' as const };
      await before.transact([workOf('app', [put('s', 'a', 'relaxed')])], options);
      await before.close();
      const after = await world.reopen(before);
      expect(await contentAt(after, 'app', 's', 'a')).toBe('relaxed');
    },
  );
}
