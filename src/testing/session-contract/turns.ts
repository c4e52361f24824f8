/** Turns: versions, retries, regenerations, failures. */
import { expect } from 'vitest';
import { deleteSession, structuredAgent } from '../../layers/sessions/index.ts';
import type { TurnEvent } from '../../layers/sessions/index.ts';
import type { LayerContract } from '../layer-world.ts';
import { Stage } from './stage.ts';

export function sessionTurnsContract(contract: LayerContract): void {
  contract.test('a turn makes the next version and stores what it changed', async ({ app }) => {
    const stage = new Stage(app);
    stage.hire('w');
    const events: TurnEvent[] = [];
    const onEvent = (event: TurnEvent) => events.push(event);
    const first = await stage.turn('s', 't1', { a: 1, b: { deep: [1] } }, { onEvent });
    expect(first).toMatchObject({ version: 1, output: 1, worker: 'w', attempts: 1 });
    expect(events).toEqual([{ attempt: 1, index: 0, kind: 'wrote', data: ['a', 'b'] }]);
    expect(await stage.turn('s', 't2', { a: null, c: 'x' })).toMatchObject({ version: 2 });
    const log = { 'log/0000000000000000': 't1', 'log/0000000000000001': 't2' };
    expect(await stage.entries('s')).toEqual({ b: { deep: [1] }, c: 'x', ...log });
    const session = stage.host.session('s');
    expect(await session.head()).toMatchObject({ version: 2, payload: 'entries' });
    expect(await session.items('log')).toEqual(['t1', 't2']);
    expect(await session.get('c')).toBe('x');
    await stage.host.close();
  });

  contract.test('a retry gives the first outcome and applies nothing', async ({ app }) => {
    const stage = new Stage(app);
    const { turns } = stage.hire('w');
    const first = await stage.turn('s', 't1', { a: 1 });
    const again = await stage.turn('s', 't1', { a: 1 });
    expect(again).toEqual({ ...first, replayed: true });
    expect(turns).toHaveLength(1);
    await expect(stage.turn('s', 't1', { a: 2 })).rejects.toMatchObject({ code: 'stamp_reused' });
    const [one, two] = await Promise.all([stage.turn('s', 't2'), stage.turn('s', 't2')]);
    expect([one.version, two.version]).toEqual([2, 2]);
    expect([one.replayed, two.replayed]).toEqual([false, true]);
    await stage.host.close();
  });

  contract.test('a regeneration starts from the base that it names', async ({ app }) => {
    const stage = new Stage(app);
    stage.hire('w');
    await stage.turn('s', 't1', { a: 1 });
    await stage.turn('s', 't2', { a: 2, b: 2 });
    const before = await stage.entries('s');
    expect(await stage.turn('s', 't3', { c: 3 }, { base: 1 })).toMatchObject({ version: 3 });
    const log = { 'log/0000000000000000': 't1', 'log/0000000000000001': 't3' };
    expect(await stage.entries('s')).toEqual({ a: 1, c: 3, ...log });
    // Once more from the same start, and back to what was there before.
    expect(await stage.turn('s', 't4', { c: 4 }, { base: 1 })).toMatchObject({ version: 4 });
    expect(await stage.entries('s')).toMatchObject({ a: 1, c: 4 });
    await stage.turn('s', 't5', { e: 5 }, { base: 3 });
    expect(await stage.entries('s')).toMatchObject({ a: 1, c: 3, e: 5 });
    const { 'log/0000000000000001': _, b: __, ...rest } = before;
    expect(rest).toMatchObject({ a: 2 });
    await stage.host.close();
  });

  contract.test('a first turn can be regenerated, and a base can be demanded', async ({ app }) => {
    const stage = new Stage(app);
    stage.hire('w');
    await stage.turn('s', 't1', { a: 1 }, { base: 0 });
    await stage.turn('s', 't2', { b: 1 }, { base: 0 });
    expect(await stage.entries('s')).toEqual({ b: 1, 'log/0000000000000000': 't2' });
    const request = { session: 's', id: 't3', agent: 'writer', input: {} };
    for (const base of [3, 7]) {
      const conflict = { kind: 'conflict', session: 's', version: 2, bases: [2, 1, 0] };
      expect(await stage.host.turn({ ...request, base })).toEqual(conflict);
    }
    expect(await stage.turn('s', 't3', {}, { base: 2 })).toMatchObject({ version: 3 });
    expect(await stage.host.turn({ ...request, id: 't4', base: 1 })).toMatchObject({
      kind: 'conflict',
      bases: [3, 2],
    });
    await stage.host.close();
  });

  contract.test(
    'a handler that throws leaves no trace, and may be tried again',
    async ({ app }) => {
      const stage = new Stage(app);
      let isBroken = true;
      const moody = structuredAgent((turn) => {
        turn.state.set('half', 'done');
        if (isBroken) throw new Error('no mood');
        return 'ok';
      });
      stage.hire('w', { agents: { moody } });
      const request = { session: 's', id: 't', agent: 'moody' };
      const refused = { code: 'turn_failed', message: 'no mood', outcome: 'not-applied' };
      await expect(stage.host.turn(request)).rejects.toMatchObject(refused);
      expect(await stage.host.session('s').head()).toBe(undefined);
      isBroken = false;
      expect(await stage.host.turn(request)).toMatchObject({ version: 1, output: 'ok' });
      isBroken = true;
      await expect(stage.host.turn({ ...request, id: 't2' })).rejects.toMatchObject(refused);
      isBroken = false;
      expect(await stage.host.turn({ ...request, id: 't2' })).toMatchObject({ version: 2 });
      await stage.host.close();
    },
  );

  contract.test('turns of one session keep their order, sessions run at once', async ({ app }) => {
    const stage = new Stage(app);
    stage.hire('w1');
    stage.hire('w2');
    const ids = Array.from({ length: 8 }, (_, index) => `t${index}`);
    const sessions = ['s0', 's1', 's2', 's3', 's4'];
    await Promise.all(sessions.flatMap((name) => ids.map((id) => stage.turn(name, id))));
    for (const name of sessions) {
      expect(await stage.host.session(name).items('log')).toEqual(ids);
    }
    await stage.host.close();
  });

  contract.test('a session can be deleted, and begins anew', async ({ app, ledger }) => {
    const stage = new Stage(app);
    stage.hire('w');
    expect(await deleteSession(app, 's')).toBe(false);
    const many = Object.fromEntries(Array.from({ length: 600 }, (_, n) => [`k${n}`, n]));
    await stage.turn('s', 't1', many);
    const more = Object.fromEntries(Array.from({ length: 600 }, (_, n) => [`l${n}`, n]));
    await stage.turn('s', 't2', more);
    await stage.turn('other', 't1', { secret: 'gone' });
    expect(await deleteSession(app, 's')).toBe(true);
    expect((await ledger.scope('$session/s')).entries).toBe(0);
    expect(await stage.turn('s', 't1', { a: 1 })).toMatchObject({ version: 1, replayed: false });
    expect(await stage.entries('s')).toEqual({ a: 1, 'log/0000000000000000': 't1' });
    expect(await deleteSession(app, 'other', { erase: true })).toBe(true);
    const page = await ledger.log({ ...(await ledger.head()).position, revision: 0 });
    expect(JSON.stringify(page)).not.toContain('gone');
    await stage.host.close();
  });

  contract.test('a session is deleted whole, before or after a turn', async ({ app, ledger }) => {
    const stage = new Stage(app);
    stage.hire('w');
    for (let round = 0; round < 5; round += 1) {
      await stage.turn('s', `before ${round}`, { a: 1 });
      const [turned] = await Promise.all([
        stage.turn('s', `turn ${round}`, { b: 1 }),
        deleteSession(app, 's'),
      ]);
      const head = await stage.host.session('s').head();
      const { entries } = await ledger.scope('$session/s');
      if (head === undefined) expect(entries).toBe(0);
      else expect(await stage.turn('s', `after ${round}`)).toMatchObject({ version: 2 });
      expect([1, 2]).toContain(turned.version);
      await deleteSession(app, 's');
    }
    await stage.host.close();
  });

  contract.test('a turn that is too large is refused whole', async ({ app, ledger }) => {
    const stage = new Stage(app);
    stage.hire('w');
    await stage.turn('s', 't1', { a: 1 });
    const many = Object.fromEntries(Array.from({ length: 1100 }, (_, n) => [`k${n}`, n]));
    const refused = { code: 'limit_exceeded', outcome: 'not-applied' };
    await expect(stage.turn('s', 't2', many)).rejects.toMatchObject(refused);
    const wide = { large: 'x'.repeat(2 ** 20) };
    await expect(stage.turn('s', 't3', wide)).rejects.toMatchObject(refused);
    await expect(stage.turn('s', 't4', { ['k'.repeat(1100)]: 1 })).rejects.toMatchObject({
      code: 'invalid_name',
    });
    expect((await ledger.scope('$session/s')).entries).toBe(5);
    expect(await stage.turn('s', 't5', { b: 1 })).toMatchObject({ version: 2 });
    await stage.host.close();
  });

  contract.test('what was too much to be kept cannot be undone', async ({ app }) => {
    const stage = new Stage(app);
    stage.hire('w');
    await stage.turn('s', 't1', { a: 'x'.repeat(400_000) });
    await stage.turn('s', 't2', { a: 'y' });
    const request = { session: 's', id: 't3', agent: 'writer', input: {} };
    const conflict = { kind: 'conflict', session: 's', version: 2, bases: [2] };
    expect(await stage.host.turn({ ...request, base: 1 })).toEqual(conflict);
    expect(await stage.turn('s', 't3')).toMatchObject({ version: 3 });
    expect(await stage.turn('s', 't4', {}, { base: 2 })).toMatchObject({ version: 4 });
    await stage.host.close();
  });

  contract.timed('an outcome is kept for its time', async ({ app }, clock) => {
    const stage = new Stage(app, { clock, turnTtlMs: 1000 });
    stage.hire('w');
    await stage.turn('s', 't1');
    await clock.pass(999);
    expect(await stage.turn('s', 't1')).toMatchObject({ version: 1, replayed: true });
    await clock.pass(1);
    expect(await stage.turn('s', 't1')).toMatchObject({ version: 2, replayed: false });
    await stage.host.close();
  });

  contract.test('wrong requests are refused at the door', async ({ app }) => {
    const stage = new Stage(app);
    stage.hire('w');
    const good = { session: 's', id: 't', agent: 'writer', input: {} };
    const wrong = [{ session: '' }, { id: '' }, { agent: 7 }, { base: -1 }, { base: 0.5 }];
    for (const part of [...wrong, { id: 'x'.repeat(300) }, { metadata: 7 }]) {
      const request = { ...good, ...part } as typeof good;
      await expect(stage.host.turn(request)).rejects.toMatchObject({ code: 'invalid_argument' });
    }
    for (const input of [Number.NaN, new Uint8Array(1), new Map()]) {
      const refused = { code: 'invalid_value' };
      await expect(stage.host.turn({ ...good, input })).rejects.toMatchObject(refused);
    }
    const long = { ...good, session: 'x'.repeat(300) };
    await expect(stage.host.turn(long)).rejects.toMatchObject({ code: 'invalid_name' });
    await stage.host.close();
    await expect(stage.host.turn(good)).rejects.toMatchObject({ code: 'closed' });
  });
}
