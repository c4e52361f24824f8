/** Workers that lie, hosts that race, and what can be lost on the way. */
import { expect } from 'vitest';
import { encodeChanges } from '../../layers/sessions/state/entries-codec.ts';
import { workerFrame } from '../../layers/sessions/wire/messages.ts';
import type { CompleteMessage, TurnMessage } from '../../layers/sessions/wire/messages.ts';
import type { Link } from '../../layers/sessions/index.ts';
import { StoredValue } from '../../ledger/index.ts';
import type { LayerContract } from '../layer-world.ts';
import { Stage } from './stage.ts';

type Lie = (turn: TurnMessage) => Partial<CompleteMessage>;

const hash = '00112233445566778899aabbccddeeff';
const one = encodeChanges([{ key: 'a', kind: 'set', value: StoredValue.of('lie') }]);

const lies: Readonly<Record<string, Lie>> = {
  'a delta to another state': () => ({ delta: one, state: { version: 2, hash } }),
  'a delta that is no delta': () => ({
    delta: Uint8Array.of(1, 2, 3),
    state: { version: 2, hash },
  }),
  'a delta of what is not there': () => ({
    delta: encodeChanges([
      { key: 'a', kind: 'update', operations: [{ op: 'append', values: [1] }] },
    ]),
    state: { version: 2, hash },
  }),
  'a snapshot of another state': () => ({ snapshot: one, state: { version: 2, hash } }),
  'a snapshot that is none': () => ({
    snapshot: encodeChanges([{ key: 'a', kind: 'delete' }]),
    state: { version: 2, hash },
  }),
  'nothing at all': () => ({ state: { version: 2, hash } }),
  'an output that is no JSON': () => ({
    delta: encodeChanges([]),
    output: '{',
    state: { version: 2 },
  }),
  'another base': () => ({ base: 7, delta: one, state: { version: 2, hash } }),
  'another version': () => ({ delta: one, state: { version: 9, hash } }),
};

const set = (key: string) => ({ key, kind: 'set', value: StoredValue.of(1) }) as const;
const tooMany = Array.from({ length: 1100 }, (_, n) => set(`k${n}`));
const excesses: readonly (readonly [string, string, Uint8Array])[] = [
  ['more entries than a commit takes', 'limit_exceeded', encodeChanges(tooMany)],
  ['a key that is too long', 'invalid_name', encodeChanges([set('k'.repeat(2000))])],
  ['a key that is no name', 'invalid_name', encodeChanges([set('a\0b')])],
];

function answering(lie: Lie): (turn: TurnMessage, link: Link) => void {
  return (turn, link) => {
    const { request, base } = turn;
    const complete = { request, base: base?.version ?? 0, ...lie(turn) };
    link.send(workerFrame.encode({ complete }));
  };
}

