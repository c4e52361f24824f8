/** What is sent: as little of the state as the worker lacks. */
import { expect } from 'vitest';
import { deferred } from '../../internal/deferred.ts';
import { structuredAgent } from '../../layers/sessions/index.ts';
import type { LayerContract } from '../layer-world.ts';
import { agents, nextTurnOfLoop, Stage } from './stage.ts';
import type { Hired } from './stage.ts';

/** Keeps the one place of a worker taken, until it is called. */
async function occupy(stage: Stage, { turns }: Hired, agent: string): Promise<() => Promise<void>> {
  const before = turns.length;
  const id = `occupy ${before}`;
  const turn = stage.host.turn({ session: agent, id, agent, input: id });
  while (turns.length === before) await nextTurnOfLoop();
  return async () => {
    gates.get(id)?.resolve();
    await turn;
  };
}

const gates = new Map<string, ReturnType<typeof deferred<void>>>();
const gate = structuredAgent<string>((turn) => {
  const opened = deferred<void>();
  gates.set(turn.input, opened);
  return opened.promise;
});

export function sessionSyncContract(contract: LayerContract): void {
  contract.test('a worker that has the state is sent none of it', async ({ app }) => {
    const stage = new Stage(app);
    const { forms, turns } = stage.hire('w');
    for (const id of ['t1', 't2', 't3']) await stage.turn('s', id, { [id]: 'x'.repeat(500) });
    expect(forms()).toEqual(['current', 'current', 'current']);
    expect(turns.map(({ base }) => base?.version)).toEqual([0, 1, 2]);
    await stage.host.close();
  });

  contract.test('a cold worker is sent one snapshot, however long the session', async ({ app }) => {
    const stage = new Stage(app);
    const first = stage.hire('w1');
    for (const id of ['t1', 't2', 't3']) await stage.turn('s', id, { [id]: id });
    first.worker.close();
    const second = stage.hire('w2');
    await stage.turn('s', 't4');
    await stage.turn('s', 't5');
    expect(second.forms()).toEqual(['snapshot', 'current']);
    expect(await stage.host.session('s').items('log')).toEqual(['t1', 't2', 't3', 't4', 't5']);
    await stage.host.close();
  });

  contract.test('a worker that is one behind is sent the last delta', async ({ app }) => {
    const stage = new Stage(app);
    const first = stage.hire('w1', { capacity: 1, agents: { ...agents, gate1: gate } });
    const second = stage.hire('w2', { capacity: 1, agents: { ...agents, gate2: gate } });
    const pad = 'y'.repeat(3000);
    await stage.turn('s', 't1', { large: { pad, n: 1 }, gone: 1 });
    const freeFirst = await occupy(stage, first, 'gate1');
    await stage.turn('s', 't2', { large: { pad, n: 2 }, gone: null });
    await freeFirst();
    const freeSecond = await occupy(stage, second, 'gate2');
    await stage.turn('s', 't3', { large: { pad, n: 3 } });
    await freeSecond();
    expect(second.forms().slice(0, 1)).toEqual(['snapshot']);
    expect(first.forms()).toEqual(['current', 'current', 'delta']);
    expect(first.turns[2]?.delta?.byteLength).toBeLessThan(400);
    expect(await stage.entries('s')).toMatchObject({ large: { pad, n: 3 } });
    await stage.host.close();
  });

  contract.test('a regeneration sends the way back, not the state', async ({ app }) => {
    const stage = new Stage(app);
    const { forms, turns } = stage.hire('w');
    await stage.turn('s', 't1', { a: 'x'.repeat(2000) });
    await stage.turn('s', 't2', { b: 1 });
    await stage.turn('s', 't3', { c: 1 }, { base: 1 });
    await stage.turn('s', 't4', { d: 1 });
    expect(forms()).toEqual(['current', 'current', 'delta', 'current']);
    expect(turns[2]?.delta?.byteLength).toBeLessThan(200);
    expect(Object.keys(await stage.entries('s'))).toEqual([
      'a',
      'c',
      'd',
      ...[0, 1, 2].map((index) => `log/000000000000000${index}`),
    ]);
    await stage.host.close();
  });

  contract.test('a worker that forgot is sent a snapshot in the same turn', async ({ app }) => {
    const stage = new Stage(app);
    const { worker, forms } = stage.hire('w');
    await stage.turn('s', 't1', { a: 1 });
    worker.cache.delete('s');
    expect(await stage.turn('s', 't2', { b: 1 })).toMatchObject({ version: 2, attempts: 2 });
    expect(forms()).toEqual(['current', 'current', 'snapshot']);
    expect(await stage.entries('s')).toMatchObject({ a: 1, b: 1 });
    await stage.host.close();
  });

  contract.test('a worker that comes back goes on with what it holds', async ({ app }) => {
    const stage = new Stage(app);
    const { worker } = stage.hire('w1');
    await stage.turn('s', 't1', { a: 1 });
    await stage.host.close();
    const restarted = new Stage(app);
    const { forms } = restarted.take(worker);
    await restarted.turn('s', 't2', { b: 1 });
    expect(forms()).toEqual(['current']);
    expect(await restarted.entries('s')).toMatchObject({ a: 1, b: 1 });
    const cold = restarted.hire('w2');
    await restarted.turn('s', 't3');
    expect(cold.turns).toHaveLength(0);
    await restarted.host.close();
  });

  contract.test('what is sent follows the change, not the state', async ({ app, ledger }) => {
    const stage = new Stage(app);
    stage.hire('w');
    const items = Array.from({ length: 500 }, (_, index) => ({ index, text: 'x'.repeat(40) }));
    await stage.turn('s', 't1', { items, note: 'n' });
    const { bytes } = await ledger.scope('$session/s');
    const changed = items.with(250, { index: 250, text: 'changed' });
    await stage.turn('s', 't2', { items: [...changed, { index: 500, text: 'new' }] });
    const [undo] = await ledger.read([{ scope: '$session/s', key: 'undo' }]);
    expect(bytes).toBeGreaterThan(20_000);
    expect(undo?.size).toBeLessThan(600);
    expect((await stage.entries('s'))['items']).toHaveLength(501);
    await stage.host.close();
  });
}