export function sessionSafetyContract(contract: LayerContract): void {
  for (const [name, lie] of Object.entries(lies)) {
    contract.test(`${name} never reaches the host's copy`, async ({ app }) => {
      const stage = new Stage(app);
      const honest = stage.hire('w');
      await stage.turn('s', 't1', { a: 1 });
      const before = await stage.entries('s');
      honest.link.close();
      const asked = stage.hireByHand(answering(lie));
      await expect(stage.turn('s', 't2')).rejects.toMatchObject({
        code: 'state_mismatch',
        outcome: 'not-applied',
      });
      // The second time with everything that the worker could lack.
      expect(asked.map(({ snapshot }) => snapshot !== undefined)).toEqual([true, true]);
      expect(await stage.entries('s')).toEqual(before);
      expect(await stage.host.session('s').head()).toMatchObject({ version: 1 });
      await stage.host.close();
      const next = new Stage(app);
      next.hire('w2');
      expect(await next.turn('s', 't2')).toMatchObject({ version: 2 });
      await next.host.close();
    });
  }

  for (const [name, code, delta] of excesses) {
    contract.test(`${name} is refused whole`, async ({ app }) => {
      const stage = new Stage(app);
      const honest = stage.hire('w');
      await stage.turn('s', 't1', { a: 1 });
      const before = await stage.entries('s');
      honest.link.close();
      stage.hireByHand(answering(() => ({ delta, state: { version: 2 } })));
      const refused = { code, outcome: 'not-applied' };
      await expect(stage.turn('s', 't2')).rejects.toMatchObject(refused);
      expect(await stage.entries('s')).toEqual(before);
      expect(await stage.host.session('s').head()).toMatchObject({ version: 1 });
      await stage.host.close();
    });
  }

  contract.test(
    'a worker that talks rubbish is let go, its turn goes to another',
    async (world) => {
      const stage = new Stage(world.app);
      stage.hireByHand((_, link) => link.send(Uint8Array.of(0xff, 0xff, 0xff)));
      const turn = stage.turn('s', 't1', { a: 1 });
      const honest = stage.hire('w');
      expect(await turn).toMatchObject({ version: 1, worker: 'w' });
      expect(stage.host.workers().map(({ name }) => name)).toEqual([honest.worker.name]);
      await stage.host.close();
    },
  );

  contract.test('of two hosts on one session each turn is applied once', async (world) => {
    const stages = [new Stage(world.app), new Stage(await world.another())];
    for (const [index, stage] of stages.entries()) {
      stage.hire(`w${index}a`);
      stage.hire(`w${index}b`);
    }
    const ids = Array.from({ length: 24 }, (_, index) => `t${index}`);
    const done = await Promise.all(
      ids.map(async (id, index) => stages[index % 2]?.turn('s', id, { [id]: index })),
    );
    const log = (await stages[0]?.host.session('s').items<string>('log')) ?? [];
    expect(log.toSorted()).toEqual(ids.toSorted());
    // The versions are those of the log: nobody overwrote anybody.
    for (const [index, id] of ids.entries()) {
      expect(log[(done[index]?.version ?? 0) - 1]).toBe(id);
    }
    for (const stage of stages) await stage.host.close();
  });

  contract.test('the same turn asked of two hosts at once is applied once', async (world) => {
    const stages = [new Stage(world.app), new Stage(await world.another())];
    for (const [index, stage] of stages.entries()) stage.hire(`w${index}`);
    for (const id of ['t1', 't2', 't3', 't4']) {
      const both = await Promise.all(stages.map((stage) => stage.turn('s', id, { [id]: 1 })));
      expect(both[0]?.version).toBe(both[1]?.version);
      expect(both.filter(({ replayed }) => !replayed)).toHaveLength(1);
    }
    expect(await stages[0]?.host.session('s').items('log')).toEqual(['t1', 't2', 't3', 't4']);
    for (const stage of stages) await stage.host.close();
  });

  contract.test('a turn goes on elsewhere when its worker is lost', async ({ app }) => {
    const stage = new Stage(app);
    stage.hireByHand((_, link) => link.close());
    const turn = stage.turn('s', 't1', { a: 1 });
    stage.hire('w2');
    expect(await turn).toMatchObject({ version: 1, worker: 'w2', attempts: 2 });
    await stage.host.close();
  });

  contract.test('a turn can be given up, and leaves nothing', async ({ app }) => {
    const stage = new Stage(app);
    const cancelled: boolean[] = [];
    const abort = new AbortController();
    stage.hireByHand(() => {
      abort.abort();
      cancelled.push(true);
    });
    const refused = { code: 'aborted', outcome: 'not-applied' };
    await expect(stage.turn('s', 't1', {}, { signal: abort.signal })).rejects.toMatchObject(
      refused,
    );
    expect(cancelled).toEqual([true]);
    expect(await stage.host.session('s').head()).toBe(undefined);
    await stage.host.close();
  });

  contract.timed('a turn that takes too long is given up', async ({ app }, clock) => {
    const stage = new Stage(app, { clock, turnTimeoutMs: 1000 });
    const asked = stage.hireByHand(() => undefined);
    const turn = stage.turn('s', 't1');
    turn.catch(() => undefined);
    while (asked.length === 0) await clock.pass(0);
    await clock.pass(1000);
    await expect(turn).rejects.toMatchObject({ code: 'timeout', outcome: 'not-applied' });
    await stage.host.close();
  });

  contract.timed('a turn without a worker says so after a while', async ({ app }, clock) => {
    const stage = new Stage(app, { clock, workerWaitMs: 500 });
    const turn = stage.turn('s', 't1');
    turn.catch(() => undefined);
    await clock.pass(0);
    for (let step = 0; step < 20; step += 1) await clock.pass(100);
    await expect(turn).rejects.toMatchObject({ code: 'unavailable', retryable: true });
    await stage.host.close();
  });
}
